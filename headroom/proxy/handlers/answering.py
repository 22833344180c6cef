"""Letting a handler answer: its steps in order, whole or as server-sent events, and its failures in our words.

A handler is a plug-in and may fail in any way: what it raises is gathered as a value, logged, and told as a 502
without its text. Once a stream has begun the only way to say so is to cut it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from typing import TypeVar

import msgspec

from headroom.blocks import Payload
from headroom.errors import RequestError, UpstreamError
from headroom.policy import Policy
from headroom.proxy.client import Client
from headroom.proxy.handlers.base import BaseHandlerMixin, StreamEvent
from headroom.proxy.helpers import json_object

T = TypeVar("T")

_END = ""
_log = logging.getLogger("headroom.proxy")


async def answer(client: Client, handler: BaseHandlerMixin, policy: Policy) -> None:
    """Answer the client's request. Raises RequestError or UpstreamError."""
    body = await client.whole_body(policy.max_body_bytes)
    request = json_object(body, policy.max_depth)
    if request.get("stream"):
        await _streamed(client, handler, request)
        return
    whole = await _guarded(handler, _whole(handler, request))
    await client.start(200, _headers(b"application/json", (b"content-length", str(len(whole)).encode())))
    await client.write(whole, more=False)


async def _whole(handler: BaseHandlerMixin, request: Payload) -> bytes:
    answered = await handler.call_provider(handler.prepare_request(request))
    return msgspec.json.encode(handler.postprocess_response(answered))


async def _streamed(client: Client, handler: BaseHandlerMixin, request: Payload) -> None:
    events = await _guarded(handler, _opened(handler, request))
    if events is None:
        raise RequestError("This handler does not stream; send the request without `stream`.")
    # The first event is awaited before the answer begins: until then there is a status to say that it failed.
    data = await _guarded(handler, _next(events))
    await client.start(200, _headers(b"text/event-stream", (b"cache-control", b"no-cache")))
    while data != _END:
        await client.write(data.encode(), more=True)
        data = await _guarded(handler, _next(events))
    await client.write(b"", more=False)


async def _opened(handler: BaseHandlerMixin, request: Payload) -> AsyncIterator[StreamEvent] | None:
    return handler.stream_provider(handler.prepare_request(request))


async def _next(events: AsyncIterator[StreamEvent]) -> str:
    """Return the next event as it is sent, empty at the end (WHATWG HTML, server-sent events)."""
    event = await anext(events, None)
    if event is None:
        return _END
    if isinstance(event, str):
        return f"data: {event}\n\n"
    kind = event.get("type")
    named = f"event: {kind}\n" if isinstance(kind, str) and "\n" not in kind else ""
    return f"{named}data: {msgspec.json.encode(event).decode()}\n\n"


async def _guarded(handler: BaseHandlerMixin, work: Awaitable[T]) -> T:
    """Return what a step of a handler gives. Whatever it raises becomes an UpstreamError."""
    (result,) = await asyncio.gather(work, return_exceptions=True)
    if isinstance(result, (RequestError, UpstreamError)):
        raise result
    if isinstance(result, BaseException):
        _log.warning("%s failed", type(handler).__name__, exc_info=result)
        raise UpstreamError("The handler failed.") from result
    return result


def _headers(kind: bytes, *more: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", kind), *more]
