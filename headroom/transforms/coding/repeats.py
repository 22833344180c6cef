"""Runs of equal lines, or of equal blocks of lines, written once and counted; a line like a note is led by `|`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from headroom.transforms.coding.budget import Budget

NOTE = re.compile(r"\[the (?:line|(?P<lines>[1-9]\d{0,2}) lines) above (?P<times>[1-9]\d{0,7}) more times?\]")
_LEAD = "|"
_END = "]"
"""What every note ends with: few lines do, so that most are not looked at any further."""
LONGEST = 64
"""Lines of the longest block whose repeats are found."""
_NOTE_CHARS = 40
"""Repeats shorter than this cost less than the note that would count them."""


def encode(lines: Sequence[str]) -> list[str]:
    """Return the lines with every repeat of the lines just before it counted instead of written."""
    counts = Counter(lines)
    latest: dict[str, int] = {}
    out: list[str] = []
    done = 0
    for at in [at for at, line in enumerate(lines) if counts[line] > 1] if len(counts) < len(lines) else ():
        if at < done:
            continue
        line = lines[at]
        period = at - latest.get(line, -LONGEST - 1)
        length = _repeated(lines, at, period) if period <= LONGEST else 0
        latest[line] = at
        if length:
            out += _escaped(lines[done:at])
            out.append(_note(period, length // period))
            done = at + length
            latest.update((lines[seen], seen) for seen in range(done - period, done))
    out += _escaped(lines[done:])
    return out


def _escaped(lines: Sequence[str]) -> list[str]:
    return [_LEAD + line if line[-1:] == _END and _is_like_a_note(line) else line for line in lines]


def _repeated(lines: Sequence[str], at: int, period: int) -> int:
    """Return how many lines from `at` on repeat the `period` lines before it, 0 if it is not worth a note."""
    if lines[at : at + period] != lines[at - period : at]:
        return 0
    end = at + period
    while end < len(lines) and lines[end] == lines[end - period]:
        end += 1
    length = (end - at) // period * period
    return length if sum(map(len, lines[at : at + length])) + length > _NOTE_CHARS else 0


def _is_like_a_note(line: str) -> bool:
    """Say whether a line is a note, or one led by any number of `|`."""
    return line.startswith(("[the ", _LEAD)) and NOTE.fullmatch(line.lstrip(_LEAD)) is not None


def _note(period: int, times: int) -> str:
    block = "line" if period == 1 else f"{period} lines"
    return f"[the {block} above {times} more time{'s' if times > 1 else ''}]"


def decode(lines: Sequence[str], budget: Budget) -> list[str]:
    """Restore the lines. Raises ValueError if a note counts more lines than stand above it, or too many."""
    out: list[str] = []
    for line in lines:
        if line[-1:] != _END or not _is_like_a_note(line):
            out.append(line)
            continue
        note = NOTE.fullmatch(line)
        if note is None:
            out.append(line.removeprefix(_LEAD))
            continue
        period, times = int(note["lines"] or 1), int(note["times"])
        if period > len(out):
            raise ValueError("a note counts lines that are not there")
        block = out[-period:]
        budget.spend((sum(map(len, block)) + period) * times)
        out.extend(block * times)
    return out
