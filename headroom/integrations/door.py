"""What the transports of one client share: settings, the middleware with its pipeline, and the counts."""

from __future__ import annotations

from collections import Counter
from functools import partial
from threading import Lock

from headroom.ccr.opening import with_tool
from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.integrations.body import Receive, Scope, Send
from headroom.integrations.passage import PASSAGE
from headroom.pipeline import Exchange, Pipeline, PipelineEvent, PipelineStage
from headroom.proxy.config import ProxyConfig
from headroom.state import Store

TOKENS = ("tokens_before", "tokens_after", "tokens_saved")
"""What is counted of requests, by the names of an outcome's fields."""

_OF_ANSWERS = ("retrievals", "misses", "further_requests")


class Tally:
    """Counts requests and their tokens, as an observer of the pipeline. Safe to use from several threads."""

    stages = frozenset({PipelineStage.RESPONSE_RECEIVED})

    def __init__(self) -> None:
        self._lock = Lock()
        self._sums: Counter[str] = Counter()

    def on_pipeline_event(self, event: PipelineEvent) -> None:
        """Count a request that is over."""
        if event.exchange is not None:
            self.add(**_counts(event.exchange))

    def add(self, **numbers: int) -> None:
        """Add to the sums."""
        with self._lock:
            self._sums.update(numbers)

    def view(self) -> dict[str, int]:
        """Return the sums."""
        with self._lock:
            return {name: self._sums[name] for name in ("requests", *TOKENS, *_OF_ANSWERS)}


def _counts(exchange: Exchange) -> dict[str, int]:
    counts = {"requests": 1, **{name: getattr(exchange, name) for name in _OF_ANSWERS}}
    if exchange.outcome is None:
        return counts
    return counts | {name: getattr(exchange.outcome, name) for name in TOKENS}


class Door:
    """The middleware in front of whatever transport a request comes with.

    Retrieval is through the tool, unless the configuration names another way or none; where there is no place to keep
    the key of the handles, it is off. `store` takes the place of the configured one and is not closed here. With
    `audit` everything is measured and nothing changed. Raises ConfigError or StoreError for settings that cannot be
    used.
    """

    def __init__(self, config: ProxyConfig | None = None, *, store: Store | None = None, audit: bool = False) -> None:
        self.tally = Tally()
        self.audit = audit
        self._is_store_given = store is not None
        given = config or ProxyConfig()
        observers = [*given.pipeline_extensions, self.tally]
        observed = given.model_copy(update={"pipeline_extensions": observers})
        self.house = with_tool(observed, partial(self._built, store))

    @property
    def config(self) -> ProxyConfig:
        """The settings, as they are used."""
        return self.house.config

    def close(self) -> None:
        """Close the store, if it was opened here."""
        if not self._is_store_given:
            self.house.pipeline.store.close()

    def _built(self, store: Store | None, config: ProxyConfig) -> HeadroomASGIMiddleware:
        if store is None:
            return HeadroomASGIMiddleware(self._ask, config)
        house = HeadroomASGIMiddleware(self._ask, config.model_copy(update={"store": "memory:"}))
        house.pipeline = Pipeline.of(config, store)
        return house

    async def _ask(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be the inner app of the middleware: ask through the transport that the request came with."""
        await scope[PASSAGE].ask(scope, receive, send)
