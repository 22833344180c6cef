"""Blocks of lines that stand in a text more than once: written out and named the first time, then only named.

    #1, 3 lines:
    +      "engines": {
    +        "node": ">=12"                 "#1" stands for these lines wherever it stands
    +      }
     ...
    #1

No block holds another one or the name of one, so a reader looks up one place and is done.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from headroom.transforms.coding.budget import Budget

_NAME = re.compile(r"#([1-9]\d{0,5})(?:, ([1-9]\d{0,5}) lines?:)?")
_SIGN = "#"
_CHARS_OF_NAME = 12
"""About what a name costs, in characters of other text."""
_CHARS_OF_HEADING = 28
_LEAST_CHARS = 40
"""A block of fewer characters, indentation aside, is read faster than looked up."""
_LONG_LINE = 60
"""A single line of fewer characters is no block: to look it up takes more than to read it."""
_LONGEST = 400
"""Lines of the longest block."""
_RARER = 2
"""A block ends where its lines go on in the same way so many times less often."""

Key = str | tuple[str, str]
"""What a block begins with: a long line, or two lines."""


def encode(lines: Sequence[str], may_move: Callable[[str], bool]) -> list[str]:
    """Return the lines with blocks that come again named; the lines themselves if there are none.

    Lines that `may_move` denies are in no block. A text with a line that looks like a name stays as it is.
    """
    if any(line[:1] == _SIGN and _NAME.fullmatch(line) for line in lines):
        return list(lines)
    return _Finder(lines, [may_move(line) for line in lines]).written()


def decode(lines: Sequence[str], budget: Budget) -> list[str]:
    """Undo `encode`. Raises ValueError at a name of nothing, a block that is cut off, or too many characters."""
    out: list[str] = []
    blocks: dict[str, Sequence[str]] = {}
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        found = _NAME.fullmatch(line) if line[:1] == _SIGN else None
        if found is None:
            out.append(line)
        elif found[2]:
            blocks[found[1]] = _block(lines, at, int(found[2]))
        else:
            block = blocks.get(found[1])
            if block is None:
                raise ValueError("a name of nothing")
            budget.spend(sum(map(len, block)) + len(block))
            out += block
    return out


def _block(lines: Sequence[str], start: int, length: int) -> Sequence[str]:
    if start + length > len(lines):
        raise ValueError("a block that is cut off")
    return lines[start : start + length]


def _counted(lines: Sequence[str]) -> Counter[Key]:
    """Count lines, and pairs of lines neither of which stands alone."""
    counts: Counter[Key] = Counter(lines)
    counts.update([pair for pair in pairwise(lines) if counts[pair[0]] > 1 and counts[pair[1]] > 1])
    return counts


@dataclass(slots=True)
class _Finder:
    """Finds blocks that come again, in one pass: each is compared with the first place that begins like it."""

    lines: Sequence[str]
    free: list[bool]
    """Which lines may still become part of a block."""
    first: dict[Key, int] = field(default_factory=dict)
    blocks: dict[int, int] = field(default_factory=dict)
    """The length of each block by the place where it is written out."""
    again: dict[int, int] = field(default_factory=dict)
    """Where a block comes again: the place where it is written out."""

    def written(self) -> list[str]:
        """Return the lines with what was found."""
        self._find()
        if not self.again:
            return list(self.lines)
        names = {start: number for number, start in enumerate(sorted(self.blocks), 1)}
        return list(self._said(names))

    def _find(self) -> None:
        counts = _counted(self.lines)
        at = 0
        while at < len(self.lines):
            key = self._key(at, counts) if self.free[at] else None
            if key is None:
                at += 1
                continue
            there = self.first.setdefault(key, at)
            length = self._length(at, there, counts, key) if there < at else 0
            if length:
                self._note(at, there, length)
            at += length or 1

    def _key(self, at: int, counts: Counter[Key]) -> Key | None:
        """Return what a block at this place begins with, nothing if that stands here alone."""
        pair = tuple(self.lines[at : at + 2])
        if len(pair) == 2 and counts[pair] > 1 and self.free[at + 1]:
            return pair
        line = self.lines[at]
        return line if len(line) >= _LONG_LINE and counts[line] > 1 else None

    def _length(self, at: int, there: int, counts: Counter[Key], key: Key) -> int:
        """Return the length of the block that stands at both places; 0 if to name it does not pay."""
        known = self.blocks.get(there, 0)
        length = self._shared(at, there, known, counts, key)
        if known:
            return known if length == known else 0
        chars = sum(len(line.strip()) or 1 for line in self.lines[at : at + length])
        gain = (chars - _CHARS_OF_NAME) * (counts[key] - 1)
        return length if chars >= _LEAST_CHARS and gain > _CHARS_OF_HEADING else 0

    def _shared(self, at: int, there: int, known: int, counts: Counter[Key], key: Key) -> int:
        """Return how many lines are the same at both places: all of a known block, or lines that are in none."""
        lines, length = self.lines, 0
        most = min(known or _LONGEST, at - there, len(lines) - at)
        rare = 0 if known else counts[key] / _RARER
        while length < most and lines[there + length] == lines[at + length] and self.free[at + length]:
            if not known and not self.free[there + length]:
                break
            if length and counts[lines[at + length - 1], lines[at + length]] <= rare:
                break
            length += 1
        return length

    def _note(self, at: int, there: int, length: int) -> None:
        self.blocks[there] = length
        self.again[at] = there
        for start in (at, there):
            self.free[start : start + length] = [False] * length

    def _said(self, names: dict[int, int]) -> Iterator[str]:
        at = 0
        while at < len(self.lines):
            there = self.again.get(at)
            if there is not None:
                yield f"{_SIGN}{names[there]}"
                at += self.blocks[there]
                continue
            if at in self.blocks:
                length = self.blocks[at]
                yield f"{_SIGN}{names[at]}, {length} line{'s' if length > 1 else ''}:"
            yield self.lines[at]
            at += 1
