"""The seams for others: put Headroom into an app, add a handler, add an interceptor."""

from __future__ import annotations

from typing import Any

from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.integrations.body import ASGIApp, Receive, Scope, Send
from headroom.proxy.config import ProxyConfig
from headroom.proxy.handlers import Handler
from headroom.proxy.handlers import base as handlers
from headroom.proxy.interceptors import base as interceptors
from headroom.proxy.interceptors.base import BaseInterceptor
from headroom.proxy.management import Management
from headroom.proxy.state import ProxyState, equipped
from headroom.proxy.stats import Stats

__all__ = ["install_headroom", "register_handler", "register_interceptor"]


def register_handler(name: str, handler: Handler | type[Handler]) -> None:
    """Let a handler answer requests that name it: by bearer token, `X-Headroom-Upstream` or path `/<name>/v1/...`.

    Raises `ConfigError` for a name that cannot be part of a path and for objects that are no handlers.
    """
    handlers.register(name, handler)


def register_interceptor(interceptor: BaseInterceptor) -> None:
    """Run an interceptor on every request body, before the pipeline, after those registered earlier."""
    interceptors.register(interceptor)


def install_headroom(app: Any, config: ProxyConfig | None = None, *, manage: str = "") -> Any:
    """Compress the LLM requests of an ASGI app; return the app to serve.

    Starlette and FastAPI apps get the middleware added and are returned themselves, Quart apps get their inner
    application wrapped; any other ASGI callable is returned wrapped. Doing it twice is doing it once. `manage` is
    a path prefix, such as `/headroom`, under which the management endpoints are then found.
    """
    if _installed(app):
        return app
    config = config or ProxyConfig()
    stats = Stats()
    management = Management(ProxyState(config, stats, started=True))
    config = equipped(config, stats) if manage else equipped(config)
    if hasattr(app, "user_middleware"):
        app.add_middleware(HeadroomASGIMiddleware, config=config)
        if manage:
            app.mount(manage, management)
        return app
    if hasattr(app, "asgi_app"):
        app.asgi_app = _wrapped(app.asgi_app, config, manage, management)
        return app
    return _wrapped(app, config, manage, management)


def _installed(app: Any) -> bool:
    """Say whether the middleware is there already, in whatever way it came."""
    added = (getattr(middleware, "cls", None) for middleware in getattr(app, "user_middleware", ()))
    inner = getattr(app, "asgi_app", None)
    return (
        isinstance(app, HeadroomASGIMiddleware)
        or isinstance(inner, HeadroomASGIMiddleware)
        or HeadroomASGIMiddleware in added
    )


def _wrapped(app: ASGIApp, config: ProxyConfig, prefix: str, management: Management) -> ASGIApp:
    inner = _Mounted(app, prefix.rstrip("/"), management) if prefix else app
    return HeadroomASGIMiddleware(inner, config)


class _Mounted:
    """An app with another one under a path prefix, for frameworks that we know nothing of."""

    def __init__(self, app: ASGIApp, prefix: str, under: ASGIApp) -> None:
        self._app = app
        self._prefix = prefix
        self._under = under

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(self._prefix + "/"):
            scope = {**scope, "root_path": scope.get("root_path", "") + self._prefix}
            await self._under(scope, receive, send)
        else:
            await self._app(scope, receive, send)
