"""`python -m benchmarks.scaling`: how time and memory of each compressor grow with the text."""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks import texts
from benchmarks.body import peak_memory
from benchmarks.corpus import CONVERSATION, Item, chosen
from benchmarks.report import Bar, Report, Table, figure, publish
from headroom.blocks import Tier
from headroom.pipeline.lineup import Lineup, lineup_of
from headroom.tokens import TokenCounter
from headroom.transforms.base import Compressor, Context, Hint
from headroom.transforms.pipeline import DEFAULT_TRANSFORMS
from headroom.transforms.view import View

SIZES = (1_000_000, 2_000_000, 4_000_000)
KIND_OF = {
    "smart_crusher": "json_list",
    "html_compressor": "html",
    "search_compressor": "search",
    "diff_compressor": "diff",
    "listing_compressor": "listing",
    "table_compressor": "table",
    "log_compressor": "log",
    "code_compressor": "code",
}
"""The kind of text on which each compressor is measured."""

_COUNT = TokenCounter("gpt-4o")
_HINT = Hint("run_command", "")
_INTRO = (
    "Each compressor on 1, 2 and 4 MB of seeded text of its kind: evidence, all forms, and their prices in tokens "
    "(texts above 2,000,000 characters are priced by samples), without the proof, which large blocks go without as "
    "well. Best of two runs. `peak` is the memory that a run on the smallest of them holds at most beyond the text, "
    "as a multiple of the text. Speed over real outputs is of each compressor on what is routed to it."
)


@dataclass(frozen=True, slots=True)
class Grown:
    """One compressor: seconds at each size, peak memory as a multiple of the smallest text."""

    compressor: str
    seconds: tuple[float, ...]
    peak: float
    mb_per_s: float

    @property
    def ratios(self) -> tuple[float, ...]:
        """How much longer each size takes than the one before, which is half of it."""
        return tuple(later / earlier for earlier, later in zip(self.seconds, self.seconds[1:], strict=False))

    @property
    def row(self) -> tuple[str, ...]:
        """The compressor as a row of a table."""
        figures = (*(1e3 * s for s in self.seconds), *self.ratios, self.mb_per_s, self.peak)
        return (self.compressor, *map(figure, figures))


def work(compressor: Compressor, text: str) -> None:
    """Do what the pipeline does with a text of the compressor's kind."""
    view = View(text)
    compressor.evidence(view, _HINT)
    compressor.cheapest(view, Context(_COUNT, Tier.LEGEND, verify=False))


def grown(compressor: Compressor, sizes: Sequence[int]) -> Grown:
    """Measure a compressor on texts of its kind."""
    made = [texts.make(KIND_OF[compressor.name], size) for size in sizes]
    seconds = tuple(min(_seconds(compressor, text) for _ in range(2)) for text in made)
    peak = peak_memory(lambda: work(compressor, made[0])) / len(made[0].encode())
    speed = sum(sizes) / 1e6 / sum(seconds)
    return Grown(compressor.name, seconds, peak, speed)


def _seconds(compressor: Compressor, text: str) -> float:
    gc.collect()
    start = time.process_time()
    work(compressor, text)
    return time.process_time() - start


@dataclass(frozen=True, slots=True)
class Speed:
    """One compressor over the items of a corpus that are routed to it."""

    compressor: str
    items: int
    megabytes: float
    mb_per_s: float


def over(items: Sequence[Item], lineup: Lineup) -> tuple[list[Speed], float]:
    """Return the speed of each compressor over a corpus, and the router's milliseconds for 10 KB."""
    spent: dict[str, list[tuple[int, float]]] = {}
    routing, characters = 0.0, 0
    for item in items:
        start = time.process_time()
        found = lineup.router.route(View(item.content), Hint(item.tool, str(item.args)), lineup.compressors)
        routing += time.process_time() - start
        characters += len(item.content)
        if found:
            size = len(item.content.encode("utf-8", "surrogatepass"))
            spent.setdefault(found[0].name, []).append((size, _seconds(found[0], item.content)))
    speeds = [_speed(name, parts) for name, parts in sorted(spent.items())]
    return speeds, routing * 1e3 / (characters / 10_000)


def _speed(name: str, parts: Sequence[tuple[int, float]]) -> Speed:
    megabytes, seconds = sum(size for size, _ in parts) / 1e6, sum(spent for _, spent in parts)
    return Speed(name, len(parts), megabytes, megabytes / max(1e-9, seconds))


def bars(found: Sequence[Grown], router: float) -> list[Bar]:
    """Return the limits of the design with the worst figures."""
    slowest = max(found, key=lambda one: max(one.ratios))
    largest = max(found, key=lambda one: one.peak)
    return [
        Bar(f"twice the text, worst ({slowest.compressor})", max(slowest.ratios), 2.3, "x time"),
        Bar(f"peak memory, worst ({largest.compressor})", largest.peak, 6, "x text"),
        Bar("router, 10 KB of the corpus", router, 1, "ms"),
    ]


def report(corpus: str, items: Sequence[Item], sizes: Sequence[int] = SIZES) -> Report:
    """Measure everything."""
    lineup = lineup_of(tuple(DEFAULT_TRANSFORMS))
    found = [grown(compressor, sizes) for compressor in lineup.compressors]
    speeds, router = over(items, lineup)
    names = [f"{size / 1e6:g} MB ms" for size in sizes]
    heading = ("compressor", *names, *[f"x{number}" for number in range(1, len(sizes))], "MB/s", "peak x")
    growth = Table("Growth", heading, [one.row for one in found])
    rows = [(one.compressor, str(one.items), f"{one.megabytes:.2f}", f"{one.mb_per_s:.1f}") for one in speeds]
    speed = Table(f"Speed over real outputs ({corpus})", ("compressor", "items", "MB", "MB/s"), rows)
    data = {"growth": [asdict(one) for one in found], "speed": [asdict(one) for one in speeds], "router_ms": router}
    return Report("scaling", _INTRO, [growth, speed], bars(found, router), data)


def main() -> int:
    """Measure, print and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", nargs="?", help="folder of items; else the shared corpus, or one recorded here")
    name, items = chosen(parser.parse_args().corpus)
    publish(report(name, [item for item in items if item.kind != CONVERSATION]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
