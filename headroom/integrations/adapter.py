"""What the adapters of frameworks share: texts that tools returned go in, what is to be sent in their place comes out.

    framework ─► adapter: its messages as turns ─► Adapter.shorten ─► new texts ─► adapter: copies of its messages

An adapter translates, nothing else: which text may change and into what is decided by the pipeline of every door.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from headroom.blocks import Channel, Payload
from headroom.ccr.retriever import Retriever
from headroom.compress import CompressResult, compress_with
from headroom.errors import ConfigError
from headroom.integrations.asgi import INLINE_BYTES
from headroom.integrations.door import TOKENS, Tally
from headroom.integrations.threads import in_thread
from headroom.integrations.transcript import Returned, Turn, at, payload_of
from headroom.pipeline import Pipeline
from headroom.proxy.config import ProxyConfig
from headroom.state import Store

T = TypeVar("T")

_LOCAL = "local"
_READERS = {"mcp": Channel.MCP, "shell": Channel.SHELL, "http": Channel.HTTP}


class Adapter:
    """One pipeline for one framework's adapter.

    Nothing is left out, unless with `retrieval` the adapter gives the model the tool `headroom_retrieve` itself and
    answers its calls by `retrieve`; or the configuration names another channel, and so vouches for the reader. `store`
    keeps originals in place of the configured one. Raises ConfigError or StoreError for settings that cannot be used.
    """

    def __init__(
        self, config: ProxyConfig | None = None, *, store: Store | None = None, retrieval: bool = False
    ) -> None:
        self.config = config or ProxyConfig()
        self._channel = Channel.TOOL if retrieval else _READERS.get(self.config.retrieval)
        settings = self.config if self._channel else self.config.model_copy(update={"retrieval": "off"})
        self._pipeline = Pipeline.of(settings, store, self._channel)
        self._is_store_given = store is not None
        self._tenant = self.config.one_tenant or _LOCAL
        self._tally = Tally()

    def shorten(self, turns: Iterable[Turn], model: str = "", *, keeps_results: bool = True) -> CompressResult:
        """Return what to send for each text that was returned, in order, as `messages`: a list of str.

        Without `keeps_results` none refers to an earlier one: for requests by which the provider may drop results by
        itself. Texts that stay are the very objects that came. Never raises for what stands in the turns.
        """
        turns = tuple(turns)
        payload, paths = payload_of(turns, model, keeps_results=keeps_results)
        result = self._counted(payload, model)
        texts = [turn.text for turn in turns if isinstance(turn, Returned)]
        if result.messages is not payload:
            texts = [at(result.messages, path) for path in paths]
        return replace(result, messages=texts)

    def shorten_body(self, payload: Payload, model: str = "") -> CompressResult:
        """Do the same to a request body in a provider's shape; `messages` is the body to send.

        The body is never mutated; what does not change is shared with it. It is the very same object if nothing does.
        """
        return self._counted(payload, model)

    def attempt(self, work: Callable[[], T], fallback: T) -> T:
        """Return what the work returns; if it raises anything, the fallback, and the failure is counted and logged.

        Whatever an adapter does with a framework's objects runs in here, so that the call goes on as it came.
        """
        return self._pipeline.guard.run("adapter", work, fallback)

    async def attempt_aside(self, work: Callable[[], T], fallback: T, size: int) -> T:
        """Do the same without keeping the event loop: texts of more than 16 KiB in all are worked on in a thread."""
        if size <= INLINE_BYTES and not self._pipeline.store.is_blocking:
            return self.attempt(work, fallback)
        return await in_thread(self.attempt, work, fallback)

    def retrieve(self, arguments: str | Mapping[str, Any]) -> str:
        """Answer a call of the tool `headroom_retrieve` with these arguments, as JSON text or as values. Never raises.

        Raises ConfigError only if this adapter leaves nothing out.
        """
        if self._pipeline.retrieval is None:
            raise ConfigError("retrieval is off, so there is nothing to retrieve")
        retriever = Retriever({}, self._pipeline.store, self._tenant, self._pipeline.retrieval.mint)
        answer = retriever.answer(arguments)
        self._tally.add(retrievals=retriever.retrievals, misses=retriever.misses)
        return answer

    def stats(self) -> dict[str, int]:
        """Return `requests`, `tokens_before`, `tokens_after`, `tokens_saved`, `retrievals`, `misses`, `failures`."""
        return self._tally.view() | {"failures": self._pipeline.guard.failures.total()}

    def close(self) -> None:
        """Close the store, if it was opened here."""
        if not self._is_store_given:
            self._pipeline.store.close()

    def _counted(self, payload: Payload, model: str) -> CompressResult:
        result = compress_with(self._pipeline, payload, model, tenant=self._tenant)
        self._tally.add(requests=1, **{name: getattr(result, name) for name in TOKENS})
        return result
