"""The ledger as Prometheus metrics, made at every scrape: of all workers, whichever of them is asked.

Nothing is counted twice and nothing is paid on the request path.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from headroom.proxy.stats import Histogram, Ledger

__all__ = ["CONTENT_TYPE_LATEST", "LedgerCollector", "exposition", "registry_of"]


class LedgerCollector(Collector):
    """Yields every figure of a ledger under its metric name."""

    def __init__(self, ledger: Ledger, version: str) -> None:
        self._ledger = ledger
        self._version = version

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        ledger = self._ledger
        build = GaugeMetricFamily("headroom_build_info", "Version of the proxy.", labels=["version"])
        build.add_metric([self._version], 1)
        yield build
        yield from _traffic(ledger)
        yield from _compression(ledger)
        yield from _retrieval(ledger)
        yield from _response_cache(ledger)
        yield _histogram("headroom_request_overhead_seconds", "Time that we added to a request.", ledger.overhead)
        yield _histogram(
            "headroom_time_to_first_byte_seconds", "Until the first byte of the answer.", ledger.first_byte
        )
        yield _histogram("headroom_request_duration_seconds", "Until the last byte of the answer.", ledger.total)


def registry_of(ledger: Ledger, version: str) -> CollectorRegistry:
    """Return a registry that holds a ledger's metrics and nothing else."""
    registry = CollectorRegistry()
    registry.register(LedgerCollector(ledger, version))
    return registry


def exposition(registry: CollectorRegistry) -> bytes:
    """Return the metrics in the text format whose content type is `CONTENT_TYPE_LATEST`."""
    return generate_latest(registry)


def _traffic(ledger: Ledger) -> Iterator[Metric]:
    labels = ["route", "provider", "model", "status"]
    requests = CounterMetricFamily("headroom_requests", "Requests of LLM routes.", labels=labels)
    for key, count in ledger.requests.items():
        requests.add_metric(list(key), count)
    yield requests
    failures = CounterMetricFamily("headroom_failures", "Requests that failed on the way, by code.", labels=["code"])
    for code, count in ledger.failures.items():
        failures.add_metric([code], count)
    yield failures
    refusals = CounterMetricFamily("headroom_refusals", "Requests refused by limits, by code.", labels=["code"])
    for code, count in ledger.refusals.items():
        refusals.add_metric([code], count)
    yield refusals
    unread = CounterMetricFamily("headroom_passed_unread", "Bodies passed on unread, by cause.", labels=["cause"])
    for cause, count in ledger.passed_unread.items():
        unread.add_metric([cause], count)
    yield unread
    tokens = CounterMetricFamily(
        "headroom_provider_tokens", "Tokens as the provider reported them.", labels=["provider", "kind"]
    )
    for pair, count in ledger.provider_tokens.items():
        tokens.add_metric(list(pair), count)
    yield tokens


def _compression(ledger: Ledger) -> Iterator[Metric]:
    blocks = CounterMetricFamily("headroom_blocks", "Blocks of text by what was decided.", labels=["reason"])
    before = CounterMetricFamily("headroom_tokens_before", "Tokens of blocks as they came.", labels=["reason"])
    after = CounterMetricFamily("headroom_tokens_after", "Tokens of blocks as they were sent.", labels=["reason"])
    for reason, part in ledger.reasons.items():
        blocks.add_metric([reason], part.blocks)
        before.add_metric([reason], part.tokens_before)
        after.add_metric([reason], part.tokens_after)
    yield from (blocks, before, after)
    labels = ["compressor"]
    tried = CounterMetricFamily("headroom_compressor_blocks", "Blocks given to a compressor.", labels=labels)
    given = CounterMetricFamily("headroom_compressor_tokens_before", "Tokens given to a compressor.", labels=labels)
    sent = CounterMetricFamily("headroom_compressor_tokens_after", "Tokens sent after a compressor.", labels=labels)
    seconds = CounterMetricFamily("headroom_compressor_seconds", "Time spent in a compressor.", labels=labels)
    for name, part in ledger.compressors.items():
        tried.add_metric([name], part.blocks)
        given.add_metric([name], part.tokens_before)
        sent.add_metric([name], part.tokens_after)
        seconds.add_metric([name], part.seconds)
    yield from (tried, given, sent, seconds)


def _retrieval(ledger: Ledger) -> Iterator[Metric]:
    labels = ["kept"]
    before = CounterMetricFamily("headroom_kept_tokens_before", "Tokens of what was shortened.", labels=labels)
    after = CounterMetricFamily("headroom_kept_tokens_after", "Tokens sent for it, notes included.", labels=labels)
    for name, part in ledger.kept.items():
        before.add_metric([name], part.tokens_before)
        after.add_metric([name], part.tokens_after)
    yield from (before, after)
    calls = CounterMetricFamily("headroom_retrievals", "Calls of models for originals.", labels=["found"])
    calls.add_metric(["yes"], ledger.retrieval["calls"] - ledger.retrieval["misses"])
    calls.add_metric(["no"], ledger.retrieval["misses"])
    yield calls
    further = CounterMetricFamily("headroom_further_requests", "Requests made to answer these calls.")
    further.add_metric([], ledger.retrieval["further_requests"])
    yield further


def _response_cache(ledger: Ledger) -> Iterator[Metric]:
    asked = CounterMetricFamily(
        "headroom_response_cache_requests", "Requests that the response cache is for.", labels=["result"]
    )
    for result, name in (("hit", "hits"), ("miss", "misses")):
        asked.add_metric([result], ledger.response_cache[name])
    yield asked
    failures = CounterMetricFamily("headroom_response_cache_failures", "Times that it could not be asked.")
    failures.add_metric([], ledger.response_cache["failures"])
    yield failures
    tokens = CounterMetricFamily(
        "headroom_response_cache_tokens", "Tokens that its hits did not have to buy.", labels=["kind"]
    )
    for kind in ("input", "output"):
        tokens.add_metric([kind], ledger.response_cache[kind])
    yield tokens


def _histogram(name: str, text: str, values: Histogram) -> Metric:
    return HistogramMetricFamily(name, text, buckets=values.buckets, sum_value=values.sum)
