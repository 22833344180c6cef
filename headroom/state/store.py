"""The Store: values by tenant, kind and key, for as long as they are used and as far as there is room.

A store is a cache: whatever it forgets, the client still has. What it must never do is give a wrong value, or one
tenant's value to another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

DEFAULT_MAX_BYTES = 256 * 1024 * 1024
DEFAULT_IDLE_SECONDS = 1800.0

ORIGINAL = "original"
"""The kind of a text that a reader may ask for again."""


@dataclass(frozen=True, slots=True)
class StoreStats:
    """What a store holds and how it is used.

    `entries` and `bytes` are those of the whole store (bytes as held, overhead included); the other numbers count what
    this process has asked for and thrown out since it opened the store.
    """

    backend: str
    entries: int
    bytes: int
    hits: int
    misses: int
    evicted_for_bytes: int
    evicted_for_idleness: int


class Store(Protocol):
    """What every backend does. All methods may be called from several threads, and raise `StoreError` if they cannot.

    `shared` says that other processes see the same entries; `is_blocking` that a call waits for a disk or a server,
    and so has no place on an event loop.
    """

    shared: bool
    is_blocking: bool

    def put(self, tenant: str, key: str, value: bytes, *, kind: str = ORIGINAL) -> None:
        """Keep a value, in place of any other under its key. One larger than the whole store is not kept."""

    def get(self, tenant: str, key: str, *, kind: str = ORIGINAL) -> bytes | None:
        """Return the value byte for byte, or None if it is unknown, expired or damaged. Using it keeps it longer."""

    def stats(self) -> StoreStats:
        """Return the counters."""

    def close(self) -> None:
        """Let go of files and connections. The store cannot be used afterwards."""


@dataclass(slots=True)
class Tally:
    """Counts what one process does with a store. Safe to use from several threads."""

    hits: int = 0
    misses: int = 0
    evicted_for_bytes: int = 0
    evicted_for_idleness: int = 0
    _lock: Lock = field(default_factory=Lock, repr=False)

    def asked(self, *, found: bool) -> None:
        """Count one `get`."""
        with self._lock:
            self.hits += found
            self.misses += not found

    def evicted(self, *, for_bytes: int = 0, for_idleness: int = 0) -> None:
        """Count entries thrown out."""
        with self._lock:
            self.evicted_for_bytes += for_bytes
            self.evicted_for_idleness += for_idleness

    def stats(self, backend: str, entries: int, size: int) -> StoreStats:
        """Return the counts beside what the backend says that it holds."""
        with self._lock:
            return StoreStats(
                backend=backend,
                entries=entries,
                bytes=size,
                hits=self.hits,
                misses=self.misses,
                evicted_for_bytes=self.evicted_for_bytes,
                evicted_for_idleness=self.evicted_for_idleness,
            )
