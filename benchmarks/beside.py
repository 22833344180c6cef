"""What small requests wait for while the proxy has a large one on its hands: longest times, in milliseconds."""

from __future__ import annotations

import asyncio
import gzip
import statistics
from collections.abc import Awaitable, Callable
from functools import partial
from random import Random

from benchmarks import bodies
from benchmarks.load import Connection, Load, http_request
from benchmarks.processes import Server

PATH = "/v1/chat/completions"
LARGE_BYTES = 5_000_000
BOMB_BYTES = 60_000_000
_PAUSE_SECONDS = 0.005
_MS = 1e3


async def worst_small_request(proxied: Server, times: int) -> float:
    """Return the longest that a 1 KB request takes while one of 5 MB is served: the median over `times` new ones."""
    small = http_request(proxied, PATH, bodies.plain(1_000))
    large = [
        http_request(proxied, PATH, bodies.body("openai-chat", LARGE_BYTES, salt=90_000 + n)) for n in range(times)
    ]
    return await _worst(proxied, small, large)


async def worst_sign_of_life(proxied: Server, times: int) -> float:
    """Return the longest that `/livez` takes while a body arrives that unpacks to 60 MB: the median over `times`.

    Of two such bodies, the worse: one that shrinks a thousand times, which is refused, and one that is let in.
    """
    asked = f"GET /livez HTTP/1.1\r\nhost: {proxied.host}:{proxied.port}\r\n\r\n".encode()
    texts = (b"a" * BOMB_BYTES, Random(0).randbytes(BOMB_BYTES // 2).hex().encode())
    bodies_ = (b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "%s"}]}' % text for text in texts)
    bombs = [_gzipped(proxied, gzip.compress(body, 1)) for body in bodies_]
    return max([await _worst(proxied, asked, [bomb] * times) for bomb in bombs])


async def _worst(proxied: Server, small: bytes, large: list[bytes]) -> float:
    """Return the median of the longest times of the small request, one for each large one, in milliseconds."""
    load = await Load.opened(proxied, 2)
    beside, busy = load.connections
    try:
        await beside.ask(small)
        longest = [await _longest(beside, small, partial(_served, busy, request)) for request in large]
    finally:
        load.close()
    return statistics.median(longest) * _MS


async def _served(busy: Connection, request: bytes) -> None:
    """Wait until a large request is answered; a refusal is an answer."""
    try:
        await busy.ask(request)
    except ConnectionError as refused:
        if not str(refused).startswith("answered"):
            raise


async def _longest(beside: Connection, small: bytes, serve: Callable[[], Awaitable[None]]) -> float:
    serving = asyncio.ensure_future(serve())
    longest = 0.0
    while not serving.done():
        longest = max(longest, (await beside.ask(small)).whole)
        await asyncio.sleep(_PAUSE_SECONDS)
    await serving
    return longest


def _gzipped(server: Server, body: bytes) -> bytes:
    plain = http_request(server, PATH, body)
    return plain.replace(b"content-length:", b"content-encoding: gzip\r\ncontent-length:", 1)
