r"""Diffs (git, unified, combined): a file header is one line, the sign of a long run stands at its ends.

    [diff: 2 files, a/src/ to b/src/; "=== name; details" is diff --git, its details, --- and +++; \
    lines from <+ to +> are added, from <- to -> removed; a hunk under " has the heading of the hunk before]
    === b/src/app.py; index bdca1b0..e86eb43 100644
    @@ -3,4 +3,20 @@ import os
     import sys
    <+
    def main() -> None:
        ...
    +>
    @@ -50,2 +66,2 @@ "

All else stays as it is, also a file header of another shape; a line that looks like one of ours is led by `|`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from headroom.blocks import Fidelity, Lossless, Tier
from headroom.transforms.base import Compressor, Context, Hint
from headroom.transforms.view import View

_HUNK = re.compile(r"(@@@? -\d[-+,\d ]* @@@?)(.*)")
_OF_DIFF = ("diff ", "index ", "+", "-", " ", "@@", "\\ ", "Only in ", "Binary files ", "Index: ", "======")
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
_RUNS = {"+": ("<+", "+>"), "-": ("<-", "->")}
_OPENS = {opens: (sign, closes) for sign, (opens, closes) in _RUNS.items()}
_RENAME = "; rename from it to it"
_LONG_RUN = 6
_LONG_LINE = 120
"""A line of more characters gains next to nothing by losing its sign, and is easier to place with it."""
_FEW_FILES = 3
"""Fewer headers than this do not pay for their explanation."""
_SAME_HEADING = ' "'
_FILES_NOTE = '"=== name; details" is diff --git, its details, --- and +++'
_RUNS_NOTE = "lines from <+ to +> are added, from <- to -> removed"
_HEADINGS_NOTE = 'a hunk under " has the heading of the hunk before'
_NOTE = re.compile(
    rf"\[diff: (?=[^\]])(?:(\d+) files, (\S*) to (\S*); {re.escape(_FILES_NOTE)})?"
    rf"(?:; )?({re.escape(_RUNS_NOTE)})?(?:; )?({re.escape(_HEADINGS_NOTE)})?\]"
)
_OURS = ("=== ", "|")

Bases = tuple[str, str]
"""What the old and the new names of most files begin with."""


class DiffCompressor(Compressor):
    """Says what repeats in a diff once: names in file headers, headings of hunks, signs of long runs."""

    name: ClassVar[str] = "diff_compressor"

    def evidence(self, view: View, hint: Hint) -> float:  # noqa: ARG002 - a hint is no proof
        """Return the share of sampled lines that a diff can consist of, if there is a hunk or a file header."""
        if not any(_HUNK.match(line) or _GIT.match(line) for line in view.lines if line[:2] in ("@@", "di")):
            return 0.0
        return sum(1 for line in view.sample if line.startswith(_OF_DIFF)) / len(view.sample)

    def candidates(self, view: View, context: Context) -> Iterable[Lossless]:
        """Yield the diff with short headers, and with the signs of long runs at their ends as well."""
        headers = dict(_headers(view.lines))
        if len(headers) < _FEW_FILES:
            headers = {}
        bases = _bases(headers.values())
        for marked, encoding, tier in ((False, "diff.headers", Tier.PLAIN), (True, "diff.runs", Tier.LEGEND)):
            context.check()
            body = list(_write(view.lines, headers, bases, marked=marked))
            note = _note(len(headers), bases, body)
            if note:
                yield Lossless("\n".join([note, *body]), Fidelity.BYTES, encoding, tier)

    def decode(self, text: str) -> str:
        """Restore file headers, headings and signs."""
        note, *body = text.split("\n")
        found = _NOTE.fullmatch(note)
        if found is None:
            raise ValueError("not a shortened diff")
        return "\n".join(_read(body, (found[2] or "", found[3] or ""), marked=bool(found[4])))


@dataclass(frozen=True, slots=True)
class _Header:
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

    def shortened(self, bases: Bases) -> str:
        """Return the header on one line: the new name if the old one follows from it, else both."""
        old, new = bases
        name = self.old[len(old) :]
        regular = name and self.old == old + name and self.new == new + name
        details = "; ".join([f"=== {self.new if regular else f'{self.old} {self.new}'}", *self.details])
        return details.replace(self._rename, _RENAME)

    @property
    def _rename(self) -> str:
        """The two details of a rename: the names once more, without the letter in front."""
        old, new = (name.partition("/")[2] for name in (self.old, self.new))
        return f"; rename from {old}; rename to {new}"

    @classmethod
    def of(cls, line: str, bases: Bases) -> _Header:
        """Read a shortened header. Raises ValueError if it names neither one file nor two."""
        names, _, details = line.removeprefix("=== ").partition("; ")
        *old, new = names.split(" ")
        if len(old) > 1 or not (old or new.startswith(bases[1])):
            raise ValueError("not a file header")
        named = cls(old[0] if old else bases[0] + new[len(bases[1]) :], new, ())
        parts = f"; {details}".replace(_RENAME, named._rename).split("; ")[1:]
        return cls(named.old, named.new, tuple(parts) if details else ())


def _headers(lines: list[str]) -> Iterator[tuple[int, _Header]]:
    """Find the file headers that their short form restores, by the line they begin at."""
    for at, line in enumerate(lines):
        found = _GIT.fullmatch(line) if line.startswith("diff --git ") else None
        if found is None:
            continue
        end = at + 1
        while end < len(lines) and lines[end].startswith(_DETAILS):
            end += 1
        header = _Header(found[1], found[2], tuple(lines[at + 1 : end]))
        whole = header.lines
        if lines[at : at + len(whole)] == whole and not any(";" in part or _RENAME[2:] in part for part in whole):
            yield at, header


def _bases(headers: Iterable[_Header]) -> Bases:
    """Return the most frequent pair of directories that old and new names differ in."""
    seen = Counter(_base(header) for header in headers)
    return min(seen, key=lambda pair: (-seen[pair], pair)) if seen else ("", "")


def _base(header: _Header) -> Bases:
    old, new = header.old.split("/"), header.new.split("/")
    same = 0
    while same < min(len(old), len(new)) and old[-1 - same] == new[-1 - same]:
        same += 1
    name = "/".join(old[len(old) - same :])
    return header.old.removesuffix(name), header.new.removesuffix(name)


def _note(files: int, bases: Bases, body: list[str]) -> str:
    """Return the note that explains what the body makes use of; nothing if that is nothing."""
    parts = [f"{files} files, {bases[0]} to {bases[1]}", _FILES_NOTE] if files else []
    if any(line in _OPENS for line in body):
        parts.append(_RUNS_NOTE)
    if any(line.startswith("@@") and line.endswith(_SAME_HEADING) for line in body):
        parts.append(_HEADINGS_NOTE)
    return f"[diff: {'; '.join(parts)}]" if parts else ""


def _write(lines: list[str], headers: dict[int, _Header], bases: Bases, *, marked: bool) -> Iterator[str]:
    at, heading = 0, ""
    while at < len(lines):
        header = headers.get(at)
        end = at + 1 if header is None else at + len(header.lines)
        run_ends = _run(lines, at) if marked and header is None else at
        if header is not None:
            heading = ""
            yield header.shortened(bases)
        elif run_ends - at >= _LONG_RUN:
            end = run_ends
            opens, closes = _RUNS[lines[at][0]]
            yield from (opens, *(line[1:] for line in lines[at:end]), closes)
        else:
            shown, heading = _hunk(lines[at], heading)
            yield shown
        at = end


def _run(lines: list[str], at: int) -> int:
    """Return where the run of one sign that begins at `at` ends; `at` itself if there is none."""
    sign = lines[at][:1]
    if sign not in _RUNS:
        return at
    closing = sign + _RUNS[sign][1]
    end = at
    while end < len(lines) and _may_lose_sign(lines[end], sign) and lines[end] != closing:
        end += 1
    return end


def _may_lose_sign(line: str, sign: str) -> bool:
    return line.startswith(sign) and len(line) <= _LONG_LINE and not line.startswith(("--- ", "+++ "))


def _hunk(line: str, heading: str) -> tuple[str, str]:
    """Return the line as it is shown below a hunk with this heading, and the heading from here on."""
    found = _HUNK.fullmatch(line) if line.startswith("@@") else None
    if found is None:
        return ("|" + line if line in _OPENS or line.startswith(_OURS) else line), heading
    if found[2] == _SAME_HEADING:
        return "|" + line, found[2]
    repeated = found[2] and found[2] == heading
    return (found[1] + _SAME_HEADING if repeated else line), found[2]


def _read(body: list[str], bases: Bases, *, marked: bool) -> Iterator[str]:
    lines, heading = iter(body), ""
    for line in lines:
        if line.startswith("=== "):
            heading = ""
            yield from _Header.of(line, bases).lines
        elif marked and line in _OPENS:
            yield from _read_run(lines, *_OPENS[line])
        elif line.startswith(("@@", "|")):
            found = _HUNK.fullmatch(line)
            whole = found[1] + heading if found and found[2] == _SAME_HEADING else line.removeprefix("|")
            hunk = _HUNK.fullmatch(whole)
            heading = hunk[2] if hunk else heading
            yield whole
        else:
            yield line


def _read_run(lines: Iterator[str], sign: str, closes: str) -> Iterator[str]:
    for line in lines:
        if line == closes:
            return
        yield sign + line
    raise ValueError("a run without an end")
