"""Headroom in an app of somebody else's: which of an ASGI framework's seams takes the middleware."""

from __future__ import annotations

from typing import Any

from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.integrations.body import ASGIApp, Receive, Scope, Send
from headroom.proxy.config import ProxyConfig
from headroom.proxy.management import Management
from headroom.proxy.state import ProxyState, equipped
from headroom.proxy.stats import Stats


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
