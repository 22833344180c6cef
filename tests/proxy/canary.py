"""A server that nobody may reach, names under the test's control, and a proxy between them and an upstream."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult
from proxy.bench import config_for
from proxy.net import Answer, Upstream, connected, request, serving

from headroom.proxy.server import create_app
from headroom.proxy.upstream import Upstream as Pool

JSON = (b"Content-Type", b"application/json")
UPGRADE = (
    (b"Connection", b"Upgrade"),
    (b"Upgrade", b"websocket"),
    (b"Sec-WebSocket-Version", b"13"),
    (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
)
Header = tuple[bytes, bytes]


class Canary:
    """Counts connections."""

    hits = 0
    port = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._hit, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()

    async def _hit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.hits += 1
        writer.close()


class Names(AbstractResolver):
    """Answers every name with the same addresses, at a port of the test's choice. `asked` holds the names."""

    def __init__(self, *addresses: str, port: int = 0) -> None:
        self._addresses = addresses
        self.port = port
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        return [self._found(host, address, port) for address in self._addresses]

    def _found(self, host: str, address: str, port: int) -> ResolveResult:
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        return ResolveResult(
            hostname=host, host=address, port=self.port or port, family=kind, proto=0, flags=socket.AI_NUMERICHOST
        )

    async def close(self) -> None:
        pass


@asynccontextmanager
async def proxied(upstream: Upstream, names: AbstractResolver | None = None, **options: Any) -> AsyncIterator[int]:
    """Serve the proxy in front of the upstream; yield its port. `{url}` in named upstreams is the upstream's."""
    async with asyncio.timeout(30), upstream.listening() as url:
        given = {key: _filled(value, url) for key, value in options.items()}
        config = config_for(given.pop("default", url), retry_max_attempts=0, **given)
        pool = Pool(config, names)
        try:
            async with serving(create_app(config, upstream=pool)) as port:
                yield port
        finally:
            await pool.aclose()


async def asked(port: int, path: str, *headers: Header, method: str = "POST") -> Answer:
    """Return the answer to one request, on a connection of its own; GET is the handshake of a WebSocket."""
    raw = request("GET", path, b"", *UPGRADE, *headers) if method == "GET" else request("POST", path, b"{}", *headers)
    async with connected(port) as client:
        await client.send(raw)
        return await client.answer()


def naming(value: str) -> Header:
    """Return the header that names an upstream."""
    return (b"X-Headroom-Upstream", value.encode())


def _filled(value: Any, url: str) -> Any:
    if isinstance(value, str):
        return value.replace("{url}", url)
    if isinstance(value, dict):
        return {key: _filled(one, url) for key, one in value.items()}
    return tuple(_filled(one, url) for one in value) if isinstance(value, tuple) else value
