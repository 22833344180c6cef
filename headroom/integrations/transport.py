"""The transport: requests of an `httpx` or `httpx2` client get shorter on their way, calls for originals are answered.

The requests run through the ASGI middleware, with the inner transport as its app; so everything that holds for the
middleware holds here.

A failure of ours before the answer has begun sends the request as it came, unless an interceptor that fails closed must
see what is sent. Requests that are no LLM calls go to the inner transport as they are, and so comes its answer; so do
requests whose headers vouch for their body.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING, Any

from headroom.integrations.door import Door
from headroom.integrations.passage import AsyncPassage, SyncPassage, is_signed

if TYPE_CHECKING:
    from headroom.proxy.config import ProxyConfig
    from headroom.state import Store


class HeadroomTransport:
    """A transport in front of another one, of either library.

    `config` and `store` are as in `Door`; transports of one client share a `door` instead. Errors of the inner
    transport are raised as they are.
    """

    def __init__(
        self, inner: Any, config: ProxyConfig | None = None, *, store: Store | None = None, door: Door | None = None
    ) -> None:
        self._inner = inner
        self._door = door or Door(config, store=store)
        self._is_door_given = door is not None

    def get_stats(self) -> dict[str, int]:
        """Return the counts of requests and tokens; see `HeadroomClient.get_stats`."""
        return self._door.tally.view()

    def handle_request(self, request: Any) -> Any:
        """Send a request; return its answer."""
        if is_signed(request):
            return self._inner.handle_request(request)
        passage = SyncPassage(request, self._inner, self._door.house, audit=self._door.audit)
        try:
            start = passage.next()
        except BaseException:
            passage.close()
            raise
        if start is None:
            passage.close()
            if passage.must_not_go_on():
                raise passage.broken_off()
            return self._inner.handle_request(request)
        return passage.answer(start, _streams(passage.library)[0](passage))

    def close(self) -> None:
        """Close the inner transport, and the store if it was opened here."""
        self._inner.close()
        if not self._is_door_given:
            self._door.close()

    def __enter__(self) -> HeadroomTransport:
        self._inner.__enter__()
        return self

    def __exit__(self, *failure: Any) -> None:
        self._inner.__exit__(*failure)
        if not self._is_door_given:
            self._door.close()


class AsyncHeadroomTransport:
    """The same for clients that are awaited."""

    def __init__(
        self, inner: Any, config: ProxyConfig | None = None, *, store: Store | None = None, door: Door | None = None
    ) -> None:
        self._inner = inner
        self._door = door or Door(config, store=store)
        self._is_door_given = door is not None

    def get_stats(self) -> dict[str, int]:
        """Return the counts of requests and tokens; see `HeadroomClient.get_stats`."""
        return self._door.tally.view()

    async def handle_async_request(self, request: Any) -> Any:
        """Send a request; return its answer."""
        if is_signed(request):
            return await self._inner.handle_async_request(request)
        passage = AsyncPassage(request, self._inner, self._door.house, audit=self._door.audit)
        try:
            start = await passage.next()
        except BaseException:
            await passage.aclose()
            raise
        if start is None:
            await passage.aclose()
            if passage.must_not_go_on():
                raise passage.broken_off()
            return await self._inner.handle_async_request(request)
        return passage.answer(start, _streams(passage.library)[1](passage))

    async def aclose(self) -> None:
        """Close the inner transport, and the store if it was opened here."""
        await self._inner.aclose()
        if not self._is_door_given:
            self._door.close()

    async def __aenter__(self) -> AsyncHeadroomTransport:
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._inner.__aexit__(kind, error, trace)
        if not self._is_door_given:
            self._door.close()


class _Stream:
    """The body of an answer, message by message as it is read."""

    def __init__(self, passage: SyncPassage) -> None:
        self._passage = passage

    def __iter__(self) -> Iterator[bytes]:
        while (message := self._passage.next()) is not None:
            if message.get("body"):
                yield message["body"]
            if self._passage.is_whole:
                return
        raise self._passage.broken_off()

    def close(self) -> None:
        self._passage.close()


class _AsyncStream:
    """The same, awaited."""

    def __init__(self, passage: AsyncPassage) -> None:
        self._passage = passage

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (message := await self._passage.next()) is not None:
            if message.get("body"):
                yield message["body"]
            if self._passage.is_whole:
                return
        raise self._passage.broken_off()

    async def aclose(self) -> None:
        await self._passage.aclose()


@lru_cache(maxsize=2)
def _streams(library: Any) -> tuple[type[Any], type[Any]]:
    """Return the types of streams as a library takes them: it insists on types of its own."""
    return type("Stream", (_Stream, library.SyncByteStream), {}), type(
        "AsyncStream", (_AsyncStream, library.AsyncByteStream), {}
    )
