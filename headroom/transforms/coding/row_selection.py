"""Which rows of a table stay when most of them go.

Head and tail stay, then in turn: rows that failed, rows that the question singles out, rows that stand out in some
column, rows of unusual shape or length, extremes, a first row of each category, and a few spread over the rest. Every
kind has its share, and within a kind columns take turns, so that no kind and no column crowds out the others.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, zip_longest
from math import isqrt

from headroom.transforms.coding.column_profiles import LEAST, Profile, spread, told
from headroom.transforms.coding.failure_fields import failure_field
from headroom.transforms.coding.focus import Focus
from headroom.transforms.coding.levels import GRAVE, levels
from headroom.transforms.coding.series import outliers

MIN_ROWS = 20
"""Fewer rows than this are read as they are."""
_HEAD, _TAIL = (3, 8), (2, 4)
"""Rows that stay at the ends: at least and at most, the more the shorter they are."""
_END_CHARACTERS = 400
_FEWEST, _MOST, _MOST_NEW = 12, 72, 160
_CHARACTERS = 24_000
"""Characters of rows that stay at most, if that leaves the fewest."""
_LEAST_SPREAD = 4
_LANDMARKS = 4
_GOLDEN = (5**0.5 - 1) / 2
_NORMAL = 0.5
"""If more than this share of rows failed, that is no news."""
_RARE_SHAPE = 50
_NOTE_CHARACTERS = 150
_MESSAGE = re.compile(r"(?:^|[._])(?:message|msg|log|line|text|raw)$", re.IGNORECASE)
_WORD = re.compile(r"\b[^\W\d_]{4,40}\b")
_NEW_WORDS = 2
_SAMPLE = 96
_LOOKED_AT = 400


@dataclass(frozen=True)
class Rows:
    """Rows to choose from: their columns by name, the shape of each row, and its characters."""

    columns: dict[str, list[str]]
    shapes: Sequence[object]
    sizes: Sequence[int]

    @cached_property
    def profiles(self) -> list[Profile]:
        """The columns, looked at."""
        return [Profile(name, cells) for name, cells in self.columns.items()]

    @cached_property
    def failed(self) -> list[int]:
        """The rows that failed, unless failing is what rows here do."""
        found: set[int] = set()
        for name, cells in self.columns.items():
            failure = failure_field(name)
            values = {cell for cell in set(cells) if failure.failed(cell)} if failure.tells else ()
            rows = [at for at, cell in enumerate(cells) if cell in values] if values else _grave(name, cells)
            found.update(rows if len(rows) <= _NORMAL * len(cells) else ())
        return sorted(found)

    def selected(self, focus: Focus) -> list[int]:
        """Return the rows that stay, ascending; all of them if they are few."""
        total = len(self.sizes)
        if total < MIN_ROWS:
            return list(range(total))
        most = min(self._most(), total)
        kept = self._ends()
        _fill(kept, spread(self.failed, most // 2), most // 2)
        _fill(kept, focus.rank(self._texts()), most // 6)
        _fill(kept, self._odd(), most // 2)
        _fill(kept, _in_turn(column.first_of_each() for column in self.profiles), most - len(kept))
        _fill(kept, _in_turn(column.extremes() for column in self.profiles), most // 4)
        _fill(kept, _scattered(total), max(_LEAST_SPREAD, 2 * most // 3 - len(kept)))
        return sorted(kept)

    def landmarks(self, focus: Focus) -> list[int]:
        """Return the rows that no gap should hide, ascending: the ends and the few that stand out most."""
        kept = self._ends()
        _fill(kept, focus.rank(self._texts()), _LANDMARKS)
        _fill(kept, self._odd(), _LANDMARKS)
        _fill(kept, _in_turn(column.extremes() for column in self.profiles), _LANDMARKS)
        return sorted(kept)

    def _most(self) -> int:
        """Return how many rows may stay: the more there are the smaller their share, unless each is news."""
        total = len(self.sizes)
        fitting = _CHARACTERS * total // max(1, sum(self.sizes))
        wanted = max(min(3 * isqrt(total), _MOST), min(_MOST_NEW, round(self._novelty() * total)))
        return max(_FEWEST, min(wanted, fitting))

    def _novelty(self) -> float:
        """Return the share of rows that hold words which no row before them holds, by a sample.

        It is asked of all rows together: a row with words of its own stays no more often than its neighbours.
        """
        seen: set[str] = set()
        new = []
        for at in spread(range(len(self.sizes)), _SAMPLE):
            words = {word for cells in self.columns.values() for word in _WORD.findall(cells[at][:_LOOKED_AT])}
            new.append(len(words - seen) >= _NEW_WORDS)
            seen |= words
        later = new[len(new) // 2 :]
        return sum(later) / len(later)

    def _ends(self) -> dict[int, None]:
        """Return the rows that stay at both ends: the more the shorter they are."""
        total = len(self.sizes)
        fitting = _END_CHARACTERS * total // max(1, sum(self.sizes))
        head, tail = (min(total, max(least, min(most, fitting))) for least, most in (_HEAD, _TAIL))
        return dict.fromkeys([*range(head), *range(total - tail, total)])

    def told(self, rows: Sequence[int]) -> str:
        """Say in a few words what stands in these rows."""
        telling = [column for column in self.profiles if failure_field(column.name).tells]
        others = [column for column in self.profiles if len(column.counts) > 1 and column not in telling]
        others.sort(key=lambda column: not column.is_naming)
        return told([*telling, *others], rows, _NOTE_CHARACTERS)

    def _texts(self) -> list[str]:
        return [" ".join(cells) for cells in zip(*self.columns.values(), strict=True)]

    def _odd(self) -> Iterator[int]:
        """Yield rows that stand out, columns in turn; shape and length are columns too."""
        common = Counter(self.shapes)
        rare = max(1, len(self.shapes) // _RARE_SHAPE)
        shapes = [at for at, shape in enumerate(self.shapes) if common[shape] <= rare]
        long = outliers(self.sizes, 2) if len(self.sizes) >= LEAST else []
        return _in_turn(chain([shapes, long], (column.odd() for column in self.profiles)))


def _grave(name: str, cells: Sequence[str]) -> list[int]:
    """Return the rows whose message has a level of its own, as lines of logs have, and one that means trouble."""
    if not _MESSAGE.search(name):
        return []
    return [at for at, level in enumerate(levels(cells, range(len(cells)))) if level in GRAVE]


def _scattered(total: int) -> Iterator[int]:
    """Yield rows, the first few of which lie evenly over all of them, but not in a step that rows may have, too."""
    return (int((at * _GOLDEN) % 1 * total) for at in range(1, total))


def _in_turn(ranked: Iterable[Sequence[int]]) -> Iterator[int]:
    """Yield the first of each, then the second of each, and so on."""
    return (at for turn in zip_longest(*ranked) for at in turn if at is not None)


def _fill(kept: dict[int, None], rows: Iterable[int], most: int) -> None:
    """Add rows, at most so many new ones."""
    for at in rows:
        if most <= 0:
            return
        if at not in kept:
            kept[at] = None
            most -= 1
