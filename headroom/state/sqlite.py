"""The store of one machine: a SQLite file that all its processes share, and that outlives them."""

from __future__ import annotations

import os
import sqlite3
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import TypeVar

from headroom.errors import ConfigError, StoreError
from headroom.state.record import address_of, cost_of, digest_of, pack, unpack
from headroom.state.sqlite_file import BUSY_SECONDS, Identity, identity_of, is_damage, open_database, set_aside
from headroom.state.store import DEFAULT_IDLE_SECONDS, DEFAULT_MAX_BYTES, ORIGINAL, StoreStats, Tally

T = TypeVar("T")

_STEPS = 64
"""Into how many steps the idle time is divided: a use is written down if the last one was a step or more ago, so that
using what is used often writes nothing."""

_SPARE = 16
"""When the store is full, one part in so many is made free, so that not every put has to evict."""

_BATCH = 256
"""How many entries one transaction removes at most: other processes can write in between."""

_WRITE = """
INSERT INTO entry (address, digest, used, cost, packed) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (address) DO UPDATE SET digest = ?2, used = ?3, cost = ?4, packed = ?5
"""

_REMOVE_IDLE = "DELETE FROM entry WHERE id IN (SELECT id FROM entry WHERE used <= ? OR used > ? LIMIT ?)"

# Each entry goes for which those used before it do not free enough.
_REMOVE_OLDEST = """
DELETE FROM entry WHERE id IN (
    SELECT id FROM (
        SELECT id, SUM(cost) OVER (ORDER BY used, id) - cost AS freed_before
        FROM (SELECT id, used, cost FROM entry ORDER BY used, id LIMIT ?)
    ) WHERE freed_before < (SELECT bytes FROM held) - ?
)
"""


class SQLiteStore:
    """Values in one file (0600, in write-ahead mode), least recently used out first.

    A process has one connection, used by one thread at a time: SQLite's locks do not survive a fork, so there has to
    be a moment at which none is held. A file that is removed or replaced is opened anew; one that is damaged is set
    aside under the name `.corrupt-N` with a warning. Opening raises `ConfigError` if the file is a sound database of
    something else.
    """

    shared = True
    is_blocking = True

    def __init__(
        self,
        path: Path,
        max_bytes: int = DEFAULT_MAX_BYTES,
        idle_seconds: float = DEFAULT_IDLE_SECONDS,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._idle = idle_seconds
        self._step = idle_seconds / _STEPS
        self._clock = clock
        self._tally = Tally()
        self._swept = clock()
        self._lock = Lock()
        self._closed = False
        self._opened: tuple[sqlite3.Connection, Identity] | None = None
        with _store_errors(path):
            self._opened = open_database(path)
        _disconnect_at_fork(self)

    def put(self, tenant: str, key: str, value: bytes, *, kind: str = ORIGINAL) -> None:
        """Keep a value; see `Store.put`."""
        address = address_of(tenant, kind, key)
        digest = digest_of(address, value)
        if not self._do(lambda database: self._refresh(database, address, digest)):
            packed = pack(value)
            self._do(lambda database: self._write(database, address, digest, packed))

    def get(self, tenant: str, key: str, *, kind: str = ORIGINAL) -> bytes | None:
        """Return a value and keep it longer; see `Store.get`."""
        address = address_of(tenant, kind, key)
        value = self._do(lambda database: self._read(database, address))
        self._tally.asked(found=value is not None)
        return value

    def stats(self) -> StoreStats:
        """Return the counters."""
        self._do(self._expire)
        return self._tally.stats("sqlite", *self._do(_held))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._closed = True
            self._disconnect()

    # --- what is done with the database ---

    def _refresh(self, database: sqlite3.Connection, address: bytes, digest: bytes) -> bool:
        """Keep an entry longer if it holds the value of this digest; return whether it does."""
        row = database.execute("SELECT used FROM entry WHERE address = ? AND digest = ?", (address, digest)).fetchone()
        if row:
            self._touch(database, address, row[0])
        return bool(row)

    def _write(self, database: sqlite3.Connection, address: bytes, digest: bytes, packed: bytes) -> None:
        cost = cost_of(packed)
        if cost > self._max_bytes:
            database.execute("DELETE FROM entry WHERE address = ?", (address,))
            self._tally.evicted(for_bytes=1)
            return
        database.execute(_WRITE, (address, digest, self._clock(), cost, packed))
        self._make_room(database)

    def _read(self, database: sqlite3.Connection, address: bytes) -> bytes | None:
        row = database.execute("SELECT digest, packed, used FROM entry WHERE address = ?", (address,)).fetchone()
        if not row or not self._is_alive(row[2]):
            return None
        digest, packed, used = row
        value = unpack(address, digest, packed)
        # What can be read is given also where nothing can be written.
        with suppress(sqlite3.OperationalError):
            if value is None:
                database.execute("DELETE FROM entry WHERE address = ? AND digest = ?", (address, digest))
            else:
                self._touch(database, address, used)
        return value

    def _touch(self, database: sqlite3.Connection, address: bytes, used: float) -> None:
        now = self._clock()
        if abs(now - used) >= self._step:
            database.execute("UPDATE entry SET used = ? WHERE address = ?", (now, address))

    def _is_alive(self, used: float) -> bool:
        # What was used in the future was used before the clock was put back, nobody knows how long.
        return -self._step < self._clock() - used < self._idle

    def _make_room(self, database: sqlite3.Connection) -> None:
        if abs(self._clock() - self._swept) >= self._step:
            self._expire(database)
        _, size = _held(database)
        if size <= self._max_bytes:
            return
        aim = self._max_bytes - self._max_bytes // _SPARE
        while removed := database.execute(_REMOVE_OLDEST, (_BATCH, aim)).rowcount:
            self._tally.evicted(for_bytes=removed)

    def _expire(self, database: sqlite3.Connection) -> None:
        now = self._swept = self._clock()
        while removed := database.execute(_REMOVE_IDLE, (now - self._idle, now + self._step, _BATCH)).rowcount:
            self._tally.evicted(for_idleness=removed)

    # --- the connection ---

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do one piece of work with the connection; what goes wrong is a `StoreError`."""
        if not self._lock.acquire(timeout=BUSY_SECONDS):
            raise StoreError(f"the store {self._path} is busy")
        try:
            with _store_errors(self._path):
                return self._try_twice(work)
        except ConfigError as error:
            # A foreign file has come to stand at the path; a setting can only be refused before anything runs.
            raise StoreError(str(error)) from error
        finally:
            self._lock.release()

    def _try_twice(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work; if the file turns out to be damaged, do it again with a new one."""
        try:
            return work(self._connected())
        except sqlite3.DatabaseError as error:
            if not is_damage(error) or self._opened is None:
                raise
            _, identity = self._opened
            self._disconnect()
            set_aside(self._path, identity, error)
        return work(self._connected())

    def _connected(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreError("the store is closed")
        if self._opened is not None and identity_of(self._path) != self._opened[1]:
            self._disconnect()
        if self._opened is None:
            self._opened = open_database(self._path)
        return self._opened[0]

    def _disconnect(self) -> None:
        if self._opened is not None:
            self._opened[0].close()
            self._opened = None

    def _before_fork(self) -> None:
        self._lock.acquire()
        self._disconnect()

    def _after_fork(self) -> None:
        self._lock.release()


@contextmanager
def _store_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"the store {path} failed: {error}") from error
    except OSError as error:
        raise StoreError(f"the store {path} cannot be opened: {error.strerror}") from error


def _held(database: sqlite3.Connection) -> tuple[int, int]:
    """Return the number of entries and their bytes."""
    entries, size = database.execute("SELECT entries, bytes FROM held").fetchone()
    return entries, size


def _disconnect_at_fork(store: SQLiteStore) -> None:
    known = weakref.ref(store)

    def before() -> None:
        if (here := known()) is not None:
            here._before_fork()

    def after() -> None:
        if (here := known()) is not None:
            here._after_fork()

    os.register_at_fork(before=before, after_in_parent=after, after_in_child=after)
