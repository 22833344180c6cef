"""The counters of several machines: a Redis or Valkey server, never waited for longer than a second."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from headroom.errors import ConfigError, StoreError
from headroom.state.counters import LEASE_SECONDS, Claim, Grant, Rate, Refusal, Share, Slot
from headroom.state.counters_scripts import RULES
from headroom.state.workspace import SECRET_BYTES

# The braces put all of them into one slot of a cluster: a script may touch several.
_PREFIX = b"headroom:{counters}:"
_SECRET = _PREFIX + b"secret"
_SETTLED = _PREFIX + b"settled:"
_TIMEOUT_SECONDS = 0.9
_REST_SECONDS = 1.0
"""How long a server that does not answer is left alone: only one request in so many waits for it."""


class RedisCounters:
    """Records as hashes that expire by themselves. Only the server's clock counts."""

    is_blocking = True

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = _client(url)
        self._script = self._client.register_script(RULES)
        self._clock = clock
        self._resting_until = clock()

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
        """Return the secret that lies in the server."""
        with self._asking():
            self._client.set(_SECRET, secrets.token_bytes(SECRET_BYTES), nx=True)
            secret = self._client.get(_SECRET)
        if not isinstance(secret, bytes):
            raise StoreError("Redis has lost the secret of the counters")
        return secret

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _run(self, task: str, grant: Grant, actual: Sequence[float]) -> Any:
        keys = [*(_PREFIX + claim.address for claim in grant.claims), _SETTLED + grant.name.encode()]
        arguments: list[str | float] = [task, grant.name, LEASE_SECONDS]
        for claim, amount in zip(grant.claims, actual, strict=True):
            arguments += [claim.kind, claim.amount, amount, *_numbers(claim)]
        with self._asking():
            return self._script(keys=keys, args=arguments)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Ask the server; what goes wrong is a `StoreError`, and a server that is away is left alone for a while."""
        if self._clock() < self._resting_until:
            raise StoreError("Redis did not answer a moment ago")
        try:
            yield
        except redis.RedisError as error:
            if isinstance(error, (redis.ConnectionError, redis.TimeoutError)):
                self._resting_until = self._clock() + _REST_SECONDS
            raise StoreError(f"Redis failed: {error}") from error


def _numbers(claim: Claim) -> tuple[float, float]:
    """Return the two numbers of a claim beside its amount, as the script wants them."""
    match claim:
        case Rate():
            return claim.per_minute, claim.burst
        case Slot():
            return claim.most, 0.0
        case Share():
            return claim.limit, claim.ends


def _client(url: str) -> redis.Redis:
    try:
        return redis.Redis.from_url(
            url,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            # A connection that broke since its last use is worth one more try. If it broke after a claim was granted,
            # that is claimed twice: too much rather than too little. A server that is silent is not asked again.
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        )
    except ValueError as error:
        raise ConfigError("the address of the Redis store cannot be read; it is redis://HOST:PORT/DB") from error
