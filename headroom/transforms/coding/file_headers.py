"""Headers of files as git prints them in diffs, each on one line.

    diff --git a/src/app.py b/src/app.py
    index bdca1b0..e86eb43 100644            ->    === b/src/app.py; index bdca1b0..e86eb43 100644
    --- a/src/app.py
    +++ b/src/app.py

The directories that old and new names begin with are known to both sides. A header of another shape stays.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from headroom.transforms.coding.budget import Budget

MARK = "=== "
_GIT = re.compile(r"diff --git (\S+) (\S+)")
_DETAILS = (
    "old mode ",
    "new mode ",
    "new file mode ",
    "deleted file mode ",
    "similarity index ",
    "dissimilarity index ",
    "rename ",
    "copy ",
    "index ",
)
_RENAME = "; rename from it to it"

Bases = tuple[str, str]
"""What the old and the new names of most files begin with."""


@dataclass(frozen=True, slots=True)
class FileHeader:
    """The header of one file as git prints it: two names, and the details between `diff --git` and `---`."""

    old: str
    new: str
    details: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """The header in full. Where git names two indices, it goes on to show the change."""
        out = [f"diff --git {self.old} {self.new}", *self.details]
        if self.details and self.details[-1].startswith("index "):
            added = any(detail.startswith("new file ") for detail in self.details)
            deleted = any(detail.startswith("deleted file ") for detail in self.details)
            out.append("--- " + ("/dev/null" if added else self.old))
            out.append("+++ " + ("/dev/null" if deleted else self.new))
        return out

    @property
    def lacks_a_side(self) -> bool:
        """Whether the file is new or deleted."""
        return any(detail.startswith(("new file ", "deleted file ")) for detail in self.details)

    def shortened(self, bases: Bases) -> str:
        """Return the header on one line: the new name if the old one follows from it, else both."""
        old, new = bases
        name = self.old[len(old) :]
        regular = name and self.old == old + name and self.new == new + name
        details = "; ".join([MARK + (self.new if regular else f"{self.old} {self.new}"), *self.details])
        return details.replace(self._rename, _RENAME, 1)

    @property
    def _rename(self) -> str:
        """The two details of a rename: the names once more, without the letter in front."""
        old, new = (name.partition("/")[2] for name in (self.old, self.new))
        return f"; rename from {old}; rename to {new}"

    @classmethod
    def of(cls, line: str, bases: Bases) -> FileHeader:
        """Read a shortened header. Raises ValueError if it names neither one file nor two."""
        names, _, details = line.removeprefix(MARK).partition("; ")
        *old, new = names.split(" ")
        if len(old) > 1 or not (old or new.startswith(bases[1])):
            raise ValueError("not a file header")
        named = cls(old[0] if old else bases[0] + new[len(bases[1]) :], new, ())
        parts = f"; {details}".replace(_RENAME, named._rename, 1).split("; ")[1:]
        return cls(named.old, named.new, tuple(parts) if details else ())


def find(lines: Sequence[str]) -> dict[int, FileHeader]:
    """Return the file headers that their short form restores, by the line they begin at."""
    found: dict[int, FileHeader] = {}
    for at in [at for at, line in enumerate(lines) if line[:5] == "diff "]:
        names = _GIT.fullmatch(lines[at])
        if names is None:
            continue
        end = at + 1
        while end < len(lines) and lines[end].startswith(_DETAILS):
            end += 1
        header = FileHeader(names[1], names[2], tuple(lines[at + 1 : end]))
        whole = header.lines
        if lines[at : at + len(whole)] == whole and not any(";" in part or _RENAME[2:] in part for part in whole):
            found[at] = header
    return found


def bases_of(headers: Iterable[FileHeader]) -> Bases:
    """Return the most frequent pair of directories that old and new names differ in."""
    seen = Counter(_base(header) for header in headers)
    return min(seen, key=lambda pair: (-seen[pair], pair)) if seen else ("", "")


def _base(header: FileHeader) -> Bases:
    old, new = header.old.split("/"), header.new.split("/")
    same = 0
    while same < min(len(old), len(new)) and old[-1 - same] == new[-1 - same]:
        same += 1
    name = "/".join(old[len(old) - same :])
    return header.old.removesuffix(name), header.new.removesuffix(name)


def shortened(lines: Sequence[str], headers: Mapping[int, FileHeader], bases: Bases) -> list[str]:
    """Write the headers on one line each. No other line may begin with the mark."""
    out: list[str] = []
    end = 0
    for at, header in headers.items():
        out += lines[end:at]
        out.append(header.shortened(bases))
        end = at + len(header.lines)
    return [*out, *lines[end:]]


def restored(lines: Sequence[str], bases: Bases, budget: Budget) -> list[str]:
    """Undo `shortened`. Raises ValueError if a line with the mark is no header, or at too many characters."""
    out: list[str] = []
    end = 0
    for at in [at for at, line in enumerate(lines) if line[:4] == MARK]:
        out += lines[end:at]
        whole = FileHeader.of(lines[at], bases).lines
        budget.spend(sum(map(len, whole)))
        out += whole
        end = at + 1
    return [*out, *lines[end:]]
