"""The probes `/livez` and `/readyz`: asked every few seconds, so they need no framework."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import msgspec

from headroom import __version__
from headroom.integrations.body import Send
from headroom.proxy.state import ProxyState

PROBES = frozenset({"/livez", "/readyz"})


async def probe(state: ProxyState, path: str, send: Send) -> None:
    """Answer a probe: 200, or 503 from `/readyz` while no requests should be sent here."""
    if path == "/livez":
        status, answer = 200, {**alive(state), "status": "alive", "alive": True}
    else:
        status, answer = 200 if state.ready else 503, {**alive(state), **_readiness(state)}
    body = msgspec.json.encode(answer)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def alive(state: ProxyState) -> dict[str, Any]:
    """Return what every view of the process begins with."""
    return {
        "service": "headroom-proxy",
        "version": __version__,
        "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "uptime_seconds": round(time.monotonic() - state.began, 3),
    }


def _readiness(state: ProxyState) -> dict[str, Any]:
    status = "ready" if state.ready else "draining" if state.draining else "starting"
    return {"status": status, "ready": state.ready, "checks": state.checks}
