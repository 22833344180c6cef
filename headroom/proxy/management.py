"""What a proxy, or a host app with the middleware, says about itself, as one small ASGI application.

The probes `/livez` and `/readyz` are asked every few seconds and need no framework; the other endpoints are a
FastAPI app that is loaded when it is first asked. Works at the root and mounted under a prefix.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import msgspec

from headroom import __version__
from headroom.integrations.body import ASGIApp, Receive, Scope, Send
from headroom.proxy.security import PROBES
from headroom.proxy.state import ProxyState

MANAGEMENT = PROBES | {"/health", "/stats", "/stats/reset", "/cache/clear", "/metrics", "/v1/compress"}
"""Paths that we answer ourselves."""
RETRIEVE = "/v1/retrieve/"
"""Beginning of the paths under which originals are found."""


def is_management(path: str) -> bool:
    """Say whether we answer this path ourselves."""
    return path in MANAGEMENT or path.startswith(RETRIEVE)


class Management:
    """Serves the paths in `MANAGEMENT`; others get a 404."""

    def __init__(self, state: ProxyState) -> None:
        self._state = state
        self._framework: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path in PROBES:
            await _probe(self._state, path, send)
            return
        if self._framework is None:
            self._framework = await asyncio.to_thread(_load, self._state)
        await self._framework(scope, receive, send)


def alive(state: ProxyState) -> dict[str, Any]:
    """Return what every view of the process begins with."""
    return {
        "service": "headroom-proxy",
        "version": __version__,
        "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "uptime_seconds": round(time.monotonic() - state.began, 3),
    }


async def _probe(state: ProxyState, path: str, send: Send) -> None:
    """Answer a probe: 200, or 503 from `/readyz` while no requests should be sent here."""
    if path == "/livez":
        status, answer = 200, {**alive(state), "status": "alive", "alive": True}
    else:
        status, answer = 200 if state.ready else 503, {**alive(state), **_readiness(state)}
    body = msgspec.json.encode(answer)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _readiness(state: ProxyState) -> dict[str, Any]:
    status = "ready" if state.ready else "draining" if state.draining else "starting"
    return {"status": status, "ready": state.ready, "checks": state.checks}


def _load(state: ProxyState) -> ASGIApp:
    from headroom.proxy.routes import management_app  # noqa: PLC0415 - a web framework, needed here alone

    return management_app(state)
