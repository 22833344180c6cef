"""How grave the records of a text are: by a field that its format has for it, never by the words of a message.

A word counts as a level only where many records have a level in that very place, or in the frame of a compiler's
diagnostic. So a line that merely says `CRITICAL` is a line like any other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

_GRAVE = """
    WARN WARNING ERR ERR! ERROR SEVERE CRITICAL CRIT ALERT EMERG FATAL PANIC FAIL FAILED ERRORED XPASS UNREACHABLE W E F
"""
_CALM = """
    TRACE SILLY VERBOSE FINEST FINER FINE DEBUG TIMING HTTP CONFIG INFO INFORMATION NOTICE NOTE OK PASS PASSED SKIP
    SKIPPED SKIPPING XFAIL XFAILED IGNORED CHANGED V D I
"""
GRAVE = frozenset(_GRAVE.split())
"""Levels and outcomes that report something wrong."""
_LEVELS = GRAVE | frozenset(_CALM.split())
_AROUND = "[]<>()|:,;\"'"
_KEYED = re.compile(r"\"?(?:level|lvl|severity|levelname)\"?[=:] ?\"?([A-Za-z]+)")
_DIAGNOSTIC = re.compile(
    r"[^\s:()|][^:()|\n]{0,250}(?::\d+(?::\d+)?(?:-\d+)?|\(\d+(?:,\d+)?\)):? (?:- )?(?:fatal )?(error|warning)\b"
    r"| +\d+:\d+ +(error|warning) ",
    re.IGNORECASE,
)
"""What gcc, clang, javac, tsc, mypy and eslint put before a message."""
_HEADLINE = re.compile(r"(error|warning)(?:\[\w+\])?: ")
_ARROW = re.compile(r" *--> \S+:\d+:\d+")
"""rustc puts the place below the message."""
_LOOKED_AT = 240
_WORDS = 8
_SHARE = 0.1
"""Share of the records that must have a level in a place for the place to be that of the level."""

_Place = int | str


def levels(lines: Sequence[str], starts: Sequence[int]) -> list[str]:
    """Return the level of each record in upper case, empty for records without one. `starts` are their first lines."""
    found = [list(_candidates(lines[start][:_LOOKED_AT])) for start in starts]
    seen = Counter(place for candidates in found for place, _ in candidates)
    known = {place for place, count in seen.items() if count >= max(3, _SHARE * len(starts))}
    out = []
    for start, candidates in zip(starts, found, strict=True):
        own = next((level for place, level in candidates if place in known), "")
        out.append(own or _diagnosed(lines, start))
    return out


def is_place(line: str) -> bool:
    """Say whether a line is the place of the diagnostic above it."""
    return _ARROW.match(line) is not None


def _candidates(line: str) -> Iterator[tuple[_Place, str]]:
    """Yield the words of a line that could be its level, and where they stand: from the front, as a key, or last."""
    keyed = _KEYED.search(line)
    if keyed is not None and keyed[1].upper() in _LEVELS:
        yield "key", keyed[1].upper()
    words = line.split()
    for place, word in enumerate(words[:_WORDS]):
        level = word.strip(_AROUND).upper()
        if level in _LEVELS and (len(level) > 1 or word == level):
            yield place, level
    if len(words) > 1 and words[-1].upper() in _LEVELS and len(words[-1]) > 1:
        yield "last", words[-1].upper()


def _diagnosed(lines: Sequence[str], start: int) -> str:
    line = lines[start][: 2 * _LOOKED_AT]
    found = _DIAGNOSTIC.match(line)
    if found is None and start + 1 < len(lines) and is_place(lines[start + 1]):
        found = _HEADLINE.match(line)
    return next(filter(None, found.groups()), "").upper() if found else ""
