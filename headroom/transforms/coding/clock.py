"""Clock times of log lines, cut short where they go on from the line above.

`2026-01-05 10:00:07,123` after `2026-01-05 10:00:02,910` is written `:07,123`: the front is that of the time before,
counted from the right. Cutting and completing are exact inverses; a time that cannot be cut is written whole.
"""

from __future__ import annotations

import re

_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DATE = (
    r"(?:\d{4}-\d\d-\d\d[ T]|\d{4}/\d\d/\d\d |\d\d[-/]\d\d[-/]\d\d |\d\d-\d\d "
    rf"|\d\d/{_MONTH}/\d{{4}}:|(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?{_MONTH} [ \d]\d )"
)
STAMP = re.compile(
    rf"(?:(?<!\d){_DATE}|(?<![\d:]))\d\d(?P<minute>:\d\d)(?P<second>:\d\d)(?P<part>[.,]\d{{1,9}})?(?![\d:])"
)
"""A time of day with an optional date before it, as loggers write them."""

CLOCK = re.compile(r"(?<![\d:])\d\d:\d\d:\d\d(?![\d:])")
"""A time of day anywhere: enough to see whether a text has times at all."""

_WRITTEN = re.compile(rf"{STAMP.pattern}|(?::\d\d){{1,2}}(?:[.,]\d+)?(?= |$)|[.,]\d+(?= |$)")
SEARCHED = 120
"""A line's time starts within this many characters, or the line has none."""


def find(line: str) -> re.Match[str] | None:
    """Return the first time near the start of the line."""
    return STAMP.search(line, 0, SEARCHED)


def cut(stamp: re.Match[str], before: str) -> str | None:
    """Return the shortest end of the time that `complete` restores after the time `before`, None if none does."""
    text = stamp.group()
    if len(text) != len(before):
        return text if len(text) > len(before) else None
    start = stamp.start()
    for name in ("part", "second", "minute"):
        at = stamp.start(name) - start
        if at > 0 and before.startswith(text[:at]):
            return text[at:]
    at = stamp.start("minute") - start - 2
    return text[at:] if before.startswith(text[:at]) else text


def written(text: str) -> str:
    """Return the time, whole or cut, that `text` starts with. Raises ValueError if there is none."""
    match = _WRITTEN.match(text)
    if match is None:
        raise ValueError("a time is missing")
    return match.group()


def complete(end: str, before: str) -> str:
    """Restore a time from its written end and the time before it."""
    return before[: len(before) - len(end)] + end if len(end) < len(before) else end
