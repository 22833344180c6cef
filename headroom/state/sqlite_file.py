"""The file under the SQLite store: how it is made, opened, recognised, and set aside when it is damaged."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from headroom.errors import ConfigError, StoreError
from headroom.state.files import PRIVATE_FILE, create_private_file, make_private_folder

BUSY_SECONDS = 2.0
"""How long anything waits for other threads and processes before it gives up."""

_APPLICATION_ID = 0x68726D31
_SCHEMA_VERSION = 1
_WAL_BYTES = 16 * 1024 * 1024
_SET_ASIDE_AT_MOST = 3
_FILES = ("", "-wal", "-shm")
"""Endings of the names that make up a database: the file, its log, and the index of the log."""

_RETRY_SECONDS = 0.01

# `held` is kept by triggers, so that every writer knows the size of the whole without adding it up.
_SCHEMA = """
CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    address BLOB NOT NULL UNIQUE,
    digest BLOB NOT NULL,
    used REAL NOT NULL,
    cost INTEGER NOT NULL,
    packed BLOB NOT NULL
);
CREATE INDEX entry_by_use ON entry (used, id, cost);
CREATE TABLE held (entries INTEGER NOT NULL, bytes INTEGER NOT NULL);
INSERT INTO held VALUES (0, 0);
CREATE TRIGGER entry_added AFTER INSERT ON entry
    BEGIN UPDATE held SET entries = entries + 1, bytes = bytes + NEW.cost; END;
CREATE TRIGGER entry_changed AFTER UPDATE OF cost ON entry
    BEGIN UPDATE held SET bytes = bytes - OLD.cost + NEW.cost; END;
CREATE TRIGGER entry_removed AFTER DELETE ON entry
    BEGIN UPDATE held SET entries = entries - 1, bytes = bytes - OLD.cost; END;
"""
_STAMP = f"PRAGMA application_id = {_APPLICATION_ID}; PRAGMA user_version = {_SCHEMA_VERSION};"

Identity = tuple[int, int]
"""Device and inode: what tells a file from any other that stood or will stand at its path."""

_log = logging.getLogger("headroom.state")


class _Connection(sqlite3.Connection):
    """Closes itself when nobody holds it any more: whoever drops a pipeline need not know that it has a file."""

    def __del__(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # one that could not be opened has nothing to close
            self.close()


def open_database(path: Path) -> tuple[sqlite3.Connection, Identity]:
    """Open the database at a path, and make it if there is none; a file that is damaged is set aside first.

    Return the connection, which any thread may use in its turn, and which file it is a connection to.

    Raise `ConfigError` if the file is a sound database of something else, `sqlite3.Error` or `OSError` if it cannot
    be opened.
    """
    make_private_folder(path.parent)
    with _opening(path):
        try:
            connection = _open(path)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            _set_aside(path, error)
            connection = _open(path)
        status = path.stat()
        return connection, (status.st_dev, status.st_ino)


def set_aside(path: Path, identity: Identity, error: sqlite3.DatabaseError) -> None:
    """Move a damaged file out of the way, unless another process has done so since it was opened."""
    with _opening(path):
        if identity_of(path) == identity:
            _set_aside(path, error)


def identity_of(path: Path) -> Identity | None:
    """Return which file stands at a path, if there is one."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def is_damage(error: sqlite3.Error) -> bool:
    """Tell a file that cannot be trusted from one that cannot be used at this moment."""
    # The low byte is the primary result code (https://www.sqlite.org/rescode.html).
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def _open(path: Path) -> sqlite3.Connection:
    with suppress(FileExistsError):
        create_private_file(path)
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, factory=_Connection
    )
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} {_STAMP} COMMIT;")
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if (application, version) != (_APPLICATION_ID, _SCHEMA_VERSION):
        raise ConfigError(f"{path} is no store of this version of headroom: remove it, or name another file")
    # A crash of the machine may lose the newest entries, never the file's soundness.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
    path.chmod(PRIVATE_FILE)


def _set_aside(path: Path, error: sqlite3.DatabaseError) -> None:
    numbers = range(1, _SET_ASIDE_AT_MOST + 1)
    targets = [path.with_name(f"{path.name}.corrupt-{number}") for number in numbers]
    target = next((one for one in targets if not one.exists()), targets[-1])
    _log.warning("the store %s is damaged (%s): it is kept as %s and a new one is begun", path, error, target.name)
    for suffix in _FILES:
        source = path.with_name(path.name + suffix)
        if source.exists():
            source.replace(target.with_name(target.name + suffix))


@contextmanager
def _opening(path: Path) -> Iterator[None]:
    # One at a time makes, opens or moves the file. The lock has a file of its own: closing any descriptor of the
    # database would drop SQLite's own locks (https://www.sqlite.org/howtocorrupt.html, section 2.2).
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        _lock(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise StoreError(f"another process has been opening {path} for {BUSY_SECONDS:g} s") from None
            time.sleep(_RETRY_SECONDS)
        else:
            return
