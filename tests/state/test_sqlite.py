"""The SQLite store and its file: who may read it, what becomes of it when it is damaged, removed or not ours."""

import gc
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from state.benches import Clock

from headroom.errors import ConfigError, StoreError
from headroom.state import sqlite_file
from headroom.state.sqlite import SQLiteStore


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "store.db"


@pytest.fixture
def opened(path):
    stores = []

    def make(**settings):
        stores.append(SQLiteStore(path, **settings))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


def spoil(path, beginning):
    """Overwrite a file from here on; in another process, as closing a database in this one would drop its locks."""
    code = "import sys; file = open(sys.argv[1], 'r+b'); n = int(sys.argv[2]); file.seek(n); file.write(b'x' * 90_000)"
    subprocess.run([sys.executable, "-c", code, str(path), str(beginning)], check=True)


def names(path):
    return sorted(one.name for one in path.parent.iterdir())


def test_only_the_owner_may_read_the_store(path, opened):
    before = os.umask(0)
    try:
        opened().put("tenant", "key", b"value")
    finally:
        os.umask(before)
    modes = {one.name: one.stat().st_mode & 0o777 for one in path.parent.iterdir()}
    assert modes == dict.fromkeys(["store.db", "store.db-shm", "store.db-wal", "store.db.lock"], 0o600)
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_that_others_may_read_is_closed_to_them(path, opened):
    opened().close()
    path.chmod(0o644)
    opened()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_there_already_is_left_as_it_is(path, opened):
    path.parent.mkdir(mode=0o755)
    opened()
    assert path.parent.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("beginning", [0, 4096], ids=["its header", "all but its first page"])
def test_a_damaged_file_is_set_aside_and_a_new_one_is_begun(path, opened, caplog, beginning):
    store = opened()
    for number in range(30):
        store.put("tenant", str(number), b"%d" % number * 1000)
    store.close()
    spoil(path, beginning)
    damaged = path.read_bytes()
    store = opened()
    assert store.get("tenant", "1") is None
    store.put("tenant", "1", b"new")
    assert store.get("tenant", "1") == b"new"
    assert path.with_name("store.db.corrupt-1").read_bytes() == damaged
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "store.db.corrupt-1" in record.getMessage()


def test_two_who_meet_the_same_damage_begin_one_new_file(path, opened):
    one, two = opened(), opened()
    for number in range(30):
        one.put("tenant", str(number), b"%d" % number * 1000)
    one.close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    spoil(path, 0)
    three = opened()
    two.put("tenant", "key", b"of two")
    three.put("tenant", "other", b"of three")
    assert (three.get("tenant", "key"), two.get("tenant", "other")) == (b"of two", b"of three")
    assert [name for name in names(path) if "corrupt" in name and name[-1] in "123"] == ["store.db.corrupt-1"]


def test_damage_found_in_a_file_that_was_replaced_since_moves_nothing(path, opened, caplog):
    opened()
    before = names(path)
    sqlite_file.set_aside(path, (0, 0), sqlite3.DatabaseError("malformed"))
    assert names(path) == before
    assert caplog.records == []


def test_no_more_than_three_damaged_files_are_kept(path, opened):
    for number in range(5):
        opened().close()
        spoil(path, number)
    opened()
    assert [name for name in names(path) if "corrupt" in name] == [f"store.db.corrupt-{number}" for number in (1, 2, 3)]


@pytest.mark.parametrize("with_log", [True, False], ids=["with its log", "without its log"])
def test_a_removed_file_is_made_anew_for_all_who_share_it(path, opened, with_log):
    one, two = opened(), opened()
    one.put("tenant", "key", b"old")
    for suffix in ("", "-wal", "-shm") if with_log else ("",):
        path.with_name(path.name + suffix).unlink()
    one.put("tenant", "other", b"new")
    assert two.get("tenant", "other") == b"new"
    assert two.get("tenant", "key") is None


def test_a_database_of_something_else_is_refused_and_left_alone(path):
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE bookmark (url TEXT)")
    path.chmod(0o644)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="no store of this version"):
        SQLiteStore(path)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (before, 0o644)


def test_a_foreign_file_in_place_of_a_store_in_use_is_a_store_error(path, opened, tmp_path):
    store = opened()
    with closing(sqlite3.connect(tmp_path / "other.db")) as database, database:
        database.execute("CREATE TABLE bookmark (url TEXT)")
    foreign = (tmp_path / "other.db").read_bytes()
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink()
    (tmp_path / "other.db").replace(path)
    with pytest.raises(StoreError, match="no store of this version"):
        store.get("tenant", "key")
    assert path.read_bytes() == foreign


def test_a_store_of_another_version_is_refused(path, opened):
    opened().close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 2")
    with pytest.raises(ConfigError, match="version"):
        SQLiteStore(path)


def test_a_place_where_no_file_can_be_is_a_store_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be opened"):
        SQLiteStore(tmp_path / "file" / "store.db")


def test_a_store_that_nobody_may_write_to_can_still_be_read(path, opened, monkeypatch):
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.05)
    clock = Clock()
    store = opened(clock=clock)
    store.put("tenant", "key", b"value")
    clock.now += 600
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            store.put("tenant", "new", b"value")
        assert store.get("tenant", "key") == b"value"
        other.execute("ROLLBACK")
    store.put("tenant", "new", b"value")
    assert store.get("tenant", "new") == b"value"


def test_values_are_forgotten_when_the_clock_jumps_and_never_kept_for_ever(opened):
    clock = Clock()
    store = opened(clock=clock, idle_seconds=100)
    store.put("tenant", "key", b"value")
    clock.now -= 1_000
    assert store.get("tenant", "key") is None
    store.put("tenant", "other", b"value")
    assert store.get("tenant", "other") == b"value"
    assert store.stats().entries == 1
    clock.now += 10_000
    assert store.get("tenant", "other") is None
    assert store.stats().entries == 0


def test_using_what_was_just_used_writes_nothing(path, opened):
    clock = Clock()
    store = opened(clock=clock)
    store.put("tenant", "key", b"value")
    log = path.with_name("store.db-wal")
    before = log.read_bytes()
    store.put("tenant", "key", b"value")
    store.get("tenant", "key")
    assert log.read_bytes() == before
    clock.now += 60
    store.get("tenant", "key")
    assert log.read_bytes() != before


def test_idle_entries_leave_the_file_while_others_are_put(opened):
    clock = Clock()
    store = opened(clock=clock, idle_seconds=100)
    for number in range(600):
        store.put("tenant", str(number), b"value")
    clock.now += 200
    store.put("tenant", "new", b"value")
    with closing(sqlite3.connect(store._path)) as database:
        assert database.execute("SELECT count(*) FROM entry").fetchone() == (1,)


def test_a_store_that_is_dropped_leaves_no_file_open(path):
    def is_open():
        return path in {one.readlink() for one in Path("/proc/self/fd").iterdir() if one.exists()}

    store = SQLiteStore(path)
    store.put("tenant", "key", b"value")
    assert is_open()
    del store
    gc.collect()
    assert not is_open()


def test_a_file_that_cannot_be_opened_leaves_nothing_to_close(path, monkeypatch):
    monkeypatch.setattr(sqlite_file, "create_private_file", lambda _: path.mkdir())
    with pytest.raises(StoreError):
        SQLiteStore(path)
    gc.collect()  # what fails while it is collected fails this test
