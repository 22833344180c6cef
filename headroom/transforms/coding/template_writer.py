"""Writes the lines of a text in order, those that use a template as their mark and values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import repeat

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


_Later = tuple[str, Time, str]
"""A later line that has a time: its mark, its time and its values."""


def written(lines: Sequence[str], uses: Sequence[Use], signs: Signs) -> list[str]:
    """Return the lines; the first one of each use shows its template, later ones give their values."""
    out = list(lines)
    marked: set[int] = set()
    bare: dict[int, int] = {}
    later: dict[int, _Later] = {}
    for kind, use in enumerate(sorted(uses, key=lambda use: use.numbers[0]), 1):
        mark, (first, *numbers) = f"{kind}{signs.mark}", use.numbers
        out[first] = mark + use.template.marked(signs.brackets, use.stamp)
        marked.update(numbers)
        if use.times:
            later.update(zip(numbers, zip(repeat(mark), use.times[1:], use.given[1:]), strict=True))
            continue
        for number, given in zip(numbers, use.given[1:], strict=True):
            out[number] = mark + given
            if not given:
                bare[number] = kind
    shown = {use.numbers[0] for use in uses}
    _escape(out, (number for number in range(len(out)) if number not in marked and number not in shown), signs)
    if signs.clocked:
        _cut_times(out, lines, later, marked, signs)
    return _with_runs(out, bare, signs.mark) if bare else out


def _escape(out: list[str], numbers: Iterable[int], signs: Signs) -> None:
    """Lead lines that stand whole by the mark if they could be taken for lines of a kind."""
    mark, marked = signs.mark, re.compile(signs.marked)
    for number in numbers:
        line = out[number]
        if mark in line and (line.startswith(mark) or marked.match(line)):
            out[number] = mark + line


def _cut_times(
    out: list[str], lines: Sequence[str], later: Mapping[int, _Later], marked: Set[int], signs: Signs
) -> None:
    """Write the times of later lines as they go on from the line above; those that cannot be cut stand whole.

    `marked` are all lines but those that show their words: a reader sees the times of these.
    """
    running = RunningClock(runs=True)
    uncut = []
    for number, line in enumerate(lines):
        if number in later:
            mark, time, given = later[number]
            end = running.cut(time)
            if end is None:
                uncut.append(number)
                running.see(line)
            else:
                out[number] = f"{mark}{end} {given}" if given else mark + end
        elif number not in marked:
            running.see(line)
    for number in uncut:
        out[number] = lines[number]
    _escape(out, uncut, signs)


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
