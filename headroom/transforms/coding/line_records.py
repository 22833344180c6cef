"""Lines that belong together: a log entry and its stack trace, a diagnostic and its snippet.

Where most lines that are not indented have a time, a line without one belongs to the record above it. Where all have
one, and where none has, indented lines, snippets and frames do, and the few lines of source that compilers show below
a diagnostic.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from headroom.transforms.coding import clock
from headroom.transforms.coding.probing import share

_TIMED = 0.5
"""Share of the lines that must have a time for records to begin with one."""
_INDENTED = 0.8
"""Share of the lines that may be indented, frames apart, for an indent to mean that a line belongs to another."""
_REACH = 5
"""Lines below a diagnostic that may be its snippet without being indented."""
_TIME_WITHIN = 60
_DIAGNOSTIC = re.compile(r"[^\s:()|][^:()|\n]{0,250}+(?::\d+(?::\d+)?|\(\d+(?:,\d+)?\)): ")
_PART = re.compile(r"\||\d+ +\||\^|[)}\]]+[;,]?$|E {2,}|> {2,}|Caused by: |During handling of |The above exception ")
_FRAME = re.compile(r"\s+(?:at \S|File \"|from \S+:\d+:in |\d+: 0x|\.\.\. \d+ more)|\t\S+\.\w+:\d+|#\d+ +\S")
_TRACEBACK = "Traceback (most recent call last):"


def starts(lines: Sequence[str]) -> list[int]:
    """Return the indices of the lines that records begin with; the first line always begins one."""
    if are_timed(lines):
        bare = _without_times(lines)
        if bare is None:
            return [at for at, line in enumerate(lines) if at == 0 or _time(line)]
        lines = bare
    indents = share(lines, lambda line: line[:1].isspace() and not is_frame(line)) < _INDENTED
    found = []
    reach = 0
    in_traceback = False
    for at, line in enumerate(lines):
        reach = _REACH if _DIAGNOSTIC.match(line) else max(0, reach - 1) if line.strip() else 0
        belongs = not line.strip() or 0 < reach < _REACH or _is_part(line, indents=indents)
        if at == 0 or not (belongs or in_traceback):
            found.append(at)
        # What a traceback ends with, the exception, is not indented.
        in_traceback = line.endswith(_TRACEBACK) or (in_traceback and belongs)
    return found


def are_timed(lines: Sequence[str]) -> bool:
    """Say whether most lines that are not indented have a time."""
    return share([line for line in lines if line[:1].strip()], _time) >= _TIMED


def _without_times(lines: Sequence[str]) -> list[str] | None:
    """Return what stands behind the times where every line begins with one, as in logs of CI runs; else None.

    A single blank of padding before a level is no indent: it goes too.
    """
    if any(line and not _time(line) for line in lines):
        return None
    stamps = [clock.find(line, _TIME_WITHIN) for line in lines]
    rests = [stamp.string[stamp.end() :].removeprefix("]").removeprefix(" ") if stamp else "" for stamp in stamps]
    return [rest[1:] if rest[:1] == " " and rest[1:2] != " " else rest for rest in rests]


def is_frame(line: str) -> bool:
    """Say whether a line is a frame of a stack trace."""
    return _FRAME.match(line) is not None


def _is_part(line: str, *, indents: bool) -> bool:
    """Say whether a line by itself tells that it belongs to the record above it."""
    return (line[0].isspace() and (indents or is_frame(line))) or _PART.match(line) is not None


def _time(line: str) -> bool:
    return clock.find(line, _TIME_WITHIN) is not None
