"""Clock times of log lines, cut short where they go on from the line above.

`2026-01-05 10:00:07,123` after `2026-01-05 10:00:02,910` is written `:07,123`: the front is that of the time before,
counted from the right. Cutting and completing are exact inverses; a time that cannot be cut is written whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from typing import NamedTuple

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
_WRITTEN = re.compile(rf"(?::\d\d){{1,2}}(?:[.,]\d+)?Z?(?= |$)|[.,]\d+Z?(?= |$)|{STAMP.pattern}")
_ZEROS = str.maketrans("123456789", "000000000")

_JUDGED = 20
SEARCHED = 120
"""A line's time stands within this many characters, or the line has none."""
REMINDED = 20
"""A time is written whole again after this many short ones, so that no reader has far to look."""


class Time(NamedTuple):
    """A time as it stands in a line, and where it may be cut: the shortest end first."""

    text: str
    cuts: tuple[int, ...]

    @classmethod
    def of(cls, stamp: re.Match[str]) -> Time:
        """Return the time that was found in a line."""
        text, start = stamp.group(), stamp.start()
        cuts = [stamp.start(name) - start for name in ("part", "second", "minute") if stamp[name] not in (None, "Z")]
        hour = cuts[-1] - 2
        return cls(text, tuple(cuts) if text[:hour].endswith("T") else (*cuts, hour))


def find(line: str, within: int = SEARCHED) -> re.Match[str] | None:
    """Return the first time within so many characters from the start of the line."""
    return STAMP.search(line, 0, within) if _PART.search(line, 0, within) else None


def runs_in(text: str) -> bool:
    """Say whether lines of the text have times, judged by the first that look like it."""
    starts = (text.rfind("\n", 0, part.start()) + 1 for part in islice(_PART.finditer(text), _JUDGED))
    return any(find(text[start : start + SEARCHED]) for start in starts)


def taken_out(lines: Sequence[str], stamp: re.Match[str], sign: str) -> tuple[Sequence[int], list[Time], list[str]]:
    """Return which lines have a time, these times, and the lines with a sign in its place.

    `stamp` is the time of the first line; where all lines have theirs in the same columns, it is not looked for.
    """
    start, end = stamp.span()
    texts = [line[start:end] for line in lines]
    if "\n".join(texts).translate(_ZEROS) == "\n".join([stamp.group().translate(_ZEROS)] * len(lines)):
        times = list(map(Time, texts, repeat(Time.of(stamp).cuts)))
        return range(len(lines)), times, [line[:start] + sign + line[end:] for line in lines]
    found = [(at, own) for at, own in enumerate(map(find, lines)) if own is not None]
    times = [Time.of(own) for _, own in found]
    rest = [f"{own.string[: own.start()]}{sign}{own.string[own.end() :]}" for _, own in found]
    return [at for at, _ in found], times, rest


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

    def cut(self, time: Time) -> str | None:
        """Return the shortest end that restores the time from the one above, None if a reader would misread it."""
        whole, before = time.text, self.before
        end = whole
        if len(whole) == len(before):
            end = next((whole[at:] for at in time.cuts if before.startswith(whole[:at])), whole)
        elif len(whole) < len(before):
            return None
        self.before = whole
        self.short = self.short + 1 if end is not whole and self.short < REMINDED else 0
        return end if self.short else whole

    def complete(self, end: str) -> str:
        """Return the time that `end` stands for."""
        if len(end) < len(self.before):
            end = self.before[: -len(end)] + end
        self.before = end
        return end
