"""One request of an HTTP client on its way through the middleware: ASGI on one side, a transport on the other.

For every request to the provider the middleware calls its inner app, `Passage.ask`: the transport, spoken to in ASGI.
Whatever the transport raises, its caller gets, as if nobody stood between them.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Awaitable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, TypeVar

from headroom.integrations.asgi import MARK, HeadroomASGIMiddleware, is_vouched_for
from headroom.integrations.body import Message, Receive, Scope, Send
from headroom.integrations.steps import Handover, Steps

T = TypeVar("T")

PASSAGE = "headroom.passage"
"""Key of the scope under which the inner app finds the passage that it is called for."""

_LIBRARIES = ("httpx", "httpx2")
# What the middleware reads is meant for it; the rest (x-headroom-upstream) for a proxy behind it.
_READ_HERE = frozenset({b"x-headroom-bypass", b"x-headroom-lossless", b"x-headroom-mode", b"x-headroom-tier"})


class GoneError(Exception):
    """The caller has closed an answer before its end."""


def library_of(value: Any) -> Any:
    """Return the module `httpx` or `httpx2` that the type of a value derives from, None if from neither."""
    roots = (kind.__module__.partition(".")[0] for kind in type(value).__mro__)
    return next((sys.modules[root] for root in roots if root in _LIBRARIES), None)


def is_signed(request: Any) -> bool:
    """Say whether the headers of a request vouch for its body."""
    return is_vouched_for({name.lower(): value for name, value in request.headers.raw})


class _Errors(AbstractContextManager["_Errors"]):
    """Keeps the error that ends the block, so that it can be handed over."""

    def __init__(self) -> None:
        self.error: Exception = GoneError()

    def __exit__(self, _: object, error: BaseException | None, __: TracebackType | None) -> bool:
        if not isinstance(error, Exception):
            return False
        self.error = error
        return True


class Passage(ABC):
    """One request, and its answer as the caller takes it. `is_whole` says that its last message has been taken.

    With `audit` the provider gets the request as it came, whatever the middleware makes of it.
    """

    def __init__(self, request: Any, inner: Any, house: HeadroomASGIMiddleware, *, audit: bool) -> None:
        self.library = library_of(request)
        self.is_whole = False
        self._request = request
        self._inner = inner
        self._audit = audit
        self._house = house
        self._headers: list[tuple[bytes, bytes]] = list(request.headers.raw)
        self._body: bytes | None = None
        self._response: Any = None
        self._steps = Steps(house(self._scope(), self._receive, self._send), house.pipeline.guard, "transport")

    def answer(self, start: Message, stream: Any) -> Any:
        """Return the answer that begins with this message, in the caller's library."""
        extensions = {} if self._response is None else self._response.extensions
        return self.library.Response(start["status"], headers=start["headers"], stream=stream, extensions=extensions)

    def must_not_go_on(self) -> bool:
        """Say whether the request must not be sent as it came: we have failed, and a policy must see what is sent."""
        return self._steps.has_failed and self._house.pipeline.has_policy

    def broken_off(self) -> Exception:
        """Return the error for an answer that has no end."""
        error: Exception = self.library.RemoteProtocolError("the answer broke off", request=self._request)
        return error

    async def ask(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask the provider. What is no LLM call is not asked: the transport's caller sends it as it came."""
        if MARK not in scope:
            return
        message = await receive()
        request = self._request_for(scope["headers"], message["body"])
        response = self._response = await self._or_handed_over(self._sent(request))
        await send({"type": "http.response.start", "status": response.status_code, "headers": response.headers.raw})
        chunks = self._chunks(response)
        while (chunk := await self._or_handed_over(self._next(chunks))) is not None:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await self._or_handed_over(self._closed(response))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _scope(self) -> Scope:
        """Return the request in the terms of ASGI (HTTP connection scope)."""
        url = self._request.url
        return {
            "type": "http",
            "method": self._request.method,
            "path": url.path,
            "raw_path": url.raw_path,
            "query_string": url.query,
            "headers": self._headers,
            PASSAGE: self,
        }

    async def _receive(self) -> Message:
        """Give the request's body in one message, then nothing more."""
        if self._body is not None:
            return {"type": "http.disconnect"}
        self._body = await self._or_handed_over(self._read())
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def _send(self, message: Message) -> None:
        await Handover(message)

    def _request_for(self, headers: list[tuple[bytes, bytes]], body: bytes) -> Any:
        """Return the request to send: the very one that came, if nothing is changed in it."""
        kept = [pair for pair in headers if pair[0].lower() not in _READ_HERE]
        if self._audit or (body is self._body and kept == self._headers):
            return self._request
        came = self._request
        return self.library.Request(came.method, came.url, headers=kept, content=body, extensions=came.extensions)

    async def _or_handed_over(self, work: Awaitable[T]) -> T:
        """Return what the transport gives. What it raises is the caller's, and the last that the caller gets."""
        errors = _Errors()
        with errors:
            return await work
        await Handover(errors.error)
        raise errors.error

    def _checked(self, message: Message | Exception | None) -> Message | None:
        """Return a message; raise what the transport has raised."""
        if isinstance(message, Exception):
            self._steps.end(message)
            raise message
        kind, more = (message["type"], message.get("more_body", False)) if message else ("", False)
        self.is_whole = kind == "http.response.body" and not more
        return message

    # ---- what differs between a transport that waits and one that is awaited

    @abstractmethod
    async def _read(self) -> bytes:
        """Return the request's body."""

    @abstractmethod
    async def _sent(self, request: Any) -> Any:
        """Return the provider's answer to a request."""

    @abstractmethod
    def _chunks(self, response: Any) -> Any:
        """Return an iterator over the bytes of an answer as they come."""

    @abstractmethod
    async def _next(self, chunks: Any) -> bytes | None:
        """Return the next of them, None at the end."""

    @abstractmethod
    async def _closed(self, response: Any) -> None:
        """Give the connection back."""


class SyncPassage(Passage):
    """Through a transport that waits."""

    def next(self) -> Message | None:
        """Return the next message of the answer, None if there is none. Raises what the transport raises."""
        return self._checked(self._steps.next_message())

    def close(self) -> None:
        """Let go of the answer, at its end or before. The middleware gets to know which of the two it was."""
        if self.is_whole:
            self.next()
        self._steps.end(GoneError())
        if self._response is not None:
            self._response.close()

    async def _read(self) -> bytes:
        body: bytes = self._request.read()
        return body

    async def _sent(self, request: Any) -> Any:
        return self._inner.handle_request(request)

    def _chunks(self, response: Any) -> Any:
        return iter(response.stream)

    async def _next(self, chunks: Any) -> bytes | None:
        return next(chunks, None)

    async def _closed(self, response: Any) -> None:
        response.close()


class AsyncPassage(Passage):
    """Through a transport that is awaited."""

    async def next(self) -> Message | None:
        """Return the next message of the answer, None if there is none. Raises what the transport raises."""
        return self._checked(await self._steps.next_message_async())

    async def aclose(self) -> None:
        """Let go of the answer, at its end or before. The middleware gets to know which of the two it was."""
        if self.is_whole:
            await self.next()
        self._steps.end(GoneError())
        if self._response is not None:
            await self._response.aclose()

    async def _read(self) -> bytes:
        body: bytes = await self._request.aread()
        return body

    async def _sent(self, request: Any) -> Any:
        return await self._inner.handle_async_request(request)

    def _chunks(self, response: Any) -> Any:
        return aiter(response.stream)

    async def _next(self, chunks: Any) -> bytes | None:
        return await anext(chunks, None)

    async def _closed(self, response: Any) -> None:
        await response.aclose()
