"""Like lines set one below the other: what they share, and the places where their words differ."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

TIME = "\x01"
"""Stands for the time of day of a line."""
PAD = "\x02"
"""Stands for a blank of a gap between columns."""
_GAP = re.compile(r" {2,}")
_WORDS = re.compile(r"(\W+)")
_PARTING = re.compile(r"[\"'=()\[\]{}<>\x01]")
_STATIC_RUN = 8
"""Characters that words must have in common to part two places of one word group."""


@dataclass(slots=True)
class Template:
    r"""A line with places: `fixed[0] place fixed[1] place ... fixed[-1]`.

    `first` are the values of the first line; a place whose first value is blank is a gap that ends at the column
    where it ends there. `\x01` in a fixed piece stands for the time.
    """

    fixed: list[str]
    first: list[str]
    is_timed: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_timed = any(TIME in piece for piece in self.fixed)

    @property
    def has_gaps(self) -> bool:
        """Whether a gap between columns is of varying width."""
        return any(map(str.isspace, self.first))

    @property
    def places(self) -> list[str]:
        """The first line's values that later lines give, gaps left out."""
        return [value for value in self.first if not value.isspace()]

    def marked(self, brackets: str) -> str:
        """Return the first line with its places in brackets, the time still as placeholder."""
        pairs = zip(self.fixed, self.first, strict=False)
        parts = [f"{fixed}{brackets[0]}{value}{brackets[1]}" for fixed, value in pairs]
        return "".join(parts) + self.fixed[-1]

    def filler(self, stamp: str) -> Callable[[Sequence[str], str], str]:
        """Return a function from the values of a line and its time to the line. `stamp` is the first line's time."""
        if not self.has_gaps:
            form = "%s".join(piece.replace("%", "%%") for piece in self.fixed)
            if not self.is_timed:
                return lambda values, _: form % tuple(values)
            return lambda values, time: (form % tuple(values)).replace(TIME, time, 1)
        ends = self._gap_ends(stamp)
        return lambda values, time: self._laid_out(iter(values), time, ends)

    def _gap_ends(self, stamp: str) -> list[int]:
        ends, at = [], 0
        for fixed, value in zip(self.fixed, self.first, strict=False):
            at += len(fixed.replace(TIME, stamp)) + len(value)
            ends.append(at)
        return ends

    def _laid_out(self, values: Iterator[str], time: str, ends: Sequence[int]) -> str:
        line = ""
        for fixed, first, end in zip(self.fixed, self.first, ends, strict=False):
            line += fixed.replace(TIME, time)
            line = line.ljust(end) if first.isspace() else line + next(values)
        return line + self.fixed[-1].replace(TIME, time)


def words(lines: Sequence[str]) -> list[list[str]]:
    """Split lines of one layout at single blanks; a wider gap is one word of placeholders, two fewer than blanks."""
    if "  " in lines[0].lstrip(" "):
        lines = [_GAP.sub(_padded, line) for line in lines]
    return [line.split(" ") for line in lines]


def _padded(gap: re.Match[str]) -> str:
    blanks = gap.group()
    return " " + PAD * (len(blanks) - 2) + " " if gap.start() else blanks


def aligned(rows: Sequence[Sequence[str]]) -> tuple[Template | None, list[Sequence[str]]]:
    """Return the template of rows of equally many words and the values of each row; none if a time is in a place."""
    fixed, first, columns = [""], [], []
    for at, column in enumerate(zip(*rows, strict=True)):
        glue = " " if at else ""
        head = column[0]
        if column.count(head) == len(column):
            fixed[-1] += glue + _blanks(head)
        elif not head.strip(PAD):
            # of the two blanks around its placeholders one belongs to the gap, one to the next word
            first.append(" " * (len(head) + 1))
            fixed.append("")
        else:
            pieces, parts = _places(column)
            if any(TIME in value for part in parts for value in part):
                return None, []
            fixed[-1] += glue + pieces[0]
            fixed.extend(pieces[1:])
            first.extend(part[0] for part in parts)
            columns.extend(parts)
    return Template(fixed, first), list(zip(*columns, strict=True)) if columns else [()] * len(rows)


def _blanks(word: str) -> str:
    return word.replace(PAD, " ")


def _places(column: Sequence[str]) -> tuple[list[str], list[Sequence[str]]]:
    """Split one column of words into what is common and the places where its words differ."""
    if "".join(column).isalnum():
        return ["", ""], [column]
    parts = [_WORDS.split(word) for word in column]
    if len(set(map(len, parts))) > 1:
        return _trimmed(column)
    cells = list(zip(*parts, strict=True))
    groups = _groups(cells)
    values: list[Sequence[str]] = [["".join(part[a:b]) for part in parts] for a, b in groups]
    if not all(map(all, values)):
        return ["", ""], [column]
    borders = [0, *(border for group in groups for border in group), len(cells)]
    pieces = ["".join(parts[0][a:b]) for a, b in zip(borders[::2], borders[1::2], strict=True)]
    return pieces, values


def _groups(cells: Sequence[Sequence[str]]) -> list[tuple[int, int]]:
    """Return the stretches of cells that differ; cells are words and what stands between them by turns.

    Stretches with little between them are one, unless a bracket, quote or equals sign parts them; a dotted number
    is never cut.
    """
    fixed = [cell[0] if cell.count(cell[0]) == len(cell) else None for cell in cells]
    groups: list[tuple[int, int]] = []
    for at, cell in enumerate(fixed):
        if cell is not None:
            continue
        start, end = _whole_number(fixed, at)
        between = fixed[groups[-1][1] : start] if groups else []
        if groups and (start < groups[-1][1] or _is_close("".join(map(str, between)))):
            groups[-1] = (groups[-1][0], end)
        else:
            groups.append((start, end))
    return groups


def _is_close(between: str) -> bool:
    return len(between) < _STATIC_RUN and not _PARTING.search(between)


def _whole_number(fixed: Sequence[str | None], at: int) -> tuple[int, int]:
    """Return the stretch around a differing cell that takes in the fixed parts of a dotted number."""
    start, end = at, at + 1
    while start > 1 and fixed[start - 1] == "." and (fixed[start - 2] or "").isdigit():
        start -= 2
    while end < len(fixed) - 1 and fixed[end] == "." and (fixed[end + 1] or "").isdigit():
        end += 2
    return start, end


def _trimmed(column: Sequence[str]) -> tuple[list[str], list[Sequence[str]]]:
    """Split off the common beginning and end, at word borders; something is left of every word."""
    spare = min(map(len, column)) - 1
    start = _shared(column, spare)
    end = _shared([word[::-1] for word in column], spare - start)
    whole = column[0]
    return [whole[:start], whole[len(whole) - end :]], [[word[start : len(word) - end] for word in column]]


def _shared(column: Sequence[str], most: int) -> int:
    """Return the length of the common beginning of words, at most `most`, up to the end of its last whole word."""
    low, high = min(column), max(column)
    shared = next((at for at in range(most) if low[at] != high[at]), most)
    while shared and _is_word(low[shared - 1]):
        shared -= 1
    return shared


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"
