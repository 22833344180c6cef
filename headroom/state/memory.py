"""The store of one process: a dictionary in order of use. Never blocks, so it may be asked on the event loop."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from headroom.state.record import OVERHEAD_BYTES, address_of
from headroom.state.store import DEFAULT_IDLE_SECONDS, DEFAULT_MAX_BYTES, ORIGINAL, StoreStats, Tally

_EXPIRED_AT_ONCE = 64
"""How many idle entries one call removes at most, so that no call is long; each call adds at most one."""


@dataclass(slots=True)
class _Entry:
    value: bytes
    used: float

    @property
    def cost(self) -> int:
        return OVERHEAD_BYTES + len(self.value)


class MemoryStore:
    """Values as they are, least recently used out first. They end with the process.

    Values are neither compressed nor copied: both would hold up the event loop for milliseconds a megabyte.
    """

    shared = False
    is_blocking = False

    def __init__(
        self,
        max_bytes: int = DEFAULT_MAX_BYTES,
        idle_seconds: float = DEFAULT_IDLE_SECONDS,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_bytes = max_bytes
        self._idle = idle_seconds
        self._clock = clock
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()
        self._tally = Tally()

    def put(self, tenant: str, key: str, value: bytes, *, kind: str = ORIGINAL) -> None:
        """Keep a value; see `Store.put`."""
        address = address_of(tenant, kind, key)
        with self._lock:
            now = self._clock()
            self._remove(address)
            entry = _Entry(value, now)
            if entry.cost > self._max_bytes:
                self._tally.evicted(for_bytes=1)
                return
            self._entries[address] = entry
            self._bytes += entry.cost
            self._expire(now)
            while self._bytes > self._max_bytes:
                self._remove(next(iter(self._entries)))
                self._tally.evicted(for_bytes=1)

    def get(self, tenant: str, key: str, *, kind: str = ORIGINAL) -> bytes | None:
        """Return a value and keep it longer; see `Store.get`."""
        address = address_of(tenant, kind, key)
        with self._lock:
            now = self._clock()
            entry = self._entries.get(address)
            if entry is not None and now - entry.used < self._idle:
                entry.used = now
                self._entries.move_to_end(address)
            else:
                entry = None
            self._expire(now)
        self._tally.asked(found=entry is not None)
        return entry.value if entry else None

    def stats(self) -> StoreStats:
        """Return the counters."""
        with self._lock:
            self._expire(self._clock())
            return self._tally.stats("memory", len(self._entries), self._bytes)

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    def _expire(self, now: float) -> None:
        # Entries stand in order of use, so the first one that is still in time ends the search.
        for _ in range(_EXPIRED_AT_ONCE):
            address = next(iter(self._entries), None)
            if address is None or now - self._entries[address].used < self._idle:
                return
            self._remove(address)
            self._tally.evicted(for_idleness=1)

    def _remove(self, address: bytes) -> None:
        entry = self._entries.pop(address, None)
        if entry is not None:
            self._bytes -= entry.cost
