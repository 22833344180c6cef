"""Clock times of log lines, cut short where they go on from the line above.

`2026-01-05 10:00:07,123` after `2026-01-05 10:00:02,910` is written `:07,123`: the front is that of the time before,
counted from the right. Cutting and completing are exact inverses; a time that cannot be cut is written whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DATE = (
    r"(?:\d{4}-\d\d-\d\d(?:T| {1,2})|\d{4}/\d\d/\d\d |\d\d[-/]\d\d[-/]\d\d |\d\d-\d\d "
    rf"|\d\d/{_MONTH}/\d{{4}}:|(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?{_MONTH} [ \d]\d )"
)
STAMP = re.compile(
    rf"(?:(?<!\w){_DATE}|(?<![\w:]))\d\d(?P<minute>:\d\d)(?P<second>:\d\d)(?P<part>[.,]\d{{1,9}}Z?|Z)?(?![\w:])"
)
"""A time of day with an optional date before it, as loggers write them; whole words, so that a cut keeps them whole."""
_PART = re.compile(r":\d\d:\d\d")
"""Minutes and seconds: a quick way to see that a line has no time."""
_WRITTEN = re.compile(rf"{STAMP.pattern}|(?::\d\d){{1,2}}(?:[.,]\d+)?Z?(?= |$)|[.,]\d+Z?(?= |$)")

_JUDGED = 20
SEARCHED = 120
"""A line's time stands within this many characters, or the line has none."""
REMINDED = 20
"""A time is written whole again after this many short ones, so that no reader has far to look."""


def find(line: str) -> re.Match[str] | None:
    """Return the first time near the start of the line."""
    return STAMP.search(line, 0, SEARCHED) if _PART.search(line, 0, SEARCHED) else None


def runs_in(text: str) -> bool:
    """Say whether lines of the text have times, judged by the first that look like it."""
    starts = (text.rfind("\n", 0, part.start()) + 1 for part in islice(_PART.finditer(text), _JUDGED))
    return any(find(text[start : start + SEARCHED]) for start in starts)


def written(text: str) -> str:
    """Return the time, whole or cut, that `text` starts with. Raises ValueError if there is none."""
    match = _WRITTEN.match(text)
    if match is None:
        raise ValueError("a time is missing")
    return match.group()


@dataclass(slots=True)
class RunningClock:
    """The time of the line above, followed alike by writer and reader."""

    runs: bool
    before: str = ""
    short: int = 0

    def see(self, line: str) -> None:
        """Take the time of a line that stands whole."""
        stamp = find(line) if self.runs else None
        if stamp is not None:
            self.before, self.short = stamp.group(), 0

    def cut(self, stamp: re.Match[str]) -> str | None:
        """Return the time as it is written after the one above, None if a reader would misread it."""
        whole = stamp.group()
        end = _cut(stamp, self.before)
        if end is None:
            return None
        self.before = whole
        self.short = self.short + 1 if len(end) < len(whole) and self.short < REMINDED else 0
        return end if self.short else whole

    def complete(self, end: str) -> str:
        """Return the time that `end` stands for."""
        if len(end) < len(self.before):
            end = self.before[: -len(end)] + end
        self.before = end
        return end


def _cut(stamp: re.Match[str], before: str) -> str | None:
    """Return the shortest end of the time from which the time `before` restores it, None if none does."""
    whole = stamp.group()
    if len(whole) != len(before):
        return whole if len(whole) > len(before) else None
    start = stamp.start()
    ends = [stamp.start(name) - start for name in ("part", "second", "minute") if stamp[name] not in (None, "Z")]
    hour = ends[-1] - 2
    if not whole[:hour].endswith("T"):
        ends.append(hour)
    for at in ends:
        if before.startswith(whole[:at]):
            return whole[at:]
    return whole
