"""What stays of a diff: every header and every changed line, with a line of context around.

@@ -10,9 +10,10 @@ class Order:
     self.open = False
+    self.changed = True
[4 unchanged lines left out]
     return total

Of lock files only the names and versions of packages stay, of other generated files the first hunk. Lines that no
person wrote are told by their length, and a change that has been shown often by its count. What goes at either end of
a hunk is told by the numbers in its header.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from headroom.transforms.coding import notes

CONTEXT = 1
"""Unchanged lines that stay before and after a change."""
_GAP = 3
"""Fewer lines between two changes are not worth a note."""
_SAME = 3
"""Hunks that make the very same change and stay."""
_LONGEST = 2_000
"""Characters of a changed line that stays."""
_FEW = 20
"""Lines that a hunk of a generated file may have to stay as it is."""
_HUNK = re.compile(r"@@ -\d+(?:,(\d{1,9}))? \+\d+(?:,(\d{1,9}))? @@")
_FILE = re.compile(r"(?:diff --git \S+ |\+\+\+ )\"?(?:b/)?([^\t\n\"]+)")
_LOCK = re.compile(
    r"(?:^|/)(?:(?:package-lock|npm-shrinkwrap|composer|flake|deno|packages)\.lock(?:\.json)?"
    r"|(?:package-lock|npm-shrinkwrap|packages\.lock)\.json|(?:yarn|poetry|uv|pdm|Cargo|Gemfile|Pipfile|mix|pubspec"
    r"|bun|Podfile|Package|composer)\.(?:lock|resolved)|pnpm-lock\.ya?ml)$"
)
_GENERATED = re.compile(
    r"\.(?:min\.(?:js|css|mjs)|map|snap|pb\.go|g\.dart|designer\.cs)$|_pb2(?:_grpc)?\.pyi?$|(?:^|/)go\.sum$"
)
_BESIDES = re.compile(
    r"[+ -]\s*(?:\"?(?:resolved|resolution|integrity|checksum|shasum|hash|sha256|license|funding|url|engines|node|os"
    r"|cpu|libc|dist|dev|optional|peer|bundled|deprecated|reference|size)\"?\s*[:= ]|\{ ?(?:file|url)\b|[^A-Za-z]*$)"
)
"""Lines of lock files that tell neither which packages there are nor their versions nor what they need."""


@dataclass(slots=True)
class _Kept:
    """The lines that stay, and how many of which kind do not."""

    lines: list[str] = field(default_factory=list)
    unchanged: int = 0
    changed: int = 0
    seen: Counter[tuple[str, ...]] = field(default_factory=Counter)
    """How often each change has been shown."""

    def leave_out(self, lines: Sequence[str]) -> str:
        """Count lines that are left out and return how many are added and removed, as git does: `+2 -1`."""
        added, removed = (sum(1 for line in lines if line[:1] == sign) for sign in "+-")
        self.changed += added + removed
        self.unchanged += len(lines) - added - removed
        return f"+{added} -{removed}"


def reduced(lines: Sequence[str]) -> tuple[str, str] | None:
    """Return what stays of a diff, and what does not in a phrase; None if nothing is worth leaving out."""
    kept = _Kept()
    name, hunks_seen, at = "", 0, 0
    while at < len(lines):
        line = lines[at]
        kept.lines.append(line)
        at += 1
        if (file := _FILE.match(line)) is not None:
            name, hunks_seen = file[1], 0
        elif (hunk := _HUNK.match(line)) is not None:
            end = _end(lines, at, hunk)
            _write(kept, lines[at:end], name, is_first=hunks_seen == 0)
            hunks_seen, at = hunks_seen + 1, end
    what = [f"{kept.unchanged} unchanged lines, all but {CONTEXT} around each change"] if kept.unchanged else []
    what += [f"{kept.changed} changed lines, noted in their places"] if kept.changed else []
    return ("\n".join(kept.lines), f"left out: {'; '.join(what)}") if what else None


def _end(lines: Sequence[str], at: int, hunk: re.Match[str]) -> int:
    """Return where the body of a hunk ends: after as many lines as its header says, or where it breaks off."""
    old, new = (int(count or "1") for count in hunk.groups())
    while at < len(lines) and (lines[at][:1] == "\\" or ((old > 0 or new > 0) and lines[at][:1] in {"+", "-", " "})):
        old -= lines[at][:1] in {"-", " "}
        new -= lines[at][:1] in {"+", " "}
        at += 1
    return at


def _write(kept: _Kept, body: Sequence[str], name: str, *, is_first: bool) -> None:
    if _LOCK.search(name):
        _write_packages(kept, body)
    elif _GENERATED.search(name) and not (is_first and len(body) <= _FEW):
        kept.lines.append(notes.bracketed(f"{kept.leave_out(body)} left out: generated"))
    elif _is_shown(kept, body):
        kept.lines.append(notes.bracketed(f"{kept.leave_out(body)} left out: the same change as in hunks above"))
    else:
        _write_changes(kept, body)


def _is_shown(kept: _Kept, body: Sequence[str]) -> bool:
    """Say whether the very same lines have been removed and added often before."""
    change = tuple(line for line in body if line[:1] in {"+", "-"})
    kept.seen[change] += 1
    return bool(change) and kept.seen[change] > _SAME and len(body) > _GAP


def _write_packages(kept: _Kept, body: Sequence[str]) -> None:
    stay = [_tells_of_package(line, below) for line, below in zip(body, [*body[1:], ""], strict=True)]
    besides = [line for line, stays in zip(body, stay, strict=True) if not stays]
    if len(besides) < _GAP:
        kept.lines += body
        return
    count = kept.leave_out(besides)
    kept.lines.append(notes.bracketed(f"packages, versions and what they need only; {count} and unchanged left out"))
    kept.lines += [line for line, stays in zip(body, stay, strict=True) if stays]


def _tells_of_package(line: str, below: str) -> bool:
    """Say whether a line of a lock file stays; an unchanged one does where it names what is changed below it."""
    return _BESIDES.match(line) is None and (line[:1] != " " or below[:1] in {"+", "-"})


def _write_changes(kept: _Kept, body: Sequence[str]) -> None:
    at = 0
    for start, end in _unchanged(body):
        kept.lines += _short(kept, body[at:start])
        at = end
        if start > 0 and end < len(body):
            if end - start < _GAP:
                at = start
                continue
            kept.lines.append(notes.bracketed(f"{end - start} unchanged lines left out"))
        kept.leave_out(body[start:end])
    kept.lines += _short(kept, body[at:])


def _unchanged(body: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the runs of unchanged lines, half open, without those that stay next to a change."""
    changes = [-CONTEXT - 1, *(at for at, line in enumerate(body) if line[:1] != " "), len(body) + CONTEXT]
    for before, after in pairwise(changes):
        start, end = before + 1 + CONTEXT, after - CONTEXT
        if end > start:
            yield start, end


def _short(kept: _Kept, lines: Sequence[str]) -> Iterator[str]:
    """Yield the lines, those that no person wrote as a note."""
    for line in lines:
        if len(line) <= _LONGEST:
            yield line
        else:
            yield notes.bracketed(f"{kept.leave_out([line])}: a line of {len(line) - 1} characters left out")
