"""Headroom in an app of somebody else's: which seam of its framework takes the middleware.

Starlette and FastAPI have `add_middleware`, until the app starts. Quart has `asgi_app`. Litestar has `asgi_handler`,
for its stack of middlewares is built when the app is. Of Django and anything else that is callable there is only the
callable itself, wrapped: the app to serve is the one returned.
"""

from __future__ import annotations

from typing import Any

from headroom.errors import ConfigError
from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.integrations.body import ASGIApp, Message, Receive, Scope, Send, route_path
from headroom.integrations.threads import in_thread
from headroom.pipeline import Pipeline
from headroom.proxy.config import ProxyConfig
from headroom.proxy.management import Management
from headroom.proxy.security import Doorkeeper
from headroom.proxy.state import ProxyState, equipped
from headroom.proxy.stats import Stats
from headroom.tokens import warm

_LIMITS = ("rpm", "tpm", "max_concurrent", "budget", "budget_per_key")


def install_headroom(app: Any, config: ProxyConfig | None = None, *, manage: str = "") -> Any:
    """Compress the LLM requests of an ASGI app; return the app to serve.

    Starlette, FastAPI, Quart and Litestar apps get the middleware in their own place for it and are returned
    themselves; any other ASGI callable is returned wrapped. Doing it twice is doing it once. `manage` is a path prefix,
    such as `/headroom`, under which the management endpoints are then found; they ask for the `token`, if there is one.

    Raises ConfigError if the app has started already, is no ASGI app, or if the configuration limits or budgets
    requests: only the proxy does.
    """
    _check_callable(app)
    if _is_installed(app):
        return app
    state, config = _parts(config or ProxyConfig(), manage)
    if hasattr(app, "user_middleware"):
        _check_not_started(app)
        app.add_middleware(HostMiddleware, config=config, state=state)
        if manage:
            app.mount(manage, _management(state))
    elif hasattr(app, "asgi_app"):
        app.asgi_app = _wrapped(app.asgi_app, config, manage, state)
    elif hasattr(app, "asgi_handler") and hasattr(app, "on_shutdown"):
        app.asgi_handler = inside = _wrapped(app.asgi_handler, config, manage, state)
        app.on_startup.append(inside.start)  # these events do not come to its handler
        app.on_shutdown.append(inside.stop)
    else:
        return _wrapped(app, config, manage, state)
    return app


class HostMiddleware(HeadroomASGIMiddleware):
    """The middleware as it lives in a host app: its store is closed when the app stops, after whatever is inside.

    An app that is started again, or asked without being started, finds it open.
    """

    def __init__(self, app: ASGIApp, config: ProxyConfig, state: ProxyState) -> None:
        super().__init__(app, config)
        self._is_open = True
        state.pipeline = self.pipeline

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if not self._is_open:
            self._reopen()
        await super().__call__(scope, receive, self._until_stopped(send) if scope["type"] == "lifespan" else send)

    async def start(self) -> None:
        """Do what takes time while nobody waits."""
        await in_thread(warm)

    async def stop(self) -> None:
        """Close the store."""
        self._is_open = False
        await in_thread(self.pipeline.store.close)

    def _reopen(self) -> None:
        """Let the pipeline, which others hold too, begin anew."""
        fresh = Pipeline.of(self.config)
        self.pipeline.store, self.pipeline.memory = fresh.store, fresh.memory
        self._is_open = True

    def _until_stopped(self, send: Send) -> Send:
        async def watched(message: Message) -> None:
            if message["type"] in ("lifespan.shutdown.complete", "lifespan.shutdown.failed"):
                await self.stop()
            await send(message)

        return watched


def _check_callable(app: Any) -> None:
    if not hasattr(app, "asgi_app") and (hasattr(app, "wsgi_app") or not callable(app)):
        raise ConfigError(f"{type(app).__name__} is no ASGI app (a WSGI app can be made one: asgiref.wsgi.WsgiToAsgi)")


def _check_not_started(app: Any) -> None:
    if getattr(app, "middleware_stack", None) is not None:
        raise ConfigError("install_headroom comes too late: the app has started; call it where the app is made")


def _is_installed(app: Any) -> bool:
    """Say whether the middleware is there already, in whatever way it came."""
    added = (getattr(middleware, "cls", None) for middleware in getattr(app, "user_middleware", ()))
    places = (app, getattr(app, "asgi_app", None), getattr(app, "asgi_handler", None))
    return any(isinstance(one, HeadroomASGIMiddleware) for one in places) or any(
        isinstance(cls, type) and issubclass(cls, HeadroomASGIMiddleware) for cls in added
    )


def _parts(config: ProxyConfig, manage: str) -> tuple[ProxyState, ProxyConfig]:
    """Return what the middleware and the management endpoints share. Raises ConfigError."""
    asked = [name for name in _LIMITS if getattr(config, name)]
    if asked:
        raise ConfigError(f"{', '.join(asked)}: an app has its own limits; only the proxy applies these")
    stats = Stats()
    return ProxyState(config, stats, started=True), equipped(config, stats) if manage else equipped(config)


def _management(state: ProxyState) -> ASGIApp:
    """Return the management endpoints; a token of the configuration is asked for there."""
    endpoints = Management(state)
    return endpoints if state.config.token is None else Doorkeeper(endpoints, state.config)


def _wrapped(app: ASGIApp, config: ProxyConfig, prefix: str, state: ProxyState) -> HostMiddleware:
    inner = _Mounted(app, prefix.rstrip("/"), _management(state)) if prefix else app
    return HostMiddleware(inner, config, state)


class _Mounted:
    """An app with another one under a path prefix, for frameworks that we know nothing of."""

    def __init__(self, app: ASGIApp, prefix: str, under: ASGIApp) -> None:
        self._app = app
        self._prefix = prefix
        self._under = under

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not route_path(scope).startswith(self._prefix + "/"):
            await self._app(scope, receive, send)
            return
        # Not every server has its prefix in the path as well.
        before = "" if route_path(scope) == scope["path"] else scope["root_path"].rstrip("/")
        await self._under({**scope, "root_path": before + self._prefix}, receive, send)
