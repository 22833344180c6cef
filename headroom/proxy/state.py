"""What the server, its management endpoints and its observers share in one process."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headroom.pipeline import Pipeline, PipelineExtension
from headroom.proxy.config import ProxyConfig
from headroom.proxy.stats import Ledger, Stats

if TYPE_CHECKING:
    from headroom.proxy.ledgers import Ledgers
    from headroom.proxy.limits import Limits
    from headroom.proxy.response_cache import ResponseCache
    from headroom.proxy.upstream import Upstream


@dataclass(slots=True)
class ProxyState:
    """The parts of a running proxy; of a host app there is neither an `upstream` nor a `pipeline` that we know.

    `draining` is set once the process has been told to stop; `ledgers` are there if it is one of several workers.
    """

    config: ProxyConfig
    stats: Stats
    upstream: Upstream | None = None
    limits: Limits | None = None
    pipeline: Pipeline | None = None
    cache: ResponseCache | None = None
    ledgers: Ledgers | None = None
    started: bool = False
    draining: bool = False
    began: float = field(default_factory=time.monotonic)

    @property
    def ready(self) -> bool:
        """Whether requests should be sent here. A provider that is down does not make us unready."""
        return all(check["ready"] for check in self.checks.values())

    @property
    def checks(self) -> dict[str, dict[str, object]]:
        """The parts that readiness depends on."""
        status = "draining" if self.draining else "ok" if self.started else "starting"
        checks = {"startup": _check(status)}
        if self.upstream is not None:
            checks["http_client"] = _check("ok" if self.upstream.is_open else "closed")
        checks["rate_limiter"] = _check("off" if self.limits is None else self.limits.quota.status)
        return checks

    async def totals(self) -> Ledger:
        """Return the figures of all workers."""
        return self.stats.ledger if self.ledgers is None else await self.ledgers.totals()

    async def reset(self) -> None:
        """Begin new ledgers in all workers. Raises `StoreError` if the others cannot be told."""
        if self.ledgers is None:
            self.stats.reset()
        else:
            await self.ledgers.reset()


def _check(status: str) -> dict[str, object]:
    """Return one check. What is off, or counts for itself while it is cut off, does not keep requests away."""
    return {"enabled": status != "off", "ready": status in ("ok", "off", "local"), "status": status}


def equipped(config: ProxyConfig, *observers: PipelineExtension) -> ProxyConfig:
    """Return a copy of the configuration with our observers."""
    return config.model_copy(update={"pipeline_extensions": [*config.pipeline_extensions, *observers]})
