"""Records whose numbers are far from those of their kind: the slow request among fast ones.

Far is what Tukey's outer fences call far out: three times the distance of the quartiles beyond them. Counters, times
and identifiers have no such values, as they are spread over all of their range.
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
_OF_A_COLUMN = 2
"""Records that are named for each end of a column, the farthest ones."""
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
        ranked = sorted((values[column], at) for at, values in regular)
        low, high = ranked[len(ranked) // 4][0], ranked[3 * len(ranked) // 4][0]
        reach = _FAR * (high - low)
        if reach > 0:
            yield from (at for value, at in ranked[:_OF_A_COLUMN] if value < low - reach)
            yield from (at for value, at in ranked[-_OF_A_COLUMN:] if value > high + reach)
