"""What a column of many rows is like, which of its rows stand out, and what the others are in a few words.

Rows stand out by what the column itself is like: a value that no other row has, a number far outside of the
quartiles, the row where a level changes. No word in a cell counts for or against its row.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TypeVar

from headroom.transforms.coding.series import is_monotone, outliers, shift

T = TypeVar("T")

LEAST = 12
"""Cells below which nothing is rare and nothing is far out."""
_FEW_VALUES = 4
_VALUES_SHARE = 6
"""A column with at most a sixth as many values as cells is one of categories."""
_PER_COLUMN = 4
_MAX_RUNS = 12
_MAX_NAMES = 40
_TIMES_AGAIN = 3
_SHOWN_VALUES = 4
_NUMERIC_SHARE = 0.9
_TOO_LARGE = 1e100
_EMPTY = frozenset({"", "null"})
_SAFE = re.compile(r"\w[\w .,:+/%@-]{0,23}")
"""Values that a note may show: short, and nothing that could be taken for a note or a line of its own."""
_NAME = re.compile(r"\w[\w .#%/()-]{0,39}")
_IDENTIFIERS = frozenset({"id", "ids", "code", "uuid", "zip", "zipcode", "port", "index", "key", "pid", "number", "no"})


@dataclass(frozen=True)
class Profile:
    """One column of a table: its name and the text of each row's cell, empty where a row has none."""

    name: str
    cells: Sequence[str]

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each value stands."""
        counts = Counter(self.cells)
        del counts[""]
        return counts

    @cached_property
    def numbers(self) -> dict[int, float]:
        """The numbers by row, if nearly all cells are numbers."""
        found = {at: x for at, cell in enumerate(self.cells) if cell not in _EMPTY and (x := _number(cell)) is not None}
        filled = len(self.cells) - self.counts["null"] - self.cells.count("")
        return found if found and len(found) >= _NUMERIC_SHARE * filled else {}

    @cached_property
    def is_category(self) -> bool:
        """Whether few values stand in many cells."""
        return 2 <= len(self.counts) <= max(_FEW_VALUES, self.counts.total() // _VALUES_SHARE)

    @cached_property
    def is_naming(self) -> bool:
        """Whether the cells are words or names that come again and again."""
        return not self.numbers and 2 <= len(self.counts) <= min(_MAX_NAMES, self.counts.total() // _TIMES_AGAIN)

    @cached_property
    def is_measure(self) -> bool:
        """Whether the cells are numbers that measure something: neither names made of digits nor a running count."""
        if len(self.counts) < _FEW_VALUES or not self.numbers:
            return False
        return self.name.lower().rpartition(".")[2] not in _IDENTIFIERS and not is_monotone([*self.numbers.values()])

    def odd(self) -> list[int]:
        """Return the rows that stand out, most telling first, few of each kind."""
        if self.counts.total() < LEAST or len(self.counts) < 2:
            return []
        rare = self._rare() if self.is_category else []
        rows, series = list(self.numbers), list(self.numbers.values())
        if len(series) < LEAST:
            return [*rare, *self._borders()]
        far = [rows[at] for at in outliers(series, _PER_COLUMN)]
        begins = shift(series) if self.is_measure else None
        return [*rare, *far, *([] if begins is None else [rows[begins], rows[begins - 1]])]

    def extremes(self) -> list[int]:
        """Return the rows of the largest and the smallest measurement."""
        if not self.is_measure:
            return []
        return [max(self.numbers, key=self.numbers.__getitem__), min(self.numbers, key=self.numbers.__getitem__)]

    def first_of_each(self) -> list[int]:
        """Return the first row of each word or name, if they are few enough to show them all."""
        if not self.is_naming:
            return []
        return sorted({cell: at for at, cell in reversed([*enumerate(self.cells)]) if cell}.values())

    def told(self, rows: Sequence[int]) -> str:
        """Say in a few words what stands in these rows; empty if there is nothing worth saying."""
        counts = Counter(cell for at in rows if (cell := self.cells[at]))
        few = self.is_category and not (self.numbers and len(self.counts) > _MAX_RUNS)
        if (few or self.is_naming or len(self.counts) == 1) and all(map(_SAFE.fullmatch, counts)):
            return _shares(counts) if counts else ""
        if not self.is_measure:
            return ""
        found = sorted((self.numbers[at], self.cells[at]) for at in rows if at in self.numbers)
        return f"{found[0][1]} to {found[-1][1]}" if found else ""

    def _rare(self) -> list[int]:
        """Return rows whose value stands in no other: the first ones, and some spread over the rest."""
        alone = [at for at, cell in enumerate(self.cells) if cell and self.counts[cell] == 1]
        half = _PER_COLUMN // 2
        return [*alone[:half], *spread(alone[half:], half)]

    def _borders(self) -> list[int]:
        """Return the first row of every run, where rows come in few long runs of one value."""
        if len(self.counts) > _MAX_RUNS:
            return []
        starts = [at for at, (above, here) in enumerate(pairwise(self.cells), 1) if above != here]
        return starts if len(starts) <= min(_MAX_RUNS, len(self.cells) // LEAST) else []


def told(columns: Sequence[Profile], rows: Sequence[int], most: int) -> str:
    """Say what stands in these rows, column by column, in at most so many characters."""
    names = Counter(map(_last_part, columns))
    out: list[str] = []
    left = most
    for column in columns:
        name = _last_part(column) if names[_last_part(column)] == 1 else column.name
        words = column.told(rows) if left > 0 and _NAME.fullmatch(name) else ""
        if words and len(name) + len(words) + 2 <= left:
            out.append(f"{name}: {words}")
            left -= len(name) + len(words) + 4
    return "; ".join(out)


def _last_part(column: Profile) -> str:
    return column.name.rpartition(".")[2]


def spread(rows: Sequence[T], most: int) -> list[T]:
    """Return at most so many of the rows, evenly spread, the first and the last among them."""
    if len(rows) <= most:
        return list(rows)
    return [rows[round(step * (len(rows) - 1) / max(1, most - 1))] for step in range(most)]


def _shares(counts: Counter[str]) -> str:
    """Say how often each value stands, the most frequent ones by name."""
    shown = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:_SHOWN_VALUES]
    others = counts.total() - sum(count for _, count in shown)
    if len(counts) == 1:
        return f"all {shown[0][0]}"
    return ", ".join([f"{value} x{count}" for value, count in shown] + [f"others x{others}"] * bool(others))


def _number(cell: str) -> float | None:
    """Return the number that a cell is, None for anything else and for what is too large to reckon with."""
    if not (cell[0] in "-+." or cell[0].isdigit()) or cell[-1].isspace():
        return None
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if abs(number) < _TOO_LARGE else None
