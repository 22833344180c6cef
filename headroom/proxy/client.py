"""The client's side of one forwarded request: its body, its leaving, and the answer it is sent.

One task reads from the client at any time: the upload while there is one, then a watcher that waits for the client
to leave. Either cancels the forwarding task, so that the upstream call ends at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from typing import Any
from uuid import uuid4

from headroom.errors import BodyTooLargeError, RequestError, UpstreamError, UpstreamTimeoutError
from headroom.integrations.body import Receive, Scope, Send
from headroom.pipeline import Exchange
from headroom.providers.vendors import Vendor, error_body

_SLICE = 65_536
_log = logging.getLogger("headroom.proxy")


class ClientLeftError(Exception):
    """The client closed its connection before it had its answer."""


class Client:
    """One request's client. Made per request; `run` wraps everything that is done for it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, write_timeout: float) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._write_timeout = write_timeout
        self._task: asyncio.Task[Any] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._why: Exception | None = None
        self._started = False
        self._finished = False
        self._first = b""
        self.streams_body = False

    async def run(self, work: Coroutine[Any, Any, None], vendor: Vendor) -> None:
        """Do the work; on failure tell the client in the vendor's shape, or break off a begun answer."""
        self._task = asyncio.current_task()
        try:
            await self._uncancelled(work)
        except ClientLeftError:
            self._note("client_left")
        except (RequestError, UpstreamError) as error:
            self._note(error.code)
            await self._refuse(error, vendor)
        finally:
            if self._watcher is not None:
                self._watcher.cancel()

    async def _uncancelled(self, work: Coroutine[Any, Any, None]) -> None:
        """Await the work; if we have ended it, raise the reason in the place of whatever came of that."""
        try:
            await work
        except (asyncio.CancelledError, ClientLeftError, RequestError, UpstreamError) as error:
            if self._why is None or self._task is None:
                raise
            if not isinstance(error, asyncio.CancelledError):
                # Who reads the upload may say that it broke off before our cancellation gets there: it is taken here.
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(0)
            if self._task.uncancel() > 0:
                raise asyncio.CancelledError from None
            raise self._why from None

    # ---- the request

    async def open(self) -> None:
        """Read the first part of the body; from here on the client's leaving is noticed."""
        message = await self._receive()
        if message["type"] != "http.request":
            raise ClientLeftError
        self._first = message.get("body", b"")
        self.streams_body = message.get("more_body", False)
        if not self.streams_body:
            self._watch()
            # Who left while the body was worked on is known to have left; the watcher sees it in this turn.
            await asyncio.sleep(0)

    @property
    def size(self) -> int:
        """Bytes of a body that is held whole."""
        return len(self._first)

    def body(self) -> bytes | AsyncIterator[bytes] | None:
        """Return the body to send up: held bytes if they are few, else a stream of them; None if it is empty."""
        if self.streams_body:
            return self._upload()
        if len(self._first) > _SLICE:
            return self._slices(self._first)
        return self._first or None

    async def whole_body(self, limit: int) -> bytes:
        """Return the body as bytes. Raises `BodyTooLargeError` as soon as it is past `limit` bytes."""
        parts = []
        size = 0
        async for part in self._parts():
            size += len(part)
            if size > limit:
                raise BodyTooLargeError("The request body is too large.")
            parts.append(part)
        return b"".join(parts)

    async def _upload(self) -> AsyncIterator[bytes]:
        async for part in self._parts():
            async for piece in self._slices(part):
                yield piece

    async def _parts(self) -> AsyncIterator[bytes]:
        """Yield the parts of the body as they come; after the last one, begin to watch."""
        yield self._first
        more = self.streams_body
        while more:
            message = await self._receive()
            if message["type"] != "http.request":
                self._abort(ClientLeftError())
                raise ClientLeftError
            more = message.get("more_body", False)
            if not more:
                self._watch()
            yield message.get("body", b"")

    async def _slices(self, data: bytes) -> AsyncIterator[bytes]:
        """Yield the data in pieces; an upstream that takes none for the write timeout ends the request."""
        loop = asyncio.get_running_loop()
        for start in range(0, len(data), _SLICE):
            stalled = UpstreamTimeoutError("The upstream did not take the request in time.")
            timer = loop.call_later(self._write_timeout, self._abort, stalled)
            try:
                yield data[start : start + _SLICE]
            finally:
                timer.cancel()

    def _watch(self) -> None:
        self._watcher = asyncio.create_task(self._await_leaving())

    async def _await_leaving(self) -> None:
        # A server may repeat the end of the body once; a second repeat means that it will never say more.
        for _ in range(2):
            if (await self._receive())["type"] != "http.request":
                self._abort(ClientLeftError())
                return

    def _abort(self, why: Exception) -> None:
        if self._task is not None and self._why is None and not self._finished:
            self._why = why
            self._task.cancel()

    # ---- the answer

    async def start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Send status and headers."""
        self._started = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def write(self, data: bytes, *, more: bool) -> None:
        """Send a part of the answer; the last one has `more=False`."""
        # Once the last part is out, servers report the end as a disconnect; that is no leaving.
        self._finished = not more
        await self._send({"type": "http.response.body", "body": data, "more_body": more})

    async def _refuse(self, error: RequestError | UpstreamError, vendor: Vendor) -> None:
        request_id = _request_id(self._scope)
        _log.warning("%s %s: %s (%s)", self._scope["method"], error.status, error.code, request_id)
        if self._started:
            # Returning without an end makes the server cut the connection: the client must not take it for one.
            return
        body = error_body(vendor, error.status, error.code, str(error), request_id)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        if "headroom" not in self._scope:  # else the middleware adds it to whatever answer there is
            headers.append((b"x-headroom-request-id", request_id.encode()))
        if error.status == 503:
            headers.append((b"retry-after", b"1"))
        if self.streams_body:
            # What is left of the upload is not read, so the connection cannot be used again.
            headers.append((b"connection", b"close"))
        await self.start(error.status, headers)
        await self.write(b"" if self._scope["method"] == "HEAD" else body, more=False)

    def _note(self, code: str) -> None:
        exchange = self._scope.get("headroom")
        if isinstance(exchange, Exchange):
            exchange.error = code


def _request_id(scope: Scope) -> str:
    exchange = scope.get("headroom")
    return exchange.request_id if isinstance(exchange, Exchange) else uuid4().hex
