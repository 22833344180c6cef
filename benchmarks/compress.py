"""`python -m benchmarks.compress [CORPUS]`: tokens saved, and what stayed visible, over real tool outputs.

Probes are facts found in the original alone (see `benchmarks.probes`). Every item is compressed twice from scratch.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal

from pydantic import SecretStr

from benchmarks.corpus import Item, Messages, chosen
from benchmarks.peer_worker import WARM_UP
from benchmarks.peers import PEERS, Peer, PeerError, answers
from benchmarks.report import Bar, Report, Table, publish
from benchmarks.scoring import HEADING, MODEL, Answer, Score, Summary, score, share, summaries
from headroom.blocks import Channel
from headroom.compress import compress
from headroom.proxy.config import ProxyConfig
from headroom.state.memory import MemoryStore

Tier = Literal["plain", "legend", "max"]
TIERS: tuple[Tier, ...] = ("plain", "legend", "max")
DEFAULT: Tier = "legend"
HANDLES = "with handles"
"""The default tier for a reader with the retrieval tool: things may be left out."""
_KEY = SecretStr("benchmark")
_INTRO = (
    "Real tool outputs ({corpus}), each as the last message of a short chat. Tokens are those of o200k. `critical` and "
    "`needles` are shares of the facts looked for that stand verbatim in the output, or by all their words. CPU is "
    "that of one item new to a pipeline that stands, the proof that it can be restored included; speed is over all "
    "items. `longer` counts items that grew, `unequal` those of which two runs made different things."
)


@dataclass(frozen=True, slots=True)
class Way:
    """A named way to compress items; `cannot` says why it did not run."""

    name: str
    scores: Sequence[Score] = ()
    cannot: str = ""

    @property
    def summaries(self) -> list[Summary]:
        """The sums by kind, those of all tool outputs first."""
        return summaries(self.scores)


def ours(tier: Tier, items: Sequence[Item]) -> list[Answer]:
    """Compress the items with this package, each with a memory of its own."""
    compress(WARM_UP, MODEL)
    return [_answer(tier, item.as_messages()) for item in items]


def _answer(tier: Tier, messages: Messages) -> Answer:
    runs = [_timed(messages, ProxyConfig(lossless_tier=tier)) for _ in range(2)]
    (made, cpu_ms), (again, _) = runs
    return Answer(made, again, cpu_ms)


def with_handles(items: Sequence[Item]) -> list[Answer]:
    """Compress the items for a reader with the retrieval tool, each with a memory and a store of its own."""
    compress(WARM_UP, MODEL)
    return [_reversible(item.as_messages()) for item in items]


def _reversible(messages: Messages) -> Answer:
    runs = []
    for _ in range(2):
        config, store = ProxyConfig(marker_key=_KEY), MemoryStore()
        runs.append(_timed(messages, config, store=store, capability=Channel.TOOL))
    (made, cpu_ms), (again, _) = runs
    return Answer(made, again, cpu_ms)


def _timed(messages: Messages, config: ProxyConfig, **reader: Any) -> tuple[Messages, float]:
    """Compress with a pipeline that stands, as that of a proxy does, and has not seen these messages."""
    compress(WARM_UP, MODEL, config=config, **reader)
    start = time.process_time()
    made: Messages = compress(messages, MODEL, config=config, **reader).messages
    return made, (time.process_time() - start) * 1e3


def run(name: str, method: Callable[[Sequence[Item]], Sequence[Answer]], items: Sequence[Item]) -> Way:
    """Let a way work on the items and score what it makes of them.

    What this process holds itself is kept from the collector, as in a proxy that has started.
    """
    gc.collect()
    gc.freeze()
    try:
        made = method(items)
    except PeerError as error:
        return Way(name, cannot=str(error))
    return Way(name, [score(item, answer) for item, answer in zip(items, made, strict=True)])


def ways(items: Sequence[Item], tiers: Sequence[Tier], peers: Sequence[Peer]) -> list[Way]:
    """Run our tiers and the peers."""
    found = [run(tier, partial(ours, tier), items) for tier in tiers]
    found.append(run(HANDLES, with_handles, items))
    return [*found, *(run(peer.requirement, partial(answers, peer), items) for peer in peers)]


def tables(found: Sequence[Way]) -> list[Table]:
    """Return all ways side by side, and ours by kind."""
    side = Table("All tool outputs, way by way", ("way", *HEADING[1:]), [_row(way) for way in found])
    shown = [_default(found), *(way for way in found if way.name == HANDLES)]
    return [side, *(Table(f"By kind, {way.name}", HEADING, [kind.row for kind in way.summaries]) for way in shown)]


def _row(way: Way) -> tuple[str, ...]:
    if way.cannot:
        return (way.name, *[""] * (len(HEADING) - 2), f"not here: {way.cannot}")
    return (way.name, *way.summaries[0].row[1:])


def by_kind(found: Sequence[Way]) -> Table:
    """Return the tokens that each way saves of each kind, in per cent."""
    ran = [way for way in found if not way.cannot]
    saved = [{kind.kind: f"{kind.saved:.1f}" for kind in way.summaries} for way in ran]
    rows = [(kind, *(way.get(kind, "-") for way in saved)) for kind in saved[0]]
    return Table("Tokens saved in per cent, way by way", ("kind", *(way.name for way in ran)), rows)


def bars(found: Sequence[Way]) -> list[Bar]:
    """Return the limits of the design with the figures of the default tier."""
    whole = _default(found).summaries[0]
    critical, needles = whole.critical, whole.needles
    less = next((way for way in found if way.name == HANDLES), _default(found)).summaries[0]
    return [
        Bar("tokens saved", whole.saved, 33, "%", at_least=True),
        Bar("critical facts, verbatim", share(critical.verbatim, critical.tried), 0.93, at_least=True),
        Bar("critical facts, by words", share(critical.words, critical.tried), 0.995, at_least=True),
        Bar("needles, by words", share(needles.words, needles.tried), 0.998, at_least=True),
        Bar("CPU an item, median", whole.cpu_ms, 5, "ms"),
        Bar("speed", whole.mb_per_s, 15, "MB/s", at_least=True),
        Bar("items that grew", whole.inflated, 0),
        Bar("items with unequal runs", whole.nondeterministic, 0),
        Bar("tokens saved, with handles", less.saved, 58, "%", at_least=True),
        Bar(
            "critical facts visible by words, with handles",
            share(less.critical.words, less.critical.tried),
            0.99,
            at_least=True,
        ),
    ]


def _default(found: Sequence[Way]) -> Way:
    return next((way for way in found if way.name == DEFAULT), found[0])


def report(corpus: str, items: Sequence[Item], tiers: Sequence[Tier] = TIERS, peers: Sequence[Peer] = ()) -> Report:
    """Measure everything."""
    found = ways(items, tiers, peers)
    shown = [*tables(found), by_kind(found)]
    data = {way.name: _as_json(way) for way in found}
    return Report("compress", _INTRO.format(corpus=corpus), shown, bars(found), data)


def _as_json(way: Way) -> dict[str, Any]:
    return {
        "cannot": way.cannot,
        "kinds": [asdict(kind) for kind in way.summaries],
        "items": [asdict(one) for one in way.scores],
    }


def main() -> int:
    """Measure, print and publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="?", help="folder of items; else the shared corpus, or one recorded here")
    parser.add_argument("--peers", action="store_true", help="run other libraries beside ours")
    parser.add_argument("--only", help="only items of this kind")
    parser.add_argument("--tier", action="append", choices=TIERS, help="only this tier (more than once: these)")
    options = parser.parse_args()
    name, items = chosen(options.corpus)
    items = [item for item in items if options.only in (None, item.kind)]
    publish(report(name, items, options.tier or TIERS, PEERS if options.peers else ()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
