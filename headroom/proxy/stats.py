"""The live ledger: what came through, what was saved, and why not more.

Fed at RESPONSE_RECEIVED through the public seam, once a request. `/stats`, `/metrics` and the terminal are views
of this one ledger. Everything is bounded: labels by `fold`, timings by buckets and a window of recent requests.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from headroom.blocks import Decision
from headroom.pipeline.stages import Exchange, PipelineEvent, PipelineStage
from headroom.providers import Usage

MAX_LABELS = 50
"""Different values a label may take; whatever comes later is counted as `other`."""

WINDOW = 2048
"""How many recent durations percentiles are made of."""

_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0, 600.0)


class Histogram:
    """Seconds by bucket, with their sum, and exact percentiles of the most recent ones."""

    __slots__ = ("_recent", "counts", "sum")

    def __init__(self, counts: Sequence[int] = (), total: float = 0.0, recent: Iterable[float] = ()) -> None:
        self.counts = list(counts) or [0] * (len(_BUCKETS) + 1)
        self.sum = total
        self._recent: deque[float] = deque(recent, maxlen=WINDOW)

    def state(self, recent: int) -> tuple[list[int], float, list[float]]:
        """Return what another histogram is made from to be like this one, with that many of the recent durations."""
        return self.counts, self.sum, list(self._recent)[-recent:]

    def add(self, other: Histogram) -> None:
        """Add what another one has observed."""
        self.counts = [mine + more for mine, more in zip(self.counts, other.counts, strict=True)]
        self.sum += other.sum
        self._recent.extend(other._recent)

    def observe(self, seconds: float) -> None:
        """Add one duration."""
        self.counts[bisect_left(_BUCKETS, seconds)] += 1
        self.sum += seconds
        self._recent.append(seconds)

    @property
    def buckets(self) -> list[tuple[str, int]]:
        """Upper bounds and how many durations are at or below each, as Prometheus wants them."""
        pairs: list[tuple[str, int]] = []
        total = 0
        for bound, count in zip((*map(str, _BUCKETS), "+Inf"), self.counts, strict=True):
            total += count
            pairs.append((bound, total))
        return pairs

    def percentiles(self) -> dict[str, float | int]:
        """Return count, p50, p90 and p99 in milliseconds; the percentiles are of the last 2,048 requests."""
        ordered = sorted(self._recent)
        count = sum(self.counts)
        if not ordered:
            return {"count": count}
        at = {f"p{q}_ms": round(ordered[min(len(ordered) - 1, len(ordered) * q // 100)] * 1e3, 3) for q in (50, 90, 99)}
        return {"count": count, **at}


@dataclass(slots=True)
class Shrinkage:
    """What became of the blocks of one kind; tokens as counted by us."""

    blocks: int = 0
    tokens_before: int = 0
    tokens_after: int = 0
    seconds: float = 0.0

    def add(self, decision: Decision) -> None:
        """Count one block."""
        self.blocks += 1
        self.tokens_before += decision.tokens_before
        self.tokens_after += decision.tokens_after
        self.seconds += decision.microseconds / 1e6

    def add_all(self, other: Shrinkage) -> None:
        """Count the blocks of another one."""
        self.blocks += other.blocks
        self.tokens_before += other.tokens_before
        self.tokens_after += other.tokens_after
        self.seconds += other.seconds

    @property
    def view(self) -> dict[str, int]:
        """The figures for `/stats`."""
        return {
            "blocks": self.blocks,
            "tokens_before": self.tokens_before,
            "tokens_after": self.tokens_after,
            "tokens_saved": self.tokens_before - self.tokens_after,
        }


@dataclass(slots=True)
class Ledger:
    """All figures since the last reset. `requests` is keyed by route, provider, model and status.

    `kept` sums compressed blocks by what is kept of them: `lossless` forms, `references` to earlier outputs, and
    `handles` for what was left out. `retrieval` counts the model's `calls` for originals, `misses`, and the
    `further_requests` that they took; what those cost stands in the provider's tokens. `left_out` counts failures of
    plug-ins by name; the pipeline's guard counts into it. `response_cache` counts `hits`, `misses` and `failures`, and
    by `input` and `output` the tokens that hits did not have to buy; hits stand nowhere else.
    """

    requests: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    passed_unread: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, Shrinkage] = field(default_factory=dict)
    compressors: dict[str, Shrinkage] = field(default_factory=dict)
    kept: dict[str, Shrinkage] = field(default_factory=dict)
    retrieval: Counter[str] = field(default_factory=Counter)
    provider_tokens: Counter[tuple[str, str]] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    response_cache: Counter[str] = field(default_factory=Counter)
    overhead: Histogram = field(default_factory=Histogram)
    first_byte: Histogram = field(default_factory=Histogram)
    total: Histogram = field(default_factory=Histogram)


class Stats:
    """A pipeline extension that keeps the ledger."""

    stages = frozenset({PipelineStage.RESPONSE_RECEIVED})

    def __init__(self) -> None:
        self.ledger = Ledger()
        self._models: set[str] = set()

    def on_pipeline_event(self, event: PipelineEvent) -> None:
        """Book a complete exchange."""
        if event.stage is PipelineStage.RESPONSE_RECEIVED and event.exchange is not None:
            self._book(event.exchange)

    def refused(self, code: str) -> None:
        """Count a request that limits or budgets did not let through; it has no exchange."""
        self.ledger.refusals[code] += 1

    def spared(self, input_tokens: int, output_tokens: int) -> None:
        """Count a request that was answered from the response cache, and the tokens that were not bought for it."""
        self.ledger.response_cache.update(hits=1, input=input_tokens, output=output_tokens)

    def not_spared(self) -> None:
        """Count a request whose answer the response cache did not have."""
        self.ledger.response_cache["misses"] += 1

    def cache_failed(self) -> None:
        """Count a time that the response cache could not be asked."""
        self.ledger.response_cache["failures"] += 1

    def reset(self) -> None:
        """Begin a new ledger; Prometheus sees its counters begin anew."""
        left_out = self.ledger.left_out
        left_out.clear()
        self.ledger = Ledger(left_out=left_out)

    def _book(self, exchange: Exchange) -> None:
        ledger = self.ledger
        key = (exchange.route, exchange.provider, self._fold(exchange.model), str(exchange.status))
        ledger.requests[key] += 1
        ledger.overhead.observe(exchange.overhead)
        ledger.total.observe(exchange.total)
        if exchange.first_byte:
            ledger.first_byte.observe(exchange.first_byte)
        if exchange.error:
            ledger.failures[exchange.error] += 1
        calls = exchange.retrievals + exchange.misses
        if calls or exchange.further_requests:  # of a request that failed, calls may be known alone
            ledger.retrieval["calls"] += calls
            ledger.retrieval["misses"] += exchange.misses
            ledger.retrieval["further_requests"] += exchange.further_requests
        if exchange.usage is not None:
            _book_usage(ledger.provider_tokens, exchange.provider, exchange.usage)
        if exchange.outcome is not None:
            if exchange.outcome.note:
                ledger.passed_unread[exchange.outcome.note] += 1
            _book_decisions(ledger, exchange.outcome.decisions)

    def _fold(self, model: str) -> str:
        """Return the model as a label; names come from clients, so only the first ones get their own."""
        if model not in self._models:
            if len(self._models) >= MAX_LABELS:
                return "other"
            self._models.add(model)
        return model


def view_of(ledger: Ledger) -> dict[str, Any]:
    """Return the figures for `/stats`."""
    by = [_sums(ledger.requests, part) for part in range(4)]
    everything = _summed(ledger.reasons.values())
    return {
        "requests": {
            "total": ledger.requests.total(),
            "by_route": by[0],
            "by_provider": by[1],
            "by_model": by[2],
            "by_status": by[3],
        },
        "tokens": {name.removeprefix("tokens_"): n for name, n in everything.view.items() if name != "blocks"},
        "decisions": {
            "by_reason": _views(ledger.reasons),
            "by_compressor": _views(ledger.compressors),
            "by_kept": _views(ledger.kept),
        },
        "retrieval": {name: ledger.retrieval[name] for name in ("calls", "misses", "further_requests")},
        "provider_tokens": _nested(ledger.provider_tokens),
        "latency": {
            "overhead": ledger.overhead.percentiles(),
            "first_byte": ledger.first_byte.percentiles(),
            "total": ledger.total.percentiles(),
        },
        "passed_unread": dict(ledger.passed_unread),
        "failures": dict(ledger.failures),
        "refusals": dict(ledger.refusals),
        "response_cache": {
            **{name: ledger.response_cache[name] for name in ("hits", "misses", "failures")},
            "tokens_not_bought": {kind: ledger.response_cache[kind] for kind in ("input", "output")},
        },
        "left_out": dict(ledger.left_out),
    }


def _book_decisions(ledger: Ledger, decisions: Iterable[Decision]) -> None:
    for decision in decisions:
        _add(ledger.reasons, decision.reason.value, decision)
        if decision.compressor:
            _add(ledger.compressors, decision.compressor, decision)
            _add(ledger.kept, _kept(decision), decision)


def _add(parts: dict[str, Shrinkage], name: str, decision: Decision) -> None:
    if name not in parts:
        parts[name] = Shrinkage()
    parts[name].add(decision)


def _kept(decision: Decision) -> str:
    if decision.handle:
        return "handles"
    return "references" if decision.encoding.startswith("repeat.") else "lossless"


def _book_usage(tokens: Counter[tuple[str, str]], provider: str, usage: Usage) -> None:
    for kind in ("input", "output", "cache_read", "cache_write"):
        amount = getattr(usage, kind)
        if amount:
            tokens[provider, kind] += amount


def _sums(counts: Counter[tuple[str, str, str, str]], part: int) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for key, count in counts.items():
        sums[key[part]] += count
    return dict(sorted(sums.items()))


def _summed(parts: Iterable[Shrinkage]) -> Shrinkage:
    whole = Shrinkage()
    for part in parts:
        whole.add_all(part)
    return whole


def _views(parts: Mapping[str, Shrinkage]) -> dict[str, dict[str, int]]:
    return {name: parts[name].view for name in sorted(parts)}


def _nested(counts: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    nested: dict[str, dict[str, int]] = {}
    for (outer, inner), count in sorted(counts.items()):
        nested.setdefault(outer, {})[inner] = count
    return nested
