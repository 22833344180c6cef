"""One proxy with one scripted upstream behind it, as tests want it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from proxy.net import Answer, Client, Upstream, connected, request, serving

from headroom.providers.vendors import VENDORS
from headroom.proxy.config import ProxyConfig
from headroom.proxy.server import create_app
from headroom.proxy.upstream import Upstream as Pool

T = TypeVar("T")


def config_for(url: str, **options: Any) -> ProxyConfig:
    """Return a configuration in which every provider is this URL."""
    urls = {f"{vendor}_api_url": url for vendor in VENDORS}
    return ProxyConfig(**{**urls, "optimize": False, **options})


@asynccontextmanager
async def proxied(upstream: Upstream, **options: Any) -> AsyncIterator[int]:
    """Serve the whole proxy in front of the upstream; yield its port."""
    async with upstream.listening() as url:
        config = config_for(url, **options)
        pool = Pool(config)
        async with serving(create_app(config, upstream=pool)) as port:
            yield port
        await pool.aclose()


def through(upstream: Upstream, act: Callable[[Client], Awaitable[T]], **options: Any) -> T:
    """Run one client's act against the proxy in front of the upstream."""

    async def run() -> T:
        async with asyncio.timeout(20), proxied(upstream, **options) as port, connected(port) as client:
            return await act(client)

    return asyncio.run(run())


def ask(upstream: Upstream, raw: bytes, *, head: bool = False, **options: Any) -> Answer:
    """Send raw request bytes through the proxy and return the answer."""

    async def act(client: Client) -> Answer:
        await client.send(raw)
        return await client.answer(head=head)

    return through(upstream, act, **options)


__all__ = ["ask", "config_for", "proxied", "request", "through"]
