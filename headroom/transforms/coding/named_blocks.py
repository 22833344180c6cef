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
from itertools import compress, count, pairwise

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
    again = {line: times for line, times in Counter(lines).items() if times > 1 and may_move(line)}
    counts: Counter[Key] = Counter(pair for pair in pairwise(lines) if pair[0] in again and pair[1] in again)
    counts.update(again)
    return _Finder(lines, counts, [line in again for line in lines]).written()


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


@dataclass(slots=True)
class _Finder:
    """Finds blocks that come again, in one pass: each is compared with the first place that begins like it."""

    lines: Sequence[str]
    counts: Counter[Key]
    """How often each line that comes again, and each pair of such lines, stands in the text."""
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
        done = 0
        for at in list(compress(count(), self.free)):
            key = self._key(at) if at >= done else None
            if key is None:
                continue
            there = self.first.setdefault(key, at)
            length = self._length(at, there, key) if there < at else 0
            if length:
                self._note(at, there, length)
                done = at + length

    def _key(self, at: int) -> Key | None:
        """Return what a block at this place begins with, nothing if that stands here alone."""
        if self.free[at + 1 : at + 2] == [True]:
            pair = (self.lines[at], self.lines[at + 1])
            if self.counts[pair] > 1:
                return pair
        return self.lines[at] if len(self.lines[at]) >= _LONG_LINE else None

    def _length(self, at: int, there: int, key: Key) -> int:
        """Return the length of the block that stands at both places; 0 if to name it does not pay."""
        known = self.blocks.get(there, 0)
        length = self._shared(at, there, known, key)
        if known:
            return known if length == known else 0
        chars = sum(len(line.strip()) or 1 for line in self.lines[at : at + length])
        gain = (chars - _CHARS_OF_NAME) * (self.counts[key] - 1)
        return length if chars >= _LEAST_CHARS and gain > _CHARS_OF_HEADING else 0

    def _shared(self, at: int, there: int, known: int, key: Key) -> int:
        """Return how many lines are the same at both places: all of a known block, or lines that are in none."""
        lines, length = self.lines, 0
        most = min(known or _LONGEST, at - there, len(lines) - at)
        rare = 0 if known else self.counts[key] / _RARER
        while length < most and lines[there + length] == lines[at + length] and self.free[at + length]:
            if not known and not self.free[there + length]:
                break
            if length and self.counts[lines[at + length - 1], lines[at + length]] <= rare:
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
