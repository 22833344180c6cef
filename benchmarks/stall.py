"""The longest time for which an event loop stands still while the middleware works on a large body."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator

from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.integrations.body import Message, Receive, Scope, Send
from headroom.tokens import TokenCounter

_PIECE = 65_536
_TICK = 0.001


def longest_stall(body: bytes, runs: int = 3) -> float:
    """Return the longest stall of the loop, in seconds, during a request with this body, new to the middleware.

    The least of several runs: what other programs make the loop wait for is not ours. As in the proxy once it has
    started, token ranks are loaded and the garbage collector does not look at what was there before.
    """
    TokenCounter("gpt-4o")("loads the ranks")
    gc.collect()
    gc.freeze()
    try:
        return min(asyncio.run(_stall(body)) for _ in range(runs))
    finally:
        gc.unfreeze()


async def _stall(body: bytes) -> float:
    app = HeadroomASGIMiddleware(_read_all)
    stop = asyncio.Event()
    watch = asyncio.create_task(_watched(stop))
    await asyncio.sleep(5 * _TICK)
    await app(_scope(body), _receiver(body), _ignored)
    stop.set()
    return await watch


async def _watched(stop: asyncio.Event) -> float:
    """Wake up every millisecond; the longest delay beyond that is a stall."""
    longest = 0.0
    while not stop.is_set():
        slept = time.perf_counter()
        await asyncio.sleep(_TICK)
        longest = max(longest, time.perf_counter() - slept - _TICK)
    return longest


async def _read_all(scope: Scope, receive: Receive, send: Send) -> None:
    """Stand for an app that reads the body and answers."""
    del scope
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _scope(body: bytes) -> Scope:
    length = str(len(body)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    return {"type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": headers}


def _receiver(body: bytes) -> Receive:
    """Return a receive that brings the body in pieces, as a server does: between two of them the loop runs on."""
    pieces = _pieces(body)

    async def receive() -> Message:
        await asyncio.sleep(0)
        return next(pieces, {"type": "http.disconnect"})

    return receive


def _pieces(body: bytes) -> Iterator[Message]:
    for start in range(0, len(body), _PIECE):
        more = start + _PIECE < len(body)
        yield {"type": "http.request", "body": body[start : start + _PIECE], "more_body": more}


async def _ignored(message: Message) -> None:
    del message
