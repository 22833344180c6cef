"""The other half of `templates`: restores the lines that were written as kinds."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from headroom.transforms.coding import clock
from headroom.transforms.coding.alignment import TIME, Template
from headroom.transforms.coding.budget import Budget
from headroom.transforms.coding.clock import RunningClock
from headroom.transforms.coding.templates import AS_FIRST, Signs


@dataclass(frozen=True, slots=True)
class _Known:
    """A template as read from its first line."""

    line: str
    places: list[str]
    timed: bool
    fill: Callable[[Sequence[str], str], str]


def decode(lines: Sequence[str], signs: Signs, budget: Budget) -> list[str]:
    """Restore the lines. Raises ValueError if one uses a template that no line above it shows, or too many do."""
    known: list[_Known] = []
    running = RunningClock(signs.clocked)
    marked = re.compile(signs.marked)
    out: list[str] = []
    for line in lines:
        match = marked.match(line)
        if match is None:
            whole = line.removeprefix(signs.mark)
            running.see(whole)
            out.append(whole)
            continue
        number, rest = int(match[1]), line[match.end() :]
        if match[2]:
            run = _repeated(known, number, int(match[2]), rest)
            budget.spend(sum(map(len, run)) + len(run))
            out.extend(run)
        elif number <= len(known):
            out.append(_restored(known[number - 1], rest, running))
            budget.spend(len(out[-1]) + 1)
        elif number == len(known) + 1:
            known.append(_read(rest, signs))
            running.see(known[-1].line)
            out.append(known[-1].line)
        else:
            raise ValueError("a template is used before it is shown")
    return out


def _repeated(known: Sequence[_Known], number: int, last: int, rest: str) -> list[str]:
    """Return a run of first lines as they are."""
    run = known[number - 1 : last]
    if rest or not number < last <= len(known) or any(template.timed for template in run):
        raise ValueError("not a run of templates that can be repeated as they are")
    return [template.line for template in run]


def _read(text: str, signs: Signs) -> _Known:
    """Read a template from its first line, marked."""
    parts = re.split(f"[{re.escape(signs.brackets)}]", text)
    line = "".join(parts)
    fixed, first = parts[::2], parts[1::2]
    if len(fixed) != len(first) + 1:
        raise ValueError("unbalanced places")
    stamp = clock.find(line) if signs.clocked else None
    if stamp is not None:
        fixed = _with_time(fixed, first, stamp)
    template = Template(fixed, first)
    return _Known(line, template.places, stamp is not None, template.filler(stamp.group() if stamp else ""))


def _with_time(fixed: Sequence[str], first: Sequence[str], stamp: re.Match[str]) -> list[str]:
    """Put the placeholder where the time stands, which is within one fixed piece."""
    at = 0
    for index, piece in enumerate(fixed):
        start, end = stamp.start() - at, stamp.end() - at
        if start >= 0 and end <= len(piece):
            return [*fixed[:index], piece[:start] + TIME + piece[end:], *fixed[index + 1 :]]
        at += len(piece) + (len(first[index]) if index < len(first) else 0)
    raise ValueError("a time stands in a place")


def _restored(template: _Known, rest: str, running: RunningClock) -> str:
    """Return the line that a template and the rest of a marked line stand for."""
    time = ""
    if template.timed:
        end = clock.written(rest)
        time, rest = running.complete(end), rest[len(end) + 1 :]
    values = rest.split(" ") if rest else template.places
    if len(values) != len(template.places):
        raise ValueError("not one word for every place")
    if AS_FIRST in values:
        values = [a if v == AS_FIRST else v for v, a in zip(values, template.places, strict=True)]
    return template.fill(values, time)
