"""How grave the records of a text are: by a field that its format has for it, never by the words of a message.

A word counts as a level only where many records have a level in that very place, or in the frame of a compiler's
diagnostic. So a line that merely says `CRITICAL` is a line like any other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

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
_KEYS = ("level", "lvl", "severity")
_KEYED = re.compile(r"\"?(?:level|lvl|severity|levelname)\"?[=:] ?\"?([A-Za-z]+)")
_DIAGNOSTIC = re.compile(
    r"[^\s:()|][^:()|\n]{0,250}+(?::\d+(?::\d+)?(?:-\d+)?|\(\d+(?:,\d+)?\)):? (?:- )?(?:fatal )?(error|warning)\b"
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
    heads = [lines[start][:_LOOKED_AT] for start in starts]
    level_of = _LevelOf()
    found = [list(_candidates(head, level_of)) for head in heads]
    if any(key in "\n".join(heads).lower() for key in _KEYS):
        for head, candidates in zip(heads, found, strict=True):
            candidates.extend(_keyed(head))
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


class _LevelOf(dict[str, str]):
    """The level that a word names, in upper case; empty for other words. Each is looked at once."""

    def __missing__(self, word: str) -> str:
        name = word.strip(_AROUND).upper()
        is_level = name in _LEVELS and (len(name) > 1 or word == name)
        level = self[word] = name if is_level else ""
        return level


def _candidates(head: str, level_of: Mapping[str, str]) -> Iterator[tuple[_Place, str]]:
    """Yield the words of a line that could be its level, and where they stand: from the front, or last."""
    words = head.split()
    for place, word in enumerate(words[:_WORDS]):
        if level_of[word]:
            yield place, level_of[word]
    if len(words) > 1 and len(words[-1]) > 1 and level_of[words[-1]]:
        yield "last", level_of[words[-1]]


def _keyed(head: str) -> Iterator[tuple[_Place, str]]:
    """Yield the level that stands behind a key."""
    found = _KEYED.search(head)
    if found is not None and found[1].upper() in _LEVELS:
        yield "key", found[1].upper()


def _diagnosed(lines: Sequence[str], start: int) -> str:
    line = lines[start][: 2 * _LOOKED_AT]
    found = _DIAGNOSTIC.match(line)
    if found is None and start + 1 < len(lines) and is_place(lines[start + 1]):
        found = _HEADLINE.match(line)
    return next(filter(None, found.groups()), "").upper() if found else ""
