"""Like lines set one below the other: what they share, and the places where their words differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import NamedTuple

from headroom.transforms.coding.prefix import shared

TIME = "\x01"
"""Stands for the time of day of a line."""
PAD = "\x02"
"""Stands for a blank of a gap between columns."""
_GAP = re.compile(r"  +")
_PARTS = re.compile(r"([^\w\n]+|\n)")
"""What stands between words, and between lines."""
_PARTING = re.compile(r"[\"'=()\[\]{}<>\x01]")
_STATIC_RUN = 8
"""Characters that words must have in common to part two places of one word group."""

Column = Sequence[str]
"""What stands at one place, line by line."""


@dataclass(frozen=True, slots=True)
class Template:
    r"""A line with places: `fixed[0] place fixed[1] place ... fixed[-1]`.

    `first` are the values of the first line; a place whose first value is blank is a gap that ends at the column
    where it ends there. `\x01` in a fixed piece stands for the time.
    """

    fixed: list[str]
    first: list[str]

    @property
    def has_gaps(self) -> bool:
        """Whether a gap between columns is of varying width."""
        return any(map(str.isspace, self.first))

    @property
    def places(self) -> list[str]:
        """The first line's values that later lines give, gaps left out."""
        return [value for value in self.first if not value.isspace()]

    def marked(self, brackets: str, stamp: str) -> str:
        """Return the first line, whose time is `stamp`, with its places in brackets."""
        pairs = zip(self.fixed, self.first, strict=False)
        parts = [f"{fixed}{brackets[0]}{value}{brackets[1]}" for fixed, value in pairs]
        return ("".join(parts) + self.fixed[-1]).replace(TIME, stamp, 1)

    def filled(self, columns: Sequence[Column], times: Column, stamp: str, count: int) -> list[str]:
        """Return `count` lines from the values of each place and from their times, if the template has one.

        `stamp` is the time of the first line.
        """
        if self.has_gaps:
            return self._laid_out(columns, times, stamp, count)
        timed = next((at for at, piece in enumerate(self.fixed) if TIME in piece), None)
        if timed is not None:
            columns = [*columns[:timed], times, *columns[timed:]]
        form = "%s".join(piece.replace("%", "%%").replace(TIME, "%s") for piece in self.fixed)
        if not columns:
            return [form % ()] * count
        return list(map(form.__mod__, zip(*columns, strict=True)))

    def _laid_out(self, columns: Sequence[Column], times: Column, stamp: str, count: int) -> list[str]:
        """Fill a template that has gaps: each ends where it ends in the first line, or is a blank at least."""
        ends, at = [], 0
        for fixed, value in zip(self.fixed, self.first, strict=False):
            at += len(fixed.replace(TIME, stamp)) + len(value)
            ends.append(at)
        rows: Iterator[Sequence[str]] = zip(*columns, strict=True) if columns else repeat((), count)
        all_times = times or repeat("", count)
        return [self._line(iter(row), time, ends) for row, time in zip(rows, all_times, strict=True)]

    def _line(self, values: Iterator[str], time: str, ends: Sequence[int]) -> str:
        line = ""
        for fixed, first, end in zip(self.fixed, self.first, ends, strict=False):
            line += fixed.replace(TIME, time)
            line = line.ljust(end) if first.isspace() else line + next(values)
        return line + self.fixed[-1].replace(TIME, time)


class Rows(NamedTuple):
    """Lines cut into words: what all begin with, which of them have as many words as the first, and these words."""

    front: str
    fitting: Sequence[int]
    columns: list[Column]


def rows_of(lines: Sequence[str]) -> Rows:
    """Split lines at single blanks; a wider gap is one word of placeholders, two fewer than blanks.

    What all lines begin with is left alone, up to the last letter of a word, so that no gap is cut.
    """
    front = lines[0][: _front(lines)]
    rest = [line[len(front) :] for line in lines] if front else lines
    text = "\n".join(rest)
    if "  " in rest[0].lstrip(" "):
        text = _GAP.sub(_padded, text)
        rest = text.split("\n")
    blanks = list(map(str.count, rest, repeat(" ")))
    width = blanks[0] + 1
    fitting: Sequence[int] = range(len(lines))
    if blanks.count(width - 1) < len(lines):
        fitting = [at for at in fitting if blanks[at] == width - 1]
        text = "\n".join([rest[at] for at in fitting])
    words = text.replace("\n", " ").split(" ")
    return Rows(front, fitting, [words[at::width] for at in range(width)])


def _front(lines: Sequence[str]) -> int:
    """Return how many characters of a common front need no second look."""
    low, high = min(lines), max(lines)
    return max(0, len(low[: low.rfind(" ", 0, shared(low, high)) + 1].rstrip(" ")) - 1)


def _padded(gap: re.Match[str]) -> str:
    """Return the placeholders of a gap; an indent stays as it is."""
    start, end = gap.span()
    return " " * (end - start) if start == 0 or gap.string[start - 1] == "\n" else f" {PAD * (end - start - 2)} "


def aligned(rows: Rows) -> tuple[Template, list[Column]] | None:
    """Return the template of lines cut into words and the values of its places.

    None if a time or nothing at all is in a place.
    """
    fixed: list[list[str]] = [[rows.front]]
    first, places = [], []
    for at, column in enumerate(rows.columns):
        glue = " " if at else ""
        head = column[0]
        if column.count(head) == len(column):
            fixed[-1].append(glue + head.replace(PAD, " "))
        elif not head.strip(PAD):
            # of the two blanks around its placeholders one belongs to the gap, one to the next word
            first.append(" " * (len(head) + 1))
            fixed.append([])
        elif not all(column):
            return None
        else:
            pieces, parts = _places(column)
            if any(TIME in "".join(part) for part in parts):
                return None
            fixed[-1].append(glue + pieces[0])
            fixed.extend([piece] for piece in pieces[1:])
            first.extend(part[0] for part in parts)
            places.extend(parts)
    return Template(["".join(parts) for parts in fixed], first), places


def _places(column: Column) -> tuple[list[str], list[Column]]:
    """Split one column of words into what is common and the places where its words differ."""
    if "".join(column).isalnum():
        return ["", ""], [column]
    spare = min(map(len, column)) - 1
    front = _edge(min(column), max(column), spare)
    turned = [word[::-1] for word in column]
    back = _edge(min(turned), max(turned), spare - front)
    whole = column[0]
    pieces, values = _inner_places([word[front : len(word) - back] for word in column] if front or back else column)
    pieces[0] = whole[:front] + pieces[0]
    pieces[-1] += whole[len(whole) - back :]
    return pieces, values


def _edge(low: str, high: str, most: int) -> int:
    """Return the length of what words begin with, at most `most`, that cuts neither a word nor a dotted number.

    Where one word is all that others begin with, its last run of letters or of signs is not cut either.
    """
    edge = min(shared(low, high), most + 1)
    by_letters = edge <= most or _is_word(low[most])
    while edge and (edge > most or _is_word(low[edge - 1]) is by_letters):
        edge -= 1
    while edge and low[edge - 1] == ".":
        digits = low.rfind(".", 0, edge - 1) + 1
        if not low[digits : edge - 1].isdigit():
            break
        edge = digits
    return edge


def _inner_places(column: Column) -> tuple[list[str], list[Column]]:
    """Split words that have neither beginning nor end in common, if there is enough between the places."""
    text = "\n".join(column)
    if min(map(len, column)) < _STATIC_RUN + 2 and not _PARTING.search(text):
        return ["", ""], [column]
    parts = _PARTS.split(text)
    size = parts.index("\n")
    if len(parts) != len(column) * (size + 1) - 1 or parts[size :: size + 1].count("\n") != len(column) - 1:
        return ["", ""], [column]
    cells: list[Column] = [parts[at :: size + 1] for at in range(size)]
    groups = _groups(cells)
    values = [cells[a] if b == a + 1 else list(map("".join, zip(*cells[a:b], strict=True))) for a, b in groups]
    if not all(map(all, values)):
        return ["", ""], [column]
    borders = [0, *(border for group in groups for border in group), size]
    pieces = ["".join(parts[a:b]) for a, b in zip(borders[::2], borders[1::2], strict=True)]
    return pieces, values


def _groups(cells: Sequence[Column]) -> list[tuple[int, int]]:
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


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"
