"""The counters of one machine: a SQLite file that all its processes share."""

from __future__ import annotations

import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

import msgspec

from headroom.errors import ConfigError, StoreError
from headroom.state.counters import Claim, Grant, Record, Refusal, Share, claim_all, renew_all, settle_all, standing
from headroom.state.sqlite_file import BUSY_SECONDS, Identity, identity_of, is_damage, open_database, set_aside
from headroom.state.workspace import SECRET_BYTES

_SWEEP_SECONDS = 60.0
_SECRET = b"secret"
_FOREVER = float("inf")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS counter (address BLOB PRIMARY KEY, until REAL NOT NULL, record BLOB NOT NULL) WITHOUT ROWID
"""
_WRITE = "INSERT INTO counter VALUES (?1, ?2, ?3) ON CONFLICT (address) DO UPDATE SET until = ?2, record = ?3"


class SQLiteCounters:
    """Records as rows; whoever claims has the file to itself for that step (`BEGIN IMMEDIATE`).

    The file is opened when it is first used and again after a fork: a connection must not be carried over one. One that
    is removed or replaced is opened anew; one that is damaged is set aside, and whoever comes next counts from nothing.
    """

    is_blocking = True

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._lock = Lock()
        self._swept = 0.0
        self._opened: dict[int, tuple[sqlite3.Connection, Identity]] = {}
        self._closed = False

    def claim(self, claims: Sequence[Claim]) -> Grant | Refusal:
        """Grant all claims or none; see `Counters.claim`."""
        with self._alone() as rows:
            self._sweep(rows)
            return claim_all(claims, secrets.token_hex(8), self._clock(), rows.load, rows.keep)

    def settle(self, grant: Grant, actual: Sequence[float]) -> None:
        """Say what the claims were in the end; see `Counters.settle`."""
        with self._alone() as rows:
            settle_all(grant, actual, self._clock(), rows.load, rows.keep)

    def renew(self, grants: Sequence[Grant]) -> None:
        """Go on holding; see `Counters.renew`."""
        with self._alone() as rows:
            renew_all(grants, self._clock(), rows.load, rows.keep)

    def standing(self, share: Share) -> tuple[float, float]:
        """Return what is spent and reserved; see `Counters.standing`."""
        with self._alone() as rows:
            return standing(rows.load(share.address), self._clock())

    def secret(self) -> bytes:
        """Return the secret that lies in the file."""
        with self._alone() as rows:
            record = rows.load(_SECRET) or {"hex": secrets.token_hex(SECRET_BYTES)}
            rows.keep(_SECRET, record, _FOREVER)
            return bytes.fromhex(record["hex"])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._closed = True
            self._disconnect()

    @contextmanager
    def _alone(self) -> Iterator[_Rows]:
        """Have the file alone; what goes wrong is a `StoreError`, and nothing is written then."""
        if not self._lock.acquire(timeout=BUSY_SECONDS):
            raise StoreError(f"the counters {self._path} are busy")
        try:
            connection = self._connected()
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                yield _Rows(connection)
        except sqlite3.Error as error:
            self._lay_aside(error)
            raise StoreError(f"the counters {self._path} failed: {error}") from error
        except OSError as error:
            raise StoreError(f"the counters {self._path} cannot be opened: {error.strerror}") from error
        except ConfigError as error:
            # A foreign file has come to stand at the path; a setting can only be refused before anything runs.
            raise StoreError(str(error)) from error
        finally:
            self._lock.release()

    def _connected(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreError("the counters are closed")
        opened = self._opened.get(os.getpid())
        if opened is not None and identity_of(self._path) != opened[1]:
            self._disconnect()
            opened = None
        if opened is None:
            opened = open_database(self._path)
            opened[0].execute(_SCHEMA)
            self._opened[os.getpid()] = opened
        return opened[0]

    def _disconnect(self) -> Identity | None:
        """Close the connection of this process; return which file it was one to."""
        connection, identity = self._opened.pop(os.getpid(), (None, None))
        if connection is not None:
            connection.close()
        return identity

    def _lay_aside(self, error: sqlite3.Error) -> None:
        """Move the file out of the way if it is damaged, so that it does not stay so until somebody comes."""
        if isinstance(error, sqlite3.DatabaseError) and is_damage(error):
            identity = self._disconnect()
            if identity is not None:
                with suppress(OSError, StoreError):
                    set_aside(self._path, identity, error)

    def _sweep(self, rows: _Rows) -> None:
        now = self._clock()
        if abs(now - self._swept) >= _SWEEP_SECONDS:
            self._swept = now
            rows.remove_before(now)


class _Rows:
    """The records of one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def load(self, address: bytes) -> Record:
        row = self._connection.execute("SELECT record FROM counter WHERE address = ?", (address,)).fetchone()
        return {} if row is None else msgspec.json.decode(row[0], type=Record)

    def keep(self, address: bytes, record: Record, until: float) -> None:
        self._connection.execute(_WRITE, (address, until, msgspec.json.encode(record)))

    def remove_before(self, now: float) -> None:
        self._connection.execute("DELETE FROM counter WHERE until <= ?", (now,))
