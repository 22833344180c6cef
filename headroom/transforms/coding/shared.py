"""What the cells of columns share: all of it, a beginning or an end in all rows, or over a run of rows.

A cell is split only after a whole directory, after a whole part of a date, or before a word at its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from operator import ne

from headroom.transforms.coding.front import common_root
from headroom.transforms.coding.prefix import shared
from headroom.transforms.coding.probing import probe

STAR = "*"
"""Stands for what varies."""
_KNOWN = 8192
"""Different cells of a column that are remembered at most, about."""
_AT_A_TIME = 1024
_ROWS_BELOW = 2
"""A heading stands above so many rows on average, or nobody would want to read it."""
# What cells end with: from a separator on, so that no word is cut, and with a word or times of day in it.
_END = re.compile(r"[/,;@+ -][^/,;@+ -]*[A-Za-z].*|:\d\d(?::\d\d)?Z?$", re.DOTALL)
_DATE = re.compile(r"(\d{4}[-/]\d\d[-/])\d\d(?:[ T]|$)")
_DAY = re.compile(r"(\d{4}[-/]\d\d[-/]\d\d[ T])\d\d:")


class OnceEach:
    """Cells of a column, of which equal ones are one object: a cell takes several times as much memory as its text."""

    __slots__ = ("_known", "cells")

    def __init__(self) -> None:
        self.cells: list[str] = []
        self._known: dict[str, str] = {}

    def extend(self, cells: Sequence[str]) -> None:
        """Add some cells."""
        if len(self._known) > _KNOWN:
            self._known.clear()
        self.cells += map(self._known.setdefault, cells, cells)


@dataclass(frozen=True, slots=True)
class Fixed:
    """What all cells of a column begin and end with; the beginning is the whole cell if nothing varies."""

    begin: str
    end: str
    varies: bool

    @property
    def template(self) -> str:
        """What stands for the column in the template."""
        return f"{self.begin}{STAR}{self.end}" if self.varies else self.begin

    def rest(self, column: list[str]) -> list[str]:
        """Return what of each cell varies."""
        begin, end = len(self.begin), len(self.end)
        if not (begin or end):
            return column
        rest = OnceEach()
        for start in range(0, len(column), _AT_A_TIME):
            rest.extend([cell[begin : len(cell) - end] for cell in column[start : start + _AT_A_TIME]])
        return rest.cells


@dataclass(frozen=True, slots=True)
class Shared:
    """What a column can give to headings: for each row the beginning of its cell, the whole of it if `whole`."""

    column: int
    whole: bool
    parts: list[str]
    changes: int
    length: int

    @classmethod
    def of(cls, column: int, parts: list[str], *, whole: bool) -> Shared:
        """Measure what a column shares; with a whole cell its separator is saved too."""
        length = sum(map(len, parts)) + (len(parts) if whole else 0)
        return cls(column, whole, parts, _changes(parts), length)


def fixed_part(column: list[str]) -> Fixed:
    """Return what all cells of a column share: all of it, or a folder they begin and a word they end with."""
    first, shortest = column[0], min(map(len, column))
    if column.count(first) == len(column) and STAR not in first:
        return Fixed(first, "", varies=False)
    root = common_root(column)
    if STAR in root or not any(map(str.isalpha, root)):
        root = ""
    end = _common_end(column)[-(shortest - len(root)) :] if shortest > len(root) else ""
    found = _END.search(end)
    return Fixed(root, found[0] if found and STAR not in end else "", varies=True)


def _common_end(column: list[str]) -> str:
    if len({cell[-1:] for cell in (column[0], column[len(column) // 2], column[-1])}) > 1:
        return ""
    end = column[0]
    for cell in column:
        if not cell.endswith(end):
            end = end[len(end) - shared(cell[::-1], end[::-1]) :]
    return end


def choose(columns: list[list[str]]) -> list[Shared]:
    """Pick what goes into headings: as long as the text gets shorter, the steadiest columns first."""
    offers = sorted(
        (offer for number, column in enumerate(columns) for offer in _offers(number, column)),
        key=lambda offer: (offer.changes.bit_count(), not offer.whole, offer.column),
    )
    chosen: list[Shared] = []
    best = _length(chosen, len(columns))
    for offer in offers:
        if STAR in "".join(offer.parts) or any(other.column == offer.column for other in chosen):
            continue
        if offer.whole and sum(other.whole for other in chosen) == len(columns) - 1:
            continue
        length = _length([*chosen, offer], len(columns))
        if length < best:
            chosen, best = [*chosen, offer], length
    return chosen


def _length(chosen: list[Shared], columns: int) -> float:
    """Return the characters of headings less the characters that they take off the rows."""
    changes, heading, saved = 0, 2.0 + 2 * columns, 0
    for offer in chosen:
        changes |= offer.changes
        heading += offer.length / len(offer.parts)
        saved += offer.length
    headings = max(1, changes.bit_count())
    crowded = chosen and headings * _ROWS_BELOW > len(chosen[0].parts)
    return inf if crowded else headings * heading - saved


def _offers(number: int, column: list[str]) -> Iterator[Shared]:
    """Yield what may go into headings: cells that often repeat, and their beginnings."""
    if sum(map(ne, column, column[1:])) < len(column) / 2:
        yield Shared.of(number, column, whole=True)
    for beginning in (_directory, _month, _day):
        if any(map(beginning, probe(column))):
            known: dict[str, str] = {}
            parts = [known.setdefault(part, part) for part in map(beginning, column)]
            if sum(map(ne, parts, parts[1:])) < len(parts) / 2:
                yield Shared.of(number, parts, whole=False)


def _directory(cell: str) -> str:
    return cell[: cell.rfind("/") + 1] or cell[: cell.rfind("\\") + 1]


def _month(cell: str) -> str:
    found = _DATE.match(cell)
    return found[1] if found else ""


def _day(cell: str) -> str:
    found = _DAY.match(cell)
    return found[1] if found else ""


def _changes(parts: list[str]) -> int:
    """Return a bit mask of the rows whose part differs from that of the row before; the first differs."""
    flags = ["1", *("0" if one == other else "1" for one, other in pairwise(parts))]
    return int("".join(flags), 2)
