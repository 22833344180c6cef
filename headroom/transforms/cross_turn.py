"""A tool output that stands, wholly or mostly, in an earlier one of the same conversation: said by reference.

    [same text as the result of the earlier call run_command {"command":"cat a.py"}: 240 lines]

    [as the result of the earlier call run_command {"command":"cat a.py"}, but for what is shown; [= a-b] are its lines
    a to b, unchanged]
    import os
    [= 2-118]
        return total + 1
    [= 120-240]

A reference looks back only, at one text that was sent whole; nobody has to follow a second one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from headroom.blocks import Fidelity, Lossless, Tier

LABEL_CHARS = 120
"""Of a call's arguments, this much is said; calls that look alike then are told apart by number."""
SHORTEST_RUN = 6
"""Unchanged lines in a row, below which naming them is no gain. The first and the last of a run are shown."""
_PLACES = 8
"""Places of a line in the earlier text that are tried."""

_SAME = "[same text as the result of the earlier call {}: {} lines]"
_MUCH = "[as the result of the earlier call {}, but for what is shown; [= a-b] are its lines a to b, unchanged]"
_SAME_FORM = re.compile(r"\[same text as the result of the earlier call (.+): (\d+) lines\]")
_MUCH_FORM = re.compile(
    r"\[as the result of the earlier call (.+), but for what is shown; \[= a-b\] are its lines a to b, unchanged\]"
)
_RUN = re.compile(r"\[= (\d{1,9})-(\d{1,9})\]")


@dataclass(frozen=True, slots=True)
class Run:
    """Lines `start` to `end` (half open, from 0) of the new text stand in the earlier one from `there` on."""

    start: int
    end: int
    there: int


def label(tool: str, arguments: str, number: int) -> str:
    """Name a call as its reader saw it; `number` counts the calls of this name, from 1."""
    words = " ".join(f"{tool} {arguments}".split())
    short = words if len(words) <= LABEL_CHARS else words[: LABEL_CHARS - 3] + "..."
    return short if number == 1 else f"{short} (number {number} of this name)"


def same(text: str, name: str) -> Lossless:
    """Return the form of a text that equals the result of the call `name`."""
    lines = text.count("\n") + 1
    return Lossless(_SAME.format(name, lines), Fidelity.BYTES, "repeat.same", Tier.LEGEND)


def much_the_same(text: str, earlier: str, name: str) -> Lossless | None:
    """Return the form of a text that shares long runs of lines with the result of the call `name`, if it does."""
    lines, there = text.split("\n"), earlier.split("\n")
    shared = list(_long_runs(lines, there))
    if not shared or any(_RUN.fullmatch(line) for line in lines):
        return None
    said = [_MUCH.format(name)]
    done = 0
    for run in shared:
        said += lines[done : run.start + 1]
        said.append(f"[= {run.there + 2}-{run.there + run.end - run.start - 1}]")
        done = run.end - 1
    said += lines[done:]
    return Lossless("\n".join(said), Fidelity.BYTES, "repeat.runs", Tier.LEGEND)


def decode(text: str, results: Mapping[str, str]) -> str:
    """Restore a text from its reference and the earlier results by label. Raises ValueError if it is no reference."""
    head, _, rest = text.partition("\n")
    whole = _SAME_FORM.fullmatch(text)
    if whole is not None:
        return _result(results, whole.group(1))
    much = _MUCH_FORM.fullmatch(head)
    if much is None:
        raise ValueError("no reference to an earlier result")
    there = _result(results, much.group(1)).split("\n")
    lines: list[str] = []
    for line in rest.split("\n"):
        run = _RUN.fullmatch(line)
        lines += [line] if run is None else there[int(run.group(1)) - 1 : int(run.group(2))]
    return "\n".join(lines)


def _result(results: Mapping[str, str], name: str) -> str:
    if name not in results:
        raise ValueError("a reference to a result that is not there")
    return results[name]


def _long_runs(lines: Sequence[str], there: Sequence[str]) -> Iterator[Run]:
    """Yield the runs worth naming, in order; each position of the text is in one run at most."""
    places: dict[str, list[int]] = {}
    for at, line in enumerate(there):
        known = places.setdefault(line, [])
        if len(known) < _PLACES:
            known.append(at)
    at = 0
    expected = 0
    while at < len(lines):
        best = max(
            (Run(at, at + _shared(lines, at, there, place), place) for place in places.get(lines[at], ())),
            key=lambda run: (run.end, -abs(run.there - expected)),
            default=Run(at, at, 0),
        )
        if best.end - at >= SHORTEST_RUN:
            yield best
            expected = best.there + best.end - at
        at = max(best.end, at + 1)


def _shared(lines: Sequence[str], at: int, there: Sequence[str], place: int) -> int:
    """Return how many lines from these two places on are equal."""
    length = 0
    most = min(len(lines) - at, len(there) - place)
    while length < most and lines[at + length] == there[place + length]:
        length += 1
    return length


class Lines:
    """Which earlier text has which lines, so that the one that shares most with a new text is found at once."""

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}

    def add(self, index: int, text: str) -> None:
        """Take the lines of the text of this index; a later text takes over the lines that it shares."""
        for line in text.split("\n"):
            if len(line) > 1:
                self._newest[line] = index

    def most_alike(self, text: str) -> int | None:
        """Return the index of the text with the most lines of this one, if it has a third of them or more."""
        if not self._newest:
            return None
        lines = [line for line in text.split("\n") if len(line) > 1]
        votes = Counter(self._newest[line] for line in lines if line in self._newest)
        if not votes:
            return None
        index, number = max(votes.items(), key=lambda vote: (vote[1], vote[0]))
        return index if number * 3 >= len(lines) else None
