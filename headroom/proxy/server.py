"""The proxy as an application: the middleware in front of the forwarder, and its life from start to drain.

    Doorkeeper(ResponseCache(Limits(HeadroomASGIMiddleware(Proxy(management app | Forwarder)))))

`uvicorn headroom.proxy.server:app` and gunicorn find the application in the lazy attribute `app`; uvicorn adds
headers of its own to every answer unless it is told `--no-server-header --no-date-header`, as `run` does.
"""

from __future__ import annotations

import gc
import logging
import os
import secrets
import socket
import sys
import time
from collections.abc import Iterable
from functools import partial
from types import FrameType
from typing import Any

import uvicorn

from headroom.ccr.opening import with_tool
from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.integrations.body import Receive, Scope, Send
from headroom.pipeline import PipelineEvent, PipelineExtension, PipelineStage
from headroom.proxy.allocator import return_large_blocks
from headroom.proxy.config import ProxyConfig
from headroom.proxy.connection import Connection
from headroom.proxy.extended import extended
from headroom.proxy.forwarder import Forwarder
from headroom.proxy.ledgers import Ledgers
from headroom.proxy.limits import limits_of
from headroom.proxy.management import Management, is_management
from headroom.proxy.meter import MeterReader
from headroom.proxy.report import banner
from headroom.proxy.request_log import RequestLog
from headroom.proxy.response_cache import cache_of
from headroom.proxy.security import Doorkeeper
from headroom.proxy.state import ProxyState, equipped
from headroom.proxy.stats import Stats
from headroom.proxy.telemetry import write
from headroom.proxy.unix import unix_listener
from headroom.proxy.upstream import Upstream
from headroom.proxy.workers import BACKLOG, Supervisor, listener, use_all_descriptors, with_shared_store
from headroom.state import Store
from headroom.tokens import warm

_KEEP_ALIVE_SECONDS = 75
_GARBAGE = 10_000
"""Objects more than before, from which on the youngest are searched for cycles; Python begins at 700."""


class Proxy:
    """Tells management requests from those to forward, and ties the parts to the life of the server."""

    def __init__(self, state: ProxyState, forwarder: Forwarder) -> None:
        self.state = state
        self._forwarder = forwarder
        self._management = Management(state)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http" and is_management(scope["path"]):
            await self._management(scope, receive, send)
        else:
            await self._forwarder(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await self.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def start(self) -> None:
        """Open the way to the upstreams. The middleware has warmed the tokenizer before."""
        self._fire(PipelineStage.SETUP)
        self._fire(PipelineStage.PRE_START)
        self._forwarder.upstream.open()
        if self.state.ledgers is not None:
            self.state.ledgers.watch()
        self.state.started = True
        self._fire(PipelineStage.POST_START)

    async def stop(self) -> None:
        """Close what `start` opened; write down what the operator asked for."""
        self.state.draining = True
        if self.state.config.telemetry:
            await write(self.state.config.workspace_dir.expanduser(), self.state.totals)
        if self.state.ledgers is not None:
            self.state.ledgers.unwatch()
        await self._forwarder.upstream.aclose()

    def _fire(self, stage: PipelineStage) -> None:
        if self.state.pipeline is not None:
            self.state.pipeline.fire(PipelineEvent(stage=stage))


def create_app(config: ProxyConfig | None = None, *, upstream: Upstream | None = None) -> Doorkeeper:
    """Return the whole proxy as an ASGI application. `upstream` is the HTTP client, made if not given.

    Raises `ConfigError` if an upstream of the configuration cannot be used.
    """
    app, _ = _assemble(config or ProxyConfig(), upstream)
    return app


def _assemble(config: ProxyConfig, upstream: Upstream | None = None) -> tuple[Doorkeeper, ProxyState]:
    """Put the parts together."""
    return with_tool(config, partial(_built, upstream))


def _built(upstream: Upstream | None, config: ProxyConfig) -> tuple[Doorkeeper, ProxyState]:
    stats = Stats()
    forwarder = Forwarder(config, upstream)
    limits = limits_of(config, stats)
    state = ProxyState(config, stats, forwarder.upstream, limits)
    observers: list[PipelineExtension] = [stats] if limits is None else [stats, MeterReader()]
    if config.log_file is not None:
        observers.append(RequestLog(config.log_file, config.log_max_bytes))
    app = HeadroomASGIMiddleware(Proxy(state, forwarder), equipped(config, *observers), refuse_large=True)
    state.pipeline = app.pipeline
    stats.ledger.left_out = app.pipeline.guard.failures
    front = app if limits is None else limits.before(app)
    forwarder.sockets.front = front
    state.cache = cache_of(front, config, stats)
    return Doorkeeper(extended(state.cache or front, config), config), state


def create_app_from_env() -> Doorkeeper:
    """Return the proxy that the environment describes (`HEADROOM_*`)."""
    return create_app(ProxyConfig())


def __getattr__(name: str) -> Any:
    if name == "app":
        globals()["app"] = made = create_app_from_env()
        return made
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class DrainingServer(uvicorn.Server):
    """Stops in two steps: first unready, so that balancers turn away; then, once idle or out of time, closed.

    A worker does so as well when its `supervisor`, a process id, is gone.
    """

    def __init__(self, config: uvicorn.Config, state: ProxyState, supervisor: int = 0) -> None:
        super().__init__(config)
        self._state = state
        self._noticed = self._deadline = 0.0
        self._supervisor = supervisor

    async def startup(self, sockets: Any = None) -> None:
        """Begin to listen and say where."""
        await super().startup(sockets)
        # Most of what is there now stays for ever; to look at it again would hold up the event loop for 20 ms. What a
        # request leaves behind is seldom a cycle, so that one need not be looked for after every other request.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_GARBAGE)
        if sockets is None:
            _announce(one for server in self.servers for one in server.sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """Begin to drain; a second signal ends at once."""
        if self._state.draining:
            self.should_exit = self.force_exit = True
            return
        self._drain()

    def _drain(self) -> None:
        self._state.draining = True
        self._noticed = time.monotonic() + self._state.config.notice_seconds
        self._deadline = self._noticed + self._state.config.drain_seconds

    async def on_tick(self, counter: int) -> bool:
        """Leave once balancers have noticed, and the running requests are done or their time is up."""
        if self._supervisor and not self._state.draining and os.getppid() != self._supervisor:
            self._drain()
        until = self._deadline if self.server_state.tasks else self._noticed
        if self._state.draining and time.monotonic() >= until:
            self.should_exit = True
        return await super().on_tick(counter)


def run(config: ProxyConfig) -> int:
    """Run the proxy until it is told to stop; return the exit status. Prints what it does at start.

    Raises `ConfigError` or `StoreError` if the configuration cannot be used.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    app, state = _assemble(with_shared_store(config))
    print(banner(state.config), flush=True)  # noqa: T201
    # Compression runs in threads; with the default of five milliseconds each of them holds up the event loop longer.
    sys.setswitchinterval(0.001)
    use_all_descriptors()
    return_large_blocks()
    starter = os.getpid()
    status = _run(app, state)
    if config.uds is not None and os.getpid() == starter:  # and no worker of it
        config.uds.expanduser().unlink(missing_ok=True)
    return status


def _run(app: Doorkeeper, state: ProxyState) -> int:
    config = state.config
    if config.workers > 1 and state.pipeline is not None:
        return _supervised(app, state, state.pipeline.store)
    server = DrainingServer(_server_config(app, config), state)
    server.run(None if config.uds is None else [_bound(config)])
    return 0 if server.started else 1


def _supervised(app: Doorkeeper, state: ProxyState, store: Store) -> int:
    warm()  # before there are workers, so that they have it in common
    bound = _bound(state.config)
    name, count = secrets.token_hex(8), state.config.workers
    supervisor = os.getpid()

    def work(slot: int) -> int:
        state.ledgers = ledgers = Ledgers(store, state.stats, name, slot, count)
        ledgers.adopt()
        server = DrainingServer(_server_config(app, state.config), state, supervisor)
        server.run([bound])
        ledgers.publish()
        return 0 if server.started else 1

    return Supervisor(count, work).run()


def _bound(config: ProxyConfig) -> socket.socket:
    """Return the socket to listen on, and say where it is. Raises `ConfigError` if it cannot be had."""
    if config.uds is None:
        bound = listener(config)
        _announce([bound])
        return bound
    path = config.uds.expanduser()
    bound = unix_listener(path, BACKLOG)
    print(f"listening on unix:{path}", flush=True)  # noqa: T201
    return bound


def _announce(sockets: Iterable[socket.socket]) -> None:
    for one in sockets:
        host, port, *_ = one.getsockname()
        print(f"listening on http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)  # noqa: T201


def _server_config(app: Doorkeeper, config: ProxyConfig) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=config.host,
        port=config.port,
        http=Connection,
        loop="auto",
        ws="websockets-sansio",
        ws_max_size=config.max_body_bytes,
        ws_per_message_deflate=False,
        # While a client has to wait its pongs are not read, and must not be missed.
        ws_ping_timeout=None,
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        # Draining has waited before this; what is left then is given one second to notice the end.
        timeout_graceful_shutdown=1,
    )
