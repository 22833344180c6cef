"""The store of several machines: a Redis or Valkey server, never waited for longer than a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from redis.commands.core import Script

from headroom.state import redis_scripts
from headroom.state.record import DIGEST_BYTES, OVERHEAD_BYTES, address_of, digest_of, pack, unpack
from headroom.state.redis_link import RedisLink
from headroom.state.store import DEFAULT_IDLE_SECONDS, DEFAULT_MAX_BYTES, ORIGINAL, StoreStats, Tally
from headroom.state.workspace import MARKER_KEY

_PREFIX = b"headroom:"
_ENTRY = _PREFIX + b"entry:"
_SECRET = _PREFIX + b"secret:"
_LISTS = (_PREFIX + b"used", _PREFIX + b"costs")


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
        self._link = RedisLink(url, clock=clock)
        self._bounds = (max(1, int(idle_seconds * 1000)), max_bytes, OVERHEAD_BYTES)
        self._tally = Tally()
        script = self._link.client.register_script
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
        """Return the secret of that name, the same for everybody who uses this server; see `RedisLink.secret`."""
        return self._link.secret(_SECRET + name.encode())

    def stats(self) -> StoreStats:
        """Return the counters."""
        idle, entries, size = self._run(self._stats, b"")
        self._tally.evicted(for_idleness=idle)
        return self._tally.stats("redis", entries, size)

    def close(self) -> None:
        """Close the connections."""
        self._link.close()

    def _run(self, script: Script, address: bytes, *arguments: bytes) -> Any:
        with self._link.asking():
            return script(keys=[*_LISTS, _ENTRY + address], args=[*self._bounds, *arguments])
