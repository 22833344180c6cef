"""Writes the lines of a text in order, those that use a template as their mark and values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

from headroom.transforms.coding.alignment import Template
from headroom.transforms.coding.clock import RunningClock, Time
from headroom.transforms.coding.signs import Signs


@dataclass(frozen=True, slots=True)
class Use:
    """Lines that say the same in the words of a template: their numbers, and their values as they are written.

    `times` are theirs if the template has one, none at all otherwise; `stamp` is the first of them.
    """

    template: Template
    numbers: Sequence[int]
    given: Sequence[str]
    times: Sequence[Time]

    @property
    def stamp(self) -> str:
        """The time of the first line, as text."""
        return self.times[0].text if self.times else ""

    def without(self, refused: set[int]) -> Use:
        """Return the use without the lines at some places of the lists."""
        kept = [at for at in range(len(self.numbers)) if at not in refused]
        times = [self.times[at] for at in kept] if self.times else []
        return Use(self.template, [self.numbers[at] for at in kept], [self.given[at] for at in kept], times)


def written(lines: Sequence[str], uses: Sequence[Use], signs: Signs) -> list[str]:
    """Return the lines; the first one of each use shows its template, later ones give their values."""
    out = list(lines)
    is_whole = bytearray(b"\x01") * len(lines)
    bare: dict[int, int] = {}
    for kind, use in enumerate(sorted(uses, key=lambda use: use.numbers[0]), 1):
        mark, first = f"{kind}{signs.mark}", use.numbers[0]
        for number, given in zip(use.numbers, use.given, strict=True):
            out[number] = mark + given
            is_whole[number] = False
        if not use.times:
            later = zip(use.numbers[1:], use.given[1:], strict=True)
            bare.update({number: kind for number, given in later if not given})
        out[first] = mark + use.template.marked(signs.brackets, use.stamp)
    whole = list(compress(range(len(lines)), is_whole))
    _escape(out, whole, signs)
    if signs.clocked:
        _cut_times(out, lines, whole, [use for use in uses if use.times], signs)
    return _with_runs(out, bare, signs.mark) if bare else out


def _escape(out: list[str], numbers: Iterable[int], signs: Signs) -> None:
    """Lead lines that stand whole by the mark if they could be taken for lines of a kind."""
    mark, marked = signs.mark, re.compile(signs.marked)
    for number in numbers:
        line = out[number]
        if mark in line and (line.startswith(mark) or marked.match(line)):
            out[number] = mark + line


def _cut_times(out: list[str], lines: Sequence[str], whole: Sequence[int], timed: Sequence[Use], signs: Signs) -> None:
    """Put the times of later lines before their values, as they go on from the line above.

    A reader sees the times of lines that stand `whole` and of those that show a template. A line whose time cannot
    be cut stands whole.
    """
    times: list[Time | None] = [None] * len(lines)
    for use in timed:
        for number, time in zip(use.numbers, use.times, strict=True):
            times[number] = time
        times[use.numbers[0]] = None
    seen = {*whole, *[use.numbers[0] for use in timed]}
    running = RunningClock(runs=True)
    for number, (line, late) in enumerate(zip(lines, times, strict=True)):
        end = running.cut(late) if late is not None else None
        if end is not None:
            head, mark, given = out[number].partition(signs.mark)
            out[number] = f"{head}{mark}{end} {given}" if given else head + mark + end
        elif late is not None:
            out[number] = line
            _escape(out, [number], signs)
            running.see(line)
        elif number in seen:
            running.see(line)


def _with_runs(out: Sequence[str], bare: Mapping[int, int], mark: str) -> list[str]:
    """Write one line for a run of first lines repeated as they are; `bare` are their numbers and kinds."""
    written: list[str] = []
    start = end = 0
    for number, line in enumerate(out):
        kind = bare.get(number, 0)
        if kind and kind == end + 1:
            end = kind
            written[-1] = f"{start}-{end}{mark}"
            continue
        start = end = kind or -1
        written.append(line)
    return written
