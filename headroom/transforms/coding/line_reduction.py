"""A log, build or test run with the records that stay, and notes in the place of those that do not.

10:00:01 INFO worker 7 took job a1f from queue mail
[228 more like this left out]
[lines 12-240 left out]
10:07:46 WARN queue mail is full
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from headroom.transforms.base import Hint
from headroom.transforms.coding import clock, line_selection, notes
from headroom.transforms.coding.line_selection import Record

_LIKE = 8
_ONE_IN = 15
"""So many records of a kind, and one in so many of all, must be missing for them to be counted below the example."""
_LEVELS, _FILES = 6, 6
"""So many levels and files are named in the note."""
_LOOKED_AT = 240
_FILE = re.compile(r"(?:PASSED |SKIPPED |FAILED |ERROR )?+([\w./\\@+-]{1,120}+)(?::\d+\b|\(\d+[,)]|::\w)")
_PLACE = re.compile(r" *--> (\S{1,120}?):\d+:\d+")


def reduced(lines: Sequence[str], hint: Hint, check: Callable[[], None]) -> tuple[str, str] | None:
    """Return what stays of a text, and what does not in a phrase; None if nothing is worth leaving out.

    `check` is called now and then; what it raises goes on to the caller.
    """
    found = line_selection.records(lines)
    check()
    stay = line_selection.stays(lines, found, hint)
    if all(stay):
        return None
    check()
    hidden = [record for record in found if not stay[record.start]]
    shown = [record for record in found if stay[record.start]]
    missing = f"{stay.count(False)} of {len(lines)} lines left out"
    return "\n".join(_written(lines, stay, _counts(hidden, shown, len(found)))), missing + _what(lines, hidden)


def _counts(hidden: Sequence[Record], shown: Sequence[Record], total: int) -> dict[int, int]:
    """Return how many records are missing that are like one shown, by the line above which to say so."""
    counts = Counter(record.kind for record in hidden if record.kind)
    example: dict[str, int] = {}
    for record in shown:
        example.setdefault(record.kind, record.end)
    least = max(_LIKE, total // _ONE_IN)
    return {example[kind]: count for kind, count in counts.items() if kind in example and count >= least}


def _written(lines: Sequence[str], stay: Sequence[bool], counts: Mapping[int, int]) -> Iterator[str]:
    ends = dict(line_selection.gaps(stay))
    for at, line in enumerate(lines):
        if at in counts:
            yield notes.bracketed(f"{counts[at]} more like this left out")
        if at in ends:
            yield notes.bracketed(notes.left_out("lines", range(at + 1, ends[at] + 1)))
        if stay[at]:
            yield line


def _what(lines: Sequence[str], hidden: Sequence[Record]) -> str:
    """Say of which levels the hidden records are, of which files, and between which times."""
    levels = Counter(record.level for record in hidden if record.level)
    found = [_file(lines, record) for record in hidden]
    files = Counter("/".join(name[1].split("/")[-2:]) for name in found if name is not None)
    parts = [_counted(levels, _LEVELS)] if levels else []
    parts += [_counted(files, _FILES)] if files.total() * 2 > len(hidden) else []
    times = [clock.find(lines[record.start]) for record in (*hidden[:1], *hidden[-1:])]
    parts += [" to ".join(time.group() for time in times if time)] if any(times) else []
    return f": {'; '.join(parts)}" if parts else ""


def _file(lines: Sequence[str], record: Record) -> re.Match[str] | None:
    """Return the file that a test or diagnostic names, in its first line or the one below."""
    found = _FILE.match(lines[record.start], 0, _LOOKED_AT)
    if found is None and record.end - record.start > 1:
        found = _PLACE.match(lines[record.start + 1], 0, _LOOKED_AT)
    return found


def _counted(counts: Counter[str], most: int) -> str:
    """Return the most frequent names with their counts, and how many others there are."""
    told = ", ".join(f"{name} {count}" for name, count in counts.most_common(most))
    others = len(counts) - most
    return f"{told}, {others} others" if others > 0 else told
