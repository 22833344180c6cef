"""The beginning that all lines share, such as date and host, said once.

Empty lines and lines that start with a blank (frames, continuations) stay as they are, and count for nothing; only
where all lines start with a blank, all count.
"""

from __future__ import annotations

from collections.abc import Sequence

BLANKS = (" ", "\t")
SHORTEST = 4
"""Characters of the shortest beginning that is worth saying once."""
_FIRST = 50
"""Lines that mostly show at once that there is no common beginning."""


def taken_off(lines: Sequence[str]) -> tuple[str, list[str]]:
    """Return the common beginning of the lines, whole words only, and the lines without it; nothing if there is none.

    A line that would be empty without it, or start with a blank for the first time, keeps it from being taken off.
    """
    first = _full(lines[:_FIRST])
    if len(first) > 1 and len(_common(first)) < SHORTEST:
        return "", list(lines)
    full = _full(lines)
    prefix = _common(full)
    size, kept = len(prefix), _without_it(prefix)
    if size < SHORTEST or not all(line[size : size + 1] not in kept for line in full):
        return "", list(lines)
    return prefix, [line if line[:1] in kept else line[size:] for line in lines]


def put_back(prefix: str, lines: Sequence[str]) -> list[str]:
    """Restore the lines."""
    kept = _without_it(prefix)
    return [line if line[:1] in kept else prefix + line for line in lines]


def _full(lines: Sequence[str]) -> list[str]:
    """Return the lines that count."""
    return [line for line in lines if line and not line.startswith(BLANKS)] or [line for line in lines if line]


def _without_it(prefix: str) -> tuple[str, ...]:
    """Return what lines that do not have the beginning begin with, nothing at all included."""
    return ("",) if prefix.startswith(BLANKS) else ("", *BLANKS)


def _common(lines: Sequence[str]) -> str:
    """Return the common beginning of lines up to the end of its last whole word; none of a single line.

    Words end at blanks, and at the directories of a path; times, dates and numbers are not cut.
    """
    if len(lines) < 2:
        return ""
    low, high = min(lines), max(lines)
    end = shared(low, high)
    while end and not (low[end - 1] in BLANKS or _is_between_names(low, high, end)):
        end -= 1
    return low[:end]


def _is_between_names(low: str, high: str, end: int) -> bool:
    return low[end - 1] in "/\\" and not (low[end : end + 1].isdigit() or high[end : end + 1].isdigit())


def shared(low: str, high: str) -> int:
    """Return the length of the common beginning of two texts, in few steps for texts of any length."""
    start, end = 0, min(len(low), len(high))
    if low[:1] != high[:1]:
        return 0
    while start < end:
        middle = (start + end + 1) // 2
        if high.startswith(low[start:middle], start):
            start = middle
        else:
            end = middle - 1
    return start
