"""The other half of `template_writer`: restores the lines that were written as kinds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat

from headroom.transforms.coding import clock
from headroom.transforms.coding.alignment import PAD, TIME, Column, Template
from headroom.transforms.coding.budget import Budget
from headroom.transforms.coding.clock import RunningClock
from headroom.transforms.coding.signs import AS_FIRST, Signs

_LONGEST_NUMBERS = 19
"""Characters of the longest range of kinds."""


@dataclass(slots=True)
class _Known:
    """A template as read from its first line, and what later lines give: where they go, their values, their times."""

    line: str
    template: Template
    stamp: str
    at: list[int] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    times: list[str] = field(default_factory=list)

    def restored(self, budget: Budget) -> list[str]:
        """Return the later lines, all at once. Raises ValueError if one does not give a word for every place."""
        if not self.given:
            return []
        budget.spend(len(self.line) * len(self.given) + sum(map(len, self.given)))
        columns = list(self._columns())
        return self.template.filled(columns, self.times, self.stamp, len(self.given))

    def _columns(self) -> Iterator[Column]:
        places = self.template.places
        if not places and any(self.given):
            raise ValueError("a word without a place")
        as_shown = " ".join([AS_FIRST] * len(places))
        given = [rest or as_shown for rest in self.given]
        if places and set(map(str.count, given, repeat(" "))) != {len(places) - 1}:
            raise ValueError("not one word for every place")
        values = " ".join(given).split(" ")
        for at, first in enumerate(places):
            column = values[at :: len(places)]
            yield [first if value == AS_FIRST else value for value in column] if AS_FIRST in column else column


class _Marks(dict[str, tuple[int, int] | None]):
    """The kinds from and to which a line is of, by what stands before its mark; each is looked at once."""

    def __init__(self, signs: Signs) -> None:
        super().__init__()
        self._mark = signs.mark
        self._marked = re.compile(signs.marked)

    def __missing__(self, head: str) -> tuple[int, int] | None:
        if len(head) > _LONGEST_NUMBERS:
            return None
        match = self._marked.fullmatch(head + self._mark)
        kinds = self[head] = (int(match[1]), int(match[2] or match[1])) if match else None
        return kinds


def decode(lines: Sequence[str], signs: Signs, budget: Budget) -> list[str]:
    """Restore the lines. Raises ValueError if one uses a template that no line above it shows, or too many do."""
    out: list[str] = []
    known: list[_Known] = []
    running = RunningClock(signs.clocked)
    marks = _Marks(signs)
    for line in lines:
        head, mark, rest = line.partition(signs.mark)
        kinds = marks[head] if mark else None
        if kinds is None:
            whole = rest if mark and not head else line
            running.see(whole)
            out.append(whole)
        elif kinds[0] != kinds[1]:
            out.extend(_run(known, kinds, rest, budget))
        elif kinds[0] <= len(known):
            kind = known[kinds[0] - 1]
            if kind.stamp:
                end = clock.written(rest)
                kind.times.append(running.complete(end))
                rest = rest[len(end) + 1 :]
            kind.at.append(len(out))
            kind.given.append(rest)
            out.append("")
        elif kinds[0] == len(known) + 1:
            known.append(_read(rest, signs))
            running.see(known[-1].line)
            out.append(known[-1].line)
        else:
            raise ValueError("a template is used before it is shown")
    for kind in known:
        for at, line in zip(kind.at, kind.restored(budget), strict=True):
            out[at] = line
    return out


def _run(known: Sequence[_Known], kinds: tuple[int, int], rest: str, budget: Budget) -> Iterator[str]:
    """Return the first lines of a run of kinds as they are."""
    first, last = kinds
    run = known[first - 1 : last]
    if rest or not first < last <= len(known) or any(kind.stamp for kind in run):
        raise ValueError("not a run of templates that can be repeated as they are")
    budget.spend(sum(len(kind.line) + 1 for kind in run))
    return (kind.line for kind in run)


def _read(text: str, signs: Signs) -> _Known:
    """Read a template from its first line, marked."""
    opening, closing = signs.brackets[0], signs.brackets[1]
    parts = text.replace(closing, opening).split(opening)
    line = "".join(parts)
    fixed, first = parts[::2], parts[1::2]
    if len(fixed) != len(first) + 1 or TIME in line or PAD in line:
        raise ValueError("not a template of ours")
    stamp = clock.find(line) if signs.clocked else None
    if stamp is None:
        return _Known(line, Template(fixed, first), "")
    return _Known(line, Template(_with_time(fixed, first, stamp), first), stamp.group())


def _with_time(fixed: Sequence[str], first: Sequence[str], stamp: re.Match[str]) -> list[str]:
    """Put the placeholder where the time stands, which is within one fixed piece."""
    at = 0
    for index, piece in enumerate(fixed):
        start, end = stamp.start() - at, stamp.end() - at
        if start >= 0 and end <= len(piece):
            return [*fixed[:index], piece[:start] + TIME + piece[end:], *fixed[index + 1 :]]
        at += len(piece) + (len(first[index]) if index < len(first) else 0)
    raise ValueError("a time stands in a place")
