"""Records whose numbers are unlike those of their kind: the slow request among fast ones, the status 500 among 200s.

Far out is what Tukey's outer fences call so: three times the distance of the quartiles beyond them. Counters, times
and identifiers have no such values, as they are spread over all of their range. Where a number has few values, the
rare ones are told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

_MEMBERS = 12
"""Records that a kind must have for its numbers to be compared."""
_COLUMNS = 8
"""Numbers of a record that are compared."""
_FAR = 3.0
_NAMED = 2
"""Records that are named for each end of a column, and for each rare value."""
_VALUES, _RARE = 12, 0.05
"""Values that a number has if they are few, and the share of records that a rare one has at most."""
_LOOKED_AT = 400
_NUMBER = re.compile(r"(?<![\w.:/-])-?\d{1,15}(?:\.\d{1,9})?(?=(?:[a-zA-Z]{1,3}|%)?(?:[\s,;:)\]]|$))")


def outliers(heads: Sequence[str], kinds: Sequence[str]) -> list[int]:
    """Return the numbers of the records that are far out in any column, ascending; `heads` are their first lines."""
    members: dict[str, list[int]] = {}
    for at, kind in enumerate(kinds):
        if kind:
            members.setdefault(kind, []).append(at)
    found = {at for numbers in members.values() if len(numbers) >= _MEMBERS for at in _far_out(heads, numbers)}
    return sorted(found)


def _far_out(heads: Sequence[str], numbers: Sequence[int]) -> Iterator[int]:
    """Yield the records of one kind that are far out in a column; those with more or fewer numbers do not count."""
    rows = [(at, list(map(float, _NUMBER.findall(heads[at][:_LOOKED_AT])[:_COLUMNS]))) for at in numbers]
    [(width, count)] = Counter(len(values) for _, values in rows).most_common(1)
    if count < _MEMBERS:
        return
    regular = [(at, values) for at, values in rows if len(values) == width]
    for column in range(width):
        values = sorted((values[column], at) for at, values in regular)
        yield from _beyond(values)
        yield from _rare(values)


def _beyond(ranked: Sequence[tuple[float, int]]) -> Iterator[int]:
    """Yield the records with the least and the greatest values, if these are beyond the fences."""
    low, high = ranked[len(ranked) // 4][0], ranked[3 * len(ranked) // 4][0]
    reach = _FAR * (high - low)
    if reach > 0:
        yield from (at for value, at in ranked[:_NAMED] if value < low - reach)
        yield from (at for value, at in ranked[-_NAMED:] if value > high + reach)


def _rare(ranked: Sequence[tuple[float, int]]) -> Iterator[int]:
    """Yield the first records with each value that few have, where there are few values."""
    records: dict[float, list[int]] = {}
    for value, at in ranked:
        records.setdefault(value, []).append(at)
    if len(records) <= _VALUES:
        few = max(_NAMED, int(_RARE * len(ranked)))
        yield from (at for found in records.values() if len(found) <= few for at in found[:_NAMED])
