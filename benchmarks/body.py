"""`python -m benchmarks.body`: what the pipeline makes of one body, in this process.

Time by stage, memory, and how long the event loop stands still meanwhile.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks import bodies
from benchmarks.report import Bar, Report, Table, figure, publish
from benchmarks.stall import longest_stall
from headroom.blocks import Edit, Outcome
from headroom.pipeline import Exchange, Pipeline
from headroom.providers import WIRES
from headroom.tokens import TokenCounter
from headroom.wire.document import read
from headroom.wire.splice import splice

SIZES = {"1 KB": 1_000, "20 KB": 20_000, "200 KB": 200_000, "1 MB": 1_000_000, "4 MB": 4_000_000}
STALLS = {"1 MB": 1_000_000, "4 MB": 4_000_000, "16 MB": 16_000_000}
_MS = 1e3
_INTRO = (
    "Bodies of seeded tool outputs of 2 to 10 KB, in one process. CPU milliseconds: medians for `total` (every block "
    "was seen before) and for `one new` (all but the last, of 2 to 10 KB); one run for `cold`. `read` decodes, "
    "`decide` finds the blocks and decides each, `splice` writes the edits into the bytes that came; these are stages "
    "of `total`. Peak memory is what such a run holds at most beyond the body, as a multiple of the body. Stalls "
    "are of an event loop that serves the middleware with a body it has not seen, the least of three runs."
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured. `reference` is the size at which the bars stand."""

    sizes: dict[str, int]
    stalls: dict[str, int]
    wires: tuple[str, ...] = tuple(WIRES)
    repeats: int = 15
    reference: int = 1_000_000


FULL = Plan(SIZES, STALLS)
TINY = Plan({"20 KB": 20_000}, {"100 KB": 100_000}, repeats=2, reference=20_000)


@dataclass(frozen=True, slots=True)
class Measured:
    """One body in one wire: milliseconds by stage, peak memory as a multiple of the body, tokens saved in per cent."""

    wire: str
    size: str
    blocks: int
    read: float
    decide: float
    splice: float
    total: float
    one_new: float
    cold: float
    peak: float
    saved: float

    @property
    def row(self) -> tuple[str, ...]:
        """The body as a row of a table."""
        times = (self.read, self.decide, self.splice, self.total, self.one_new, self.cold)
        return (self.wire, self.size, str(self.blocks), *map(figure, times), figure(self.peak), figure(self.saved))


def median_ms(work: Callable[[], Any], repeats: int) -> float:
    """Return the median CPU time of a call in milliseconds: nothing here waits, and other programs do not count."""
    return statistics.median(_ms(work) for _ in range(repeats))


def _ms(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return (time.process_time() - start) * _MS


def measure(wire: str, size: str, count: int, repeats: int) -> Measured:
    """Measure one body in one wire."""
    body, pipeline = bodies.body(wire, count), Pipeline()
    TokenCounter("gpt-4o")("loads the ranks")
    cold = _ms(lambda: _run(pipeline, wire, body))
    payload = read(body, pipeline.policy.max_depth)
    edits = pipeline.rewrite(payload, WIRES[wire], _exchange()).edits
    changing = iter([bodies.body(wire, count, last_salt=number + 1) for number in range(repeats)])
    outcome = _run(pipeline, wire, body)
    return Measured(
        wire=wire,
        size=size,
        blocks=len(outcome.decisions),
        read=median_ms(lambda: read(body, pipeline.policy.max_depth), repeats),
        decide=median_ms(lambda: pipeline.rewrite(payload, WIRES[wire], _exchange()), repeats),
        splice=median_ms(lambda: splice(body, edits), repeats),
        total=median_ms(lambda: _run(pipeline, wire, body), repeats),
        one_new=median_ms(lambda: _run(pipeline, wire, next(changing)), repeats),
        cold=cold,
        peak=peak_memory(lambda: _run(pipeline, wire, body)) / len(body),
        saved=100 * outcome.tokens_saved / max(1, outcome.tokens_before),
    )


def one_edit(size: int, repeats: int) -> float:
    """Return the milliseconds to read a chat body of this size and splice one edit into its middle."""
    body = bodies.body("openai-chat", size)
    middle = len(read(body, 64)["messages"]) // 4 * 2 + 1
    edit = Edit(("messages", middle, "content"), "shorter")
    return median_ms(lambda: (read(body, 64), splice(body, [edit])), repeats)


def peak_memory(work: Callable[[], Any]) -> int:
    """Return the bytes that a call holds at most beyond what was held before."""
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def _run(pipeline: Pipeline, wire: str, body: bytes) -> Outcome:
    return pipeline.run(body, WIRES[wire], _exchange())


def _exchange() -> Exchange:
    return Exchange(request_id="bench")


def bars(found: list[Measured], stalls: dict[str, float], edited: float, plan: Plan) -> list[Bar]:
    """Return the limits of the design with the figures that they are for."""
    size = next(name for name, count in plan.sizes.items() if count == plan.reference)
    at_size = [one for one in found if one.size == size]
    worst_new = max(at_size, key=lambda one: one.one_new)
    worst_peak = max(at_size, key=lambda one: one.peak)
    return [
        Bar(f"{size}, all but one block remembered, worst wire ({worst_new.wire})", worst_new.one_new, 15, "ms"),
        Bar(f"{size}, read and splice one edit", edited, 6, "ms"),
        Bar(f"{size}, peak memory, worst wire ({worst_peak.wire})", worst_peak.peak, 3, "x body"),
        *(Bar(f"longest stall of the loop, {name} body", stall, 10, "ms") for name, stall in stalls.items()),
    ]


def report(plan: Plan) -> Report:
    """Measure everything."""
    found = [
        measure(wire, size, count, plan.repeats if count <= 1_000_000 else 5)
        for size, count in plan.sizes.items()
        for wire in plan.wires
    ]
    stalls = {size: longest_stall(bodies.body("openai-chat", count)) * _MS for size, count in plan.stalls.items()}
    edited = one_edit(plan.reference, plan.repeats)
    heading = ("wire", "body", "blocks", "read", "decide", "splice", "total", "one new", "cold", "peak x", "saved %")
    table = Table("CPU milliseconds a body", heading, [one.row for one in found])
    data = {"bodies": [asdict(one) for one in found], "stalls_ms": stalls, "one_edit_ms": edited}
    return Report("body", _INTRO, [table], bars(found, stalls, edited, plan), data)


def main() -> int:
    """Measure, print and publish."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    publish(report(FULL))
    return 0


if __name__ == "__main__":
    sys.exit(main())
