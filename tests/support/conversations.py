"""Many conversations through two worker processes in turn, one of which is killed now and then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from support.growing import SINGLE, Watch, conversation, turns_of
from support.workers import Worker

_FORGETFUL_BYTES = 60_000
_TURNS = (2, 4)


@dataclass
class Figures:
    """What was seen. `breaks` says of each earlier turn that came out otherwise which one, and where."""

    conversations: int = 0
    requests: int = 0
    compared: int = 0
    references: int = 0
    retrievable: int = 0
    kills: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    breaks: list[str] = field(default_factory=list)


class _Lane:
    """One conversation on its way; every turn goes to the other worker."""

    def __init__(self, wire: str, number: int, seed: int, first: int) -> None:
        r = Random(f"{seed} {number} {wire}")
        self.name = f"{wire} {number}"
        self.wire = wire
        self.bodies = list(turns_of(wire, conversation(r, r.randint(*_TURNS))))
        self.watch = Watch(wire)
        self.turn = 0
        self.first = first

    @property
    def at_work(self) -> int:
        """The worker of this turn."""
        return (self.first + self.turn) % 2

    def take(self, body: bytes, figures: Figures) -> None:
        """Note what came out of this turn."""
        figures.requests += 1
        figures.compared += self.turn > 0
        figures.bytes_in += len(self.bodies[self.turn])
        figures.bytes_out += len(body)
        figures.breaks += [f"{self.name}, turn {self.turn + 1}: {part}" for part in self.watch.broken(body)]
        self.turn += 1
        if self.turn == len(self.bodies):
            figures.conversations += 1
            figures.retrievable += body.count(b" | headroom_retrieve hash=")
            figures.references += sum(map(body.count, (b"[same text as the result", b"[as the result of the earlier")))


def run(count: int, *, seed: int = 0, kill_every: int = 40, tell: Callable[[Figures], None] | None = None) -> Figures:
    """Run `count` conversations in each wire, two at a time; one worker remembers, the other forgets soon."""
    figures = Figures()
    with Worker(1) as lasting, Worker(2, memory_bytes=_FORGETFUL_BYTES) as forgetful:
        workers = (lasting, forgetful)
        for number in range(count):
            for pair in zip(SINGLE[::2], SINGLE[1::2], strict=True):
                kill = number % kill_every == kill_every // 2
                _run_pair([_Lane(wire, number, seed, at) for at, wire in enumerate(pair)], workers, figures, kill=kill)
            if tell is not None:
                tell(figures)
    return figures


def _run_pair(lanes: list[_Lane], workers: tuple[Worker, Worker], figures: Figures, *, kill: bool) -> None:
    turns = 0
    while lanes:
        for lane in lanes:
            workers[lane.at_work].send(lane.wire, lane.bodies[lane.turn])
        for lane in lanes:
            lane.take(workers[lane.at_work].receive(), figures)
        lanes = [lane for lane in lanes if lane.turn < len(lane.bodies)]
        turns += 1
        if kill and turns == 1:
            workers[figures.kills % 2].restart()
            figures.kills += 1
