"""What became of each item, and the sums over items of a kind."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

from benchmarks.corpus import CONVERSATION, Item, Messages
from benchmarks.probes import Recall, normal, probes_of, recall
from headroom.tokens import count

MODEL = "gpt-4o"
ALL = "all tool outputs"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an item: the messages, made twice, and the CPU milliseconds of the first time."""

    messages: Messages
    again: Messages
    cpu_ms: float


Method = Callable[[Sequence[Item]], Sequence[Answer]]


@dataclass(frozen=True, slots=True)
class Score:
    """One item under one method. Tokens are those of the text that the model reads, `bytes` those of the original."""

    id: str
    kind: str
    before: int
    after: int
    bytes: int
    cpu_ms: float
    critical: Recall
    needles: Recall
    deterministic: bool


def score(item: Item, answer: Answer) -> Score:
    """Compare what came out with what went in."""
    original, text = item.text_of(item.as_messages()), item.text_of(answer.messages)
    probes = None if item.kind == CONVERSATION else probes_of(item)
    shown = normal(text)
    return Score(
        item.id,
        item.kind,
        before=count(original, MODEL),
        after=count(text, MODEL),
        bytes=len(original.encode("utf-8", "surrogatepass")),
        cpu_ms=answer.cpu_ms,
        critical=recall(probes.critical, shown) if probes else Recall(),
        needles=recall(probes.needles, shown) if probes else Recall(),
        deterministic=answer.messages == answer.again,
    )


@dataclass(frozen=True, slots=True)
class Summary:
    """All items of a kind. Shares are in 0 to 1, `saved` in per cent, speed in MB of original text a CPU second."""

    kind: str
    items: int
    tokens: int
    saved: float
    critical: Recall
    needles: Recall
    cpu_ms: float
    mb_per_s: float
    inflated: int
    nondeterministic: int

    @property
    def row(self) -> tuple[str, ...]:
        """The kind as a row of a table."""
        return (
            self.kind,
            str(self.items),
            f"{self.tokens:,}",
            f"{self.saved:.1f}",
            *(_share(part, of.tried) for of in (self.critical, self.needles) for part in (of.verbatim, of.words)),
            f"{self.cpu_ms:.1f}",
            f"{self.mb_per_s:.1f}",
            str(self.inflated),
            str(self.nondeterministic),
        )


HEADING = (
    "kind",
    "items",
    "tokens",
    "saved %",
    "critical",
    "by words",
    "needles",
    "by words",
    "CPU ms p50",
    "MB/s",
    "longer",
    "unequal",
)
"""The columns of `Summary.row`."""


def summaries(scores: Sequence[Score]) -> list[Summary]:
    """Return a summary of each kind, and one of all tool outputs first."""
    kinds: dict[str, list[Score]] = {ALL: [one for one in scores if one.kind != CONVERSATION]}
    for one in sorted(scores, key=lambda one: one.kind):
        kinds.setdefault(one.kind, []).append(one)
    return [summary(kind, members) for kind, members in kinds.items() if members]


def summary(kind: str, scores: Sequence[Score]) -> Summary:
    """Sum up scores."""
    before, after = sum(one.before for one in scores), sum(one.after for one in scores)
    milliseconds = sum(one.cpu_ms for one in scores)
    return Summary(
        kind,
        len(scores),
        before,
        saved=100 * (1 - after / max(1, before)),
        critical=_sum(one.critical for one in scores),
        needles=_sum(one.needles for one in scores),
        cpu_ms=statistics.median(one.cpu_ms for one in scores),
        mb_per_s=sum(one.bytes for one in scores) / 1e3 / max(1e-6, milliseconds),
        inflated=sum(one.after > one.before for one in scores),
        nondeterministic=sum(not one.deterministic for one in scores),
    )


def share(kept: int, tried: int) -> float:
    """Return the share that was kept; all of nothing is 1."""
    return kept / tried if tried else 1.0


def _share(kept: int, tried: int) -> str:
    return f"{share(kept, tried):.3f}" if tried else "-"


def _sum(recalls: Iterable[Recall]) -> Recall:
    return reduce(Recall.plus, recalls, Recall())
