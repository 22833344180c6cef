"""One proxy under test, whatever stands for it, in front of a scripted upstream; requests of any row; what refuses."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from proxy.bench import config_for
from proxy.canary import UPGRADE
from proxy.net import Answer, Client, Upstream, connected, request, serving
from proxy.rows.table import Row
from proxy.sockets import Provider

from headroom.proxy.config import ProxyConfig
from headroom.proxy.server import create_app
from headroom.proxy.upstream import Upstream as Pool

JSON = (b"Content-Type", b"application/json")
KEY = (b"Authorization", b"Bearer sk-one")
OTHER_KEY = (b"Authorization", b"Bearer sk-two")
NOWHERE = "http://127.0.0.1:9"
Header = tuple[bytes, bytes]

_GOOGLE = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 413: "INVALID_ARGUMENT",
           429: "RESOURCE_EXHAUSTED", 502: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}  # fmt: skip
_ANTHROPIC = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error",
              413: "request_too_large", 429: "rate_limit_error", 502: "api_error", 504: "timeout_error"}  # fmt: skip
_OWN = {"rate_limit_exceeded", "budget_exceeded"}
"""Codes that stand in the place of a type of error where the provider has no such type."""


def made(config: ProxyConfig, pool: Pool) -> Any:
    """Return the application under test; the test of the rules themselves puts another one in its place."""
    return create_app(config, upstream=pool)


@dataclass
class Stand:
    """A proxy that serves, and the upstream behind it."""

    port: int
    upstream: Any
    url: str

    @property
    def seen(self) -> list[Any]:
        """The requests that have come to the upstream."""
        return self.upstream.seen

    async def ask(self, row: Row, *headers: Header, body: bytes | None = None, host: bytes = b"localhost") -> Answer:
        """Return the answer to one request, or to the handshake of a socket, on a connection of its own."""
        async with connected(self.port) as client:
            await client.send(raw(row, *headers, body=body, host=host))
            return await client.answer()

    async def get(self, path: str) -> Answer:
        """Return the answer of a management endpoint."""
        async with connected(self.port) as client:
            await client.send(request("GET", path))
            return await client.answer()

    @asynccontextmanager
    async def asking(self, row: Row, *headers: Header) -> AsyncIterator[Client]:
        """Send a request that the upstream gets, and leave when the block ends."""
        async with connected(self.port) as client:
            await client.send(raw(row, *headers))
            await self.upstream.asked.wait()
            yield client


def raw(row: Row, *headers: Header, body: bytes | None = None, host: bytes = b"localhost") -> bytes:
    """Return a request, or the handshake of a socket, as bytes."""
    if row.is_socket:
        message = request("GET", row.path, b"", *UPGRADE, *headers)
    else:
        message = request("POST", row.path, row.body if body is None else body, JSON, *headers)
    return message.replace(b"Host: proxy.localhost", b"Host: " + host)


@asynccontextmanager
async def standing(upstream: Upstream | Provider | None = None, **options: Any) -> AsyncIterator[Stand]:
    """Serve a proxy whose providers all are the upstream. `{url}` in the options stands for its URL."""
    upstream = upstream or Upstream()
    async with upstream.listening() as url:
        given = {key: _filled(value, url) for key, value in options.items()}
        config = config_for(given.pop("default", url), **{"retry_max_attempts": 0, **given})
        pool = Pool(config)
        try:
            async with serving(made(config, pool)) as port:
                yield Stand(port, upstream, url)
        finally:
            await pool.aclose()


def assert_refused(answer: Answer, row: Row, status: int, code: str) -> str:
    """Check that a refusal of ours has its provider's shape and an id; return its message."""
    assert answer.status == status, f"{answer.status} instead of {status}"
    told = json.loads(answer.body)
    error = told["error"]
    if row.vendor.name == "gemini":
        assert (error["code"], error["status"], error["details"][0]["reason"]) == (status, _GOOGLE[status], code)
    elif row.vendor.name == "anthropic":
        kind = code if code == "budget_exceeded" else _ANTHROPIC[status]
        assert (told["type"], error["type"]) == ("error", kind)
    else:
        kind = code if code in _OWN else "server_error" if status >= 500 else "invalid_request_error"
        assert (error["type"], error["code"]) == (kind, code)
    assert answer.values(b"content-type") == [b"application/json"]
    assert answer.values(b"x-headroom-request-id") == [told["request_id"].encode()] != [b""]
    assert error["message"]
    return str(error["message"])


def _filled(value: Any, url: str) -> Any:
    if isinstance(value, str):
        return value.replace("{url}", url)
    if isinstance(value, dict):
        return {key: _filled(one, url) for key, one in value.items()}
    return tuple(_filled(one, url) for one in value) if isinstance(value, tuple) else value
