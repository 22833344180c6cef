"""Drawings of trees (tree, cargo tree, npm ls): one blank a level instead of the drawn branches.

    src                 src
    ├── api              api
    │   └── views.py  ->  views.py
    └── cli.py           cli.py

Branches follow from the levels alone: a level goes on as long as a later line stands on it before a line of a
lower level. Where the drawing was cut off, the last line tells which levels would have gone on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

VERBATIM = "|"


@dataclass(frozen=True, slots=True)
class Style:
    """How branches are drawn: of a level that goes on or has ended, and at a line with or without lines below it."""

    name: str
    on: str
    ended: str
    middle: str
    last: str
    middle_open: str
    last_open: str

    def read(self, line: str) -> tuple[int, str]:
        """Return the level of a line (0 if nothing is drawn) and its text."""
        level, at = 1, 0
        while line.startswith((self.on, self.ended), at):
            level, at = level + 1, at + len(self.on)
        ends = (self.middle, self.last, self.middle_open, self.last_open)
        return (level, line[at + len(self.middle) :]) if line.startswith(ends, at) else (0, line)


STYLES = (
    Style("lines", "│   ", "    ", "├── ", "└── ", "├── ", "└── "),
    Style("lines and hard blanks", "│\xa0\xa0 ", "    ", "├── ", "└── ", "├── ", "└── "),
    Style("short lines", "│ ", "  ", "├── ", "└── ", "├─┬ ", "└─┬ "),
    Style("dashes", "|   ", "    ", "|-- ", "`-- ", "|-- ", "`-- "),
    Style("pluses", "|  ", "   ", "+- ", "\\- ", "+- ", "\\- "),
)
_BY_NAME = {style.name: style for style in STYLES}
_FEW = 4


@dataclass(frozen=True, slots=True)
class Undrawn:
    """The style of a drawing, the levels that go on below its last line, and its lines by indentation."""

    style: str
    cut: tuple[int, ...]
    lines: list[str]


def undraw(lines: Sequence[str]) -> Undrawn | None:
    """Write a drawing by indentation; None if it is none, or not drawn as its levels say."""
    text = "\n".join(lines)
    for style in STYLES:
        if style.middle not in text:
            continue
        read = [style.read(line) for line in lines]
        if sum(level > 0 for level, _ in read) < _FEW:
            continue
        cut = _cut(style, lines, read)
        if list(_drawn(style, read, cut)) == list(lines):
            return Undrawn(style.name, cut, [_indented(level, text) for level, text in read])
    return None


def draw(undrawn: Undrawn) -> Iterator[str]:
    """Draw the branches again. Raises ValueError if the style is unknown."""
    style = _BY_NAME.get(undrawn.style)
    if style is None:
        raise ValueError("no such style")
    read = []
    for line in undrawn.lines:
        text = line.lstrip(" ")
        level = len(line) - len(text)
        read.append((level, text.removeprefix(VERBATIM)))
    return _drawn(style, read, undrawn.cut)


def _indented(level: int, text: str) -> str:
    return " " * level + (VERBATIM + text if text.startswith((" ", VERBATIM)) else text)


def _cut(style: Style, lines: Sequence[str], read: Sequence[tuple[int, str]]) -> tuple[int, ...]:
    """Return the levels that the last drawn line shows to go on although no line follows on them."""
    at = max(at for at, (level, _) in enumerate(read) if level)
    level, line, width = read[at][0], lines[at], len(style.on)
    going = [n for n in range(1, level) if line.startswith(style.on, (n - 1) * width)]
    if line.startswith((style.middle, style.middle_open), (level - 1) * width):
        going.append(level)
    return tuple(going)


def _drawn(style: Style, read: Sequence[tuple[int, str]], cut: Sequence[int]) -> Iterator[str]:
    """Draw lines from their levels, last line first: then it is known which levels go on."""
    going, out = set(cut), []
    opens = [below > level for (level, _), (below, _) in pairwise([*read, (0, "")])]
    ended = False
    for (level, text), is_open in zip(reversed(read), reversed(opens), strict=True):
        if level == 0:
            going = set() if ended else going
            out.append(text)
            continue
        ended = True
        branches = "".join(style.on if n in going else style.ended for n in range(1, level))
        last, middle = (style.last_open, style.middle_open) if is_open else (style.last, style.middle)
        out.append(branches + (middle if level in going else last) + text)
        going = {n for n in going if n < level} | {level}
    return reversed(out)
