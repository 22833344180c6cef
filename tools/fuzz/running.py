"""Executing a target on seed after seed, under a watchdog that names the seed that hangs."""

from __future__ import annotations

import signal
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from types import FrameType

HANG_SECONDS = 60.0
"""Inputs take milliseconds; what has not come back by now never will, however busy the machine is."""

Check = Callable[[Random], str]
"""Makes an input by chance and checks its laws; returns what became of it, in a word. Raises whatever is wrong."""


class HungError(BaseException):
    """An input has not come back. No `Exception`, so that nothing that fails open lives through it."""


class LawBrokenError(AssertionError):
    """An input has broken a law."""


def law(holds: object, says: str, shown: object = "") -> None:
    """Raise if a law does not hold."""
    if not holds:
        raise LawBrokenError(f"{says} {shown!r:.600}" if shown != "" else says)


@dataclass
class Figures:
    """What was seen: executions, what became of them, and of each kind of failure the first seed and its traceback."""

    executions: int = 0
    ways: Counter[str] = field(default_factory=Counter)
    broken: dict[str, str] = field(default_factory=dict)

    def add(self, other: Figures) -> None:
        """Take in what was seen elsewhere."""
        self.executions += other.executions
        self.ways += other.ways
        self.broken = {**other.broken, **self.broken}


@contextmanager
def watched(seconds: float = HANG_SECONDS) -> Iterator[Callable[[], None]]:
    """Yield what starts the clock again; `HungError` is raised in the middle of whatever runs when it has run down."""

    def hung(_: int, frame: FrameType | None) -> None:
        raise HungError("".join(traceback.format_stack(frame, limit=-6)))

    before = signal.signal(signal.SIGALRM, hung)
    try:
        yield lambda: signal.setitimer(signal.ITIMER_REAL, seconds) and None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def execute(name: str, check: Check, seeds: Iterable[int], seconds: float = HANG_SECONDS) -> Figures:
    """Run a target on these seeds; failures of one kind are told once."""
    figures = Figures()
    with watched(seconds) as start_clock:
        for seed in seeds:
            start_clock()
            figures.executions += 1
            try:
                figures.ways[f"{name}: {check(Random(f'{name} {seed}'))}"] += 1
            except (Exception, HungError) as error:  # noqa: BLE001 - whatever is raised is what is looked for
                figures.ways[f"{name}: WRONG"] += 1
                figures.broken.setdefault(_kind(name, error), f"{name}:{seed}\n{_told(error)}")
    return figures


def _kind(name: str, error: BaseException) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{name} {type(error).__name__} {str(error)[:40]} {last.filename}:{last.lineno}"


def _told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error, limit=-8))[-6_000:]
