"""Numbers in a row: which of them are far out, and where their level changes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

_FAR = 3.0
"""Interquartile ranges beyond the quartiles: Tukey's far-out values."""
_CUSUM = 1.63
"""Bound at one per cent for the largest excursion of a cumulated sum, in deviations times the root of the length."""
_AROUND = 5
_SHARP = 1.5
"""Deviations by which the level must differ between the few values before and after a change."""


def outliers(numbers: Sequence[float], most: int) -> list[int]:
    """Return where far-out values stand, the largest and the smallest first, at most so many."""
    ordered = sorted(numbers)
    low, high = ordered[len(ordered) // 4], ordered[3 * len(ordered) // 4]
    reach = _FAR * (high - low)
    if not 0 < reach < math.inf:
        return []
    above = sorted((at for at, x in enumerate(numbers) if x > high + reach), key=lambda at: (-numbers[at], at))
    below = sorted((at for at, x in enumerate(numbers) if x < low - reach), key=lambda at: (numbers[at], at))
    return [*above[:1], *below[:1], *above[1:], *below[1:]][:most]


def shift(numbers: Sequence[float]) -> int | None:
    """Return where a new level begins, if the values change for good somewhere and do so at once."""
    mean = math.fsum(numbers) / len(numbers)
    deviation = math.sqrt(math.fsum((x - mean) ** 2 for x in numbers) / len(numbers))
    if not 0 < deviation < math.inf:
        return None
    total = farthest = 0.0
    at = 0
    for index, x in enumerate(numbers[:-1], 1):
        total += x - mean
        if abs(total) > farthest:
            farthest, at = abs(total), index
    if not at or farthest < _CUSUM * deviation * math.sqrt(len(numbers)):
        return None
    before, after = numbers[max(0, at - _AROUND) : at], numbers[at : at + _AROUND]
    jump = abs(math.fsum(after) / len(after) - math.fsum(before) / len(before))
    return at if jump >= _SHARP * deviation else None


def is_monotone(numbers: Sequence[float]) -> bool:
    """Say whether the values never fall, or never rise: counters, times, ranks."""
    return all(a <= b for a, b in pairwise(numbers)) or all(a >= b for a, b in pairwise(numbers))
