"""The counters of several machines: a Redis or Valkey server, never waited for longer than a second."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any

from headroom.state.counters import LEASE_SECONDS, Claim, Grant, Rate, Refusal, Share, Slot
from headroom.state.counters_scripts import RULES
from headroom.state.redis_link import RedisLink

# The braces put all of them into one slot of a cluster: a script may touch several.
_PREFIX = b"headroom:{counters}:"
_SECRET = _PREFIX + b"secret"
_SETTLED = _PREFIX + b"settled:"


class RedisCounters:
    """Records as hashes that expire by themselves. Only the server's clock counts."""

    is_blocking = True

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._link = RedisLink(url, clock=clock)
        self._script = self._link.client.register_script(RULES)

    def claim(self, claims: Sequence[Claim]) -> Grant | Refusal:
        """Grant all claims or none; see `Counters.claim`."""
        grant = Grant(secrets.token_hex(8), tuple(claims))
        refused = self._run("claim", grant, [0.0] * len(claims))
        return Refusal(claims[refused[0] - 1], float(refused[1])) if refused else grant

    def settle(self, grant: Grant, actual: Sequence[float]) -> None:
        """Say what the claims were in the end; see `Counters.settle`."""
        self._run("settle", grant, actual)

    def renew(self, grants: Sequence[Grant]) -> None:
        """Go on holding; see `Counters.renew`."""
        for grant in grants:
            self._run("renew", grant, [0.0] * len(grant.claims))

    def standing(self, share: Share) -> tuple[float, float]:
        """Return what is spent and reserved; see `Counters.standing`."""
        spent, reserved = self._run("standing", Grant("", (share,)), [0.0])
        return float(spent), float(reserved)

    def secret(self) -> bytes:
        """Return the secret that lies in the server; see `RedisLink.secret`."""
        return self._link.secret(_SECRET)

    def close(self) -> None:
        """Close the connections."""
        self._link.close()

    def _run(self, task: str, grant: Grant, actual: Sequence[float]) -> Any:
        keys = [*(_PREFIX + claim.address for claim in grant.claims), _SETTLED + grant.name.encode()]
        arguments: list[str | float] = [task, grant.name, LEASE_SECONDS]
        for claim, amount in zip(grant.claims, actual, strict=True):
            arguments += [claim.kind, claim.amount, amount, *_numbers(claim)]
        with self._link.asking():
            return self._script(keys=keys, args=arguments)


def _numbers(claim: Claim) -> tuple[float, float]:
    """Return the two numbers of a claim beside its amount, as the script wants them."""
    match claim:
        case Rate():
            return claim.per_minute, claim.burst
        case Slot():
            return claim.most, 0.0
        case Share():
            return claim.limit, claim.ends
