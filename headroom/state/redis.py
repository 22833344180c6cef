"""The store of several machines: a Redis or Valkey server, never waited for longer than a second."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.retry import Retry

from headroom.errors import ConfigError, StoreError
from headroom.state import redis_scripts
from headroom.state.record import DIGEST_BYTES, OVERHEAD_BYTES, address_of, digest_of, pack, unpack
from headroom.state.store import DEFAULT_IDLE_SECONDS, DEFAULT_MAX_BYTES, ORIGINAL, StoreStats, Tally
from headroom.state.workspace import MARKER_KEY, SECRET_BYTES

_PREFIX = b"headroom:"
_ENTRY = _PREFIX + b"entry:"
_SECRET = _PREFIX + b"secret:"
_LISTS = (_PREFIX + b"used", _PREFIX + b"costs")

_TIMEOUT_SECONDS = 1.0
_REST_SECONDS = 1.0
"""How long a server that does not answer is left alone: a request with many texts waits once, not once a text."""


class RedisStore:
    """Values as strings that expire by themselves, beside a list of their uses that bounds their bytes.

    Only the server's clock counts. If the server evicts on its own (`maxmemory-policy`), entries are forgotten earlier
    than the bounds say, and nothing else happens.
    """

    shared = True
    is_blocking = True

    def __init__(
        self,
        url: str,
        max_bytes: int = DEFAULT_MAX_BYTES,
        idle_seconds: float = DEFAULT_IDLE_SECONDS,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = _client(url)
        self._bounds = (max(1, int(idle_seconds * 1000)), max_bytes, OVERHEAD_BYTES)
        self._clock = clock
        self._tally = Tally()
        self._resting_until = clock()
        self._closed = False
        script = self._client.register_script
        self._put = script(redis_scripts.PUT)
        self._refresh = script(redis_scripts.REFRESH)
        self._get = script(redis_scripts.GET)
        self._forget = script(redis_scripts.FORGET)
        self._stats = script(redis_scripts.STATS)

    def put(self, tenant: str, key: str, value: bytes, *, kind: str = ORIGINAL) -> None:
        """Keep a value; see `Store.put`. Only a value that the server does not have is sent."""
        address = address_of(tenant, kind, key)
        digest = digest_of(address, value)
        if not self._run(self._refresh, address, digest):
            idle, oldest = self._run(self._put, address, digest + pack(value))
            self._tally.evicted(for_idleness=idle, for_bytes=oldest)

    def get(self, tenant: str, key: str, *, kind: str = ORIGINAL) -> bytes | None:
        """Return a value and keep it longer; see `Store.get`."""
        address = address_of(tenant, kind, key)
        record = self._run(self._get, address)
        value = None if record is None else unpack(address, record[:DIGEST_BYTES], record[DIGEST_BYTES:])
        if record is not None and value is None:
            self._run(self._forget, address)
        self._tally.asked(found=value is not None)
        return value

    def secret(self, name: str = MARKER_KEY) -> bytes:
        """Return the secret of that name, 32 random bytes: the same ones for everybody who uses this server.

        A server that keeps nothing over its restarts makes a new one then.
        """
        key = _SECRET + name.encode()
        with self._asking():
            self._client.set(key, secrets.token_bytes(SECRET_BYTES), nx=True)
            secret = self._client.get(key)
        if not isinstance(secret, bytes) or len(secret) != SECRET_BYTES:
            raise ConfigError(f"the secret {key.decode()} in Redis has not {SECRET_BYTES} bytes: remove it (DEL)")
        return secret

    def stats(self) -> StoreStats:
        """Return the counters."""
        idle, entries, size = self._run(self._stats, b"")
        self._tally.evicted(for_idleness=idle)
        return self._tally.stats("redis", entries, size)

    def close(self) -> None:
        """Close the connections."""
        self._closed = True
        self._client.close()

    def _run(self, script: Script, address: bytes, *arguments: bytes) -> Any:
        with self._asking():
            return script(keys=[*_LISTS, _ENTRY + address], args=[*self._bounds, *arguments])

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Ask the server; what goes wrong is a `StoreError`, and a server that is away is left alone for a while."""
        if self._closed:
            raise StoreError("the store is closed")
        if self._clock() < self._resting_until:
            raise StoreError("Redis did not answer a moment ago")
        try:
            yield
        except redis.RedisError as error:
            if isinstance(error, (redis.ConnectionError, redis.TimeoutError)):
                self._resting_until = self._clock() + _REST_SECONDS
            raise StoreError(f"Redis failed: {error}") from error


def _client(url: str) -> redis.Redis:
    try:
        return redis.Redis.from_url(
            url,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            # A connection that broke since its last use is worth one more try, a server that is silent is not.
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        )
    except ValueError as error:
        raise ConfigError("the address of the Redis store cannot be read; it is redis://HOST:PORT/DB") from error
