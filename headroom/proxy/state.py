"""What the server, its management endpoints and its observers share in one process."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from headroom.proxy.config import ProxyConfig
from headroom.proxy.forwarder import Forwarder
from headroom.proxy.stats import Stats


@dataclass(slots=True)
class ProxyState:
    """The parts of a running proxy. `draining` is set once it has been told to stop."""

    config: ProxyConfig
    forwarder: Forwarder
    stats: Stats
    started: bool = False
    draining: bool = False
    began: float = field(default_factory=time.monotonic)

    @property
    def ready(self) -> bool:
        """Whether requests should be sent here. An upstream that is down does not make us unready."""
        return self.started and not self.draining and self.forwarder.upstream.is_open

    @property
    def checks(self) -> dict[str, dict[str, object]]:
        """The parts that readiness depends on."""
        parts = {"startup": self.started, "http_client": self.forwarder.upstream.is_open}
        checks = {name: _check(ready=ready, status="ok" if ready else "down") for name, ready in parts.items()}
        if self.draining:
            checks["startup"] = _check(ready=False, status="draining")
        return checks


def _check(*, ready: bool, status: str) -> dict[str, object]:
    return {"enabled": True, "ready": ready, "status": status}
