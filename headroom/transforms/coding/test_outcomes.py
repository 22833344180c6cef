"""Where a test run tells of its failures: the sections that pytest, unittest, cargo, go, jest and TAP print.

A failure stays whole up to a length, so many of them in all. Which lines these are depends on where they stand, not
on what they say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

MOST_LINES = 240
"""Lines of failures that stay in all."""
_FIRST, _LAST = 24, 12
"""Lines of one long failure that stay, at its beginning and its end."""
_OPENS = re.compile(
    r"={5,} (?:FAILURES|ERRORS) ={5,}$|_{3,} .* _{3,}$|(?:FAIL|ERROR): \w+ \([\w.]+|---- \S.* stdout ----$"
    r"| +● .+ \u203a |\s*--- FAIL: |not ok \d+"
)
"""The line that a failure begins with."""
_CLOSES = re.compile(
    r"={5,} .* ={5,}$|Ran \d+ tests? in |failures:$|test result: |Test Suites: |ok \d+|(?:FAIL|ok)\t"
    r"|\s*(?:=== |--- PASS)"
)
"""A line that no failure goes on beyond."""


def failures(lines: Sequence[str]) -> list[int]:
    """Return the indices of the lines that tell of failures, in order, at most `MOST_LINES`."""
    found: list[int] = []
    for start, end in _sections(lines):
        found.extend(range(start, end) if end - start <= _FIRST + _LAST else range(start, start + _FIRST))
        if end - start > _FIRST + _LAST:
            found.extend(range(end - _LAST, end))
    return found[:MOST_LINES]


def _sections(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the lines of each failure, half open."""
    start = None
    for at, line in enumerate(lines):
        opens = _OPENS.match(line) is not None
        if start is not None and (opens or _CLOSES.match(line)):
            yield start, at
            start = None
        if opens:
            start = at
    if start is not None:
        yield start, len(lines)
