"""Extensions of the proxy: what installed distributions add to it, each chosen by name.

An extension is a function `install(app, config)`. The app is a FastAPI application of its own between the door and
the rest of the proxy: it may be given routes, middlewares and a lifespan; whatever it has no route for is the
proxy's. So what extensions serve asks for the gateway's token like everything else. An extension that cannot be
loaded or installed stops the start; what it does later is its own affair.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from headroom.integrations.body import ASGIApp, Receive, Scope, Send
from headroom.pipeline.guard import demanded
from headroom.pipeline.plugins import installer_of
from headroom.proxy.config import ProxyConfig

if TYPE_CHECKING:
    from fastapi import FastAPI


def extended(proxy: ASGIApp, config: ProxyConfig) -> ASGIApp:
    """Return the proxy with its extensions, itself if none is chosen. Raises ConfigError if one cannot be installed."""
    if not config.proxy_extensions:
        return proxy
    from fastapi import FastAPI  # noqa: PLC0415 - nothing else on the way of a request needs a framework

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.router.redirect_slashes = False
    app.router.default = proxy
    for name in config.proxy_extensions:
        demanded(f"the extension {name!r}", partial(installer_of(name), app, config))
    return _Extended(app, proxy)


class _Extended:
    """The app of the extensions, whose life is around that of the proxy."""

    def __init__(self, app: FastAPI, proxy: ASGIApp) -> None:
        self._app = app
        self._proxy = proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            async with self._app.router.lifespan_context(self._app):
                await self._proxy(scope, receive, send)
            return
        await self._app(scope, receive, send)
