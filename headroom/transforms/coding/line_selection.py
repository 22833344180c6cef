"""Which records of a log, build or test run stay, so that what is missing is more of what is shown.

What stays: the first and the last records; the first of each kind; those with numbers far out; failures of tests; of
records whose level says that something is wrong, of those that are of no kind, and of wordings that recur, as many as
a budget allows, spread over the whole text; what the question is about. No budget depends on what a record says, so
that no wording survives better than another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from headroom.transforms.base import Hint
from headroom.transforms.coding import levels, line_kinds, line_records, test_outcomes
from headroom.transforms.coding.focus import Focus
from headroom.transforms.coding.line_outliers import outliers
from headroom.transforms.coding.shapes import shapes

_FIRST, _LAST = 3, 4
"""Records that stay at either end."""
_KINDS = 64
"""Kinds of which the first record stays, the most frequent ones."""
_FAR_OUT = 24
"""Records that stay because of their numbers."""
_RELEVANT = 12
"""Lines that stay because of the question."""
_AT_LEAST, _ONE_IN, _AT_MOST = 40, 6, 240
"""So many grave records stay at least, one in so many, so many at most; the same holds for those of no kind."""
_EACH, _GRAVE_EACH = 3, 12
"""Records of one wording that may be among them; of grave ones more, as their numbers and places matter."""
_LONGEST = 60
_ENDS = (24, 16)
"""Lines of a longer record that stay: at its beginning and its end, and the first of so many wordings between."""
_GAP_LINES = 4
_GAP_CHARS = 160
"""Fewer lines or characters are not worth a note in their place."""


@dataclass(frozen=True, slots=True)
class Record:
    """Lines `start` to `end` (half open, from 0), of a kind (empty: none) and level (empty: none).

    `shape` is the wording of the first line, and of the place where that stands below it, without the numbers.
    """

    start: int
    end: int
    kind: str
    level: str
    shape: str
    traced: bool


def records(lines: Sequence[str]) -> list[Record]:
    """Return the records of a text, in order."""
    starts = line_records.starts(lines)
    ends = [*starts[1:], len(lines)]
    heads = [lines[start] for start in starts]
    second = [lines[start + 1] if start + 1 < end else "" for start, end in zip(starts, ends, strict=True)]
    placed = [f"{head} {line}" if levels.is_place(line) else head for head, line in zip(heads, second, strict=True)]
    rows = zip(
        starts,
        ends,
        line_kinds.kinds(heads),
        levels.levels(lines, starts),
        shapes(placed),
        map(line_records.is_frame, second),
        strict=True,
    )
    return [Record(*row) for row in rows]


def stays(lines: Sequence[str], found: Sequence[Record], hint: Hint) -> list[bool]:
    """Say of each line whether it stays."""
    out = [False] * len(lines)
    for at in _chosen(lines, found):
        for start, end in _parts(lines, found[at]):
            out[start:end] = [True] * (end - start)
    failures = [] if line_records.are_timed(lines) else test_outcomes.failures(lines)
    for at in [*failures, *Focus(hint).rank(lines)[:_RELEVANT]]:
        out[at] = True
    traced = [at for at, record in enumerate(found) if record.traced]
    for at in _spread(traced, _budget(found), len(found)):
        out[found[at].start] = True
    for start, end in gaps(out):
        if end - start < _GAP_LINES or sum(map(len, lines[start:end])) < _GAP_CHARS:
            out[start:end] = [True] * (end - start)
    return out


def gaps(stay: Sequence[bool]) -> list[tuple[int, int]]:
    """Return the runs of lines that do not stay, half open."""
    out, at = [], 0
    for stays_here, run in groupby(stay):
        end = at + sum(1 for _ in run)
        if not stays_here:
            out.append((at, end))
        at = end
    return out


def _chosen(lines: Sequence[str], found: Sequence[Record]) -> set[int]:
    """Return the numbers of the records that stay."""
    count, budget = len(found), _budget(found)
    seen = Counter(record.shape for record in found)
    chosen = {at for at in range(count) if at < _FIRST or at >= count - _LAST}
    chosen.update(_examples(found))
    far_out = outliers([lines[record.start] for record in found], [record.kind for record in found])
    chosen.update(_spread(far_out, _FAR_OUT, count))
    grave = [at for at, record in enumerate(found) if record.level in levels.GRAVE]
    rare = [at for at, record in enumerate(found) if not record.kind]
    recurring = [at for at, record in enumerate(found) if seen[record.shape] > 1]
    for numbers, each in ((grave, _GRAVE_EACH), (rare, _EACH), (recurring, _EACH)):
        chosen.update(_spread(_first_of_each(numbers, found, each), budget, count))
    return chosen


def _budget(found: Sequence[Record]) -> int:
    return min(_AT_MOST, _AT_LEAST + len(found) // _ONE_IN)


def _examples(found: Sequence[Record]) -> list[int]:
    """Return the first record of each kind, of the most frequent kinds."""
    first: dict[str, int] = {}
    for at, record in enumerate(found):
        first.setdefault(record.kind, at)
    first.pop("", None)
    counts = Counter(record.kind for record in found)
    return [first[kind] for kind in sorted(first, key=lambda kind: (-counts[kind], first[kind]))[:_KINDS]]


def _first_of_each(numbers: Iterable[int], found: Sequence[Record], each: int) -> list[int]:
    """Return the numbers of those records whose wording has not come `each` times before."""
    seen: Counter[str] = Counter()
    first = []
    for at in numbers:
        seen[found[at].shape] += 1
        if seen[found[at].shape] <= each:
            first.append(at)
    return first


def _spread(numbers: Sequence[int], budget: int, count: int) -> list[int]:
    """Return at most `budget` of the numbers (below `count`, in order): the first in each of as many stretches."""
    if len(numbers) <= budget:
        return list(numbers)
    return [next(part) for _, part in groupby(numbers, lambda at: at * budget // count)]


def _parts(lines: Sequence[str], record: Record) -> list[tuple[int, int]]:
    """Return the lines of a record that stay: all, or of a long one its ends and the first of each wording between."""
    start, end = record.start, record.end
    if end - start <= _LONGEST:
        return [(start, end)]
    first, last = start + _ENDS[0], end - _ENDS[1]
    wordings: dict[str, int] = {}
    for at, shape in enumerate(shapes(lines[first:last]), first):
        wordings.setdefault(shape, at)
    between = list(wordings.values())[: sum(_ENDS)]
    return [(start, first), *((at, at + 1) for at in between), (last, end)]
