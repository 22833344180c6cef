"""One SQLite store, many processes: at the same time, killed, forked, and out of disk."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from state import sqlite_worker
from state.sqlite_worker import KEYS, value_of

from headroom.state.sqlite import SQLiteStore

ROOM = 100_000
FOREVER = 1_000_000


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "store.db"


def start(path, rounds, threads=8):
    arguments = [str(one) for one in (path, ROOM, threads, rounds)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, sqlite_worker.__file__, *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def assert_sound(path):
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        ((entries, size),) = database.execute("SELECT count(*), sum(cost) FROM entry").fetchall()
        assert database.execute("SELECT entries, bytes FROM held").fetchall() == [(entries, size)]
    assert size <= ROOM
    assert [one.name for one in path.parent.iterdir() if "corrupt" in one.name] == []


def assert_values_are_right(path):
    store = SQLiteStore(path, ROOM)
    found = {str(key): store.get("tenant", str(key)) for key in range(KEYS)}
    store.close()
    kept = {key: value for key, value in found.items() if value is not None}
    assert kept
    assert kept == {key: value_of(key) for key in kept}


def put_once(path):
    """Put something: whoever is killed between a put and making room leaves that to the next one."""
    store = SQLiteStore(path, ROOM)
    store.put("tenant", "last", b"of all")
    store.close()


def test_processes_that_are_killed_at_work_leave_a_sound_store(path):
    crew = [start(path, FOREVER) for _ in range(4)]
    try:
        for place in (0, 1, 2, 3, 0, 1):
            assert crew[place].stdout.readline() == "at work\n"
            time.sleep(0.1)
            crew[place].kill()
            assert crew[place].wait() == -9
            crew[place].stdout.close()
            crew[place] = start(path, FOREVER)
        assert [process.poll() for process in crew] == [None] * 4
    finally:
        for process in crew:
            process.kill()
            process.wait()
            process.stdout.close()
    assert_values_are_right(path)
    put_once(path)
    assert_sound(path)


def test_four_processes_of_eight_threads_all_end_their_work_without_an_error(path):
    crew = [start(path, 40) for _ in range(4)]
    ends = [(process.communicate()[0], process.returncode) for process in crew]
    assert ends == [("at work\n", 0)] * 4
    assert_values_are_right(path)
    assert_sound(path)


def _work_in_child(store, said, told):
    """Put, wait for a word, put again, and stay until killed: what is in use must not be closed behind one's back."""
    store.put("tenant", "child", b"early")
    said.write(b"1")
    told.read(1)
    store.put("tenant", "child", b"late")
    said.write(store.get("tenant", "before") or b"0")
    told.read(1)


def test_a_forked_process_and_its_parent_go_on_with_the_same_store(path):
    store = SQLiteStore(path)
    store.put("tenant", "before", b"2")
    with _pipe() as (heard, said), _pipe() as (told, tell):
        child = os.fork()
        if not child:
            _work_in_child(store, said, told)
            os._exit(0)
        try:
            assert heard.read(1) == b"1"
            assert store.get("tenant", "child") == b"early"
            # Who closes a database last removes its log: the parent must know that the child still writes there.
            store.close()
            tell.write(b".")
            assert heard.read(1) == b"2"
            again = SQLiteStore(path)
            assert again.get("tenant", "child") == b"late"
            again.close()
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


@contextmanager
def _pipe():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as out, os.fdopen(writing, "wb", buffering=0) as into:
        yield out, into


FULL_DISK = """
import random, resource, sys
from pathlib import Path
from headroom.errors import StoreError
from headroom.state.sqlite import SQLiteStore

store = SQLiteStore(Path(sys.argv[1]))
store.put("tenant", "first", b"value")
before = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
try:
    for number in range(100):
        store.put("tenant", str(number), random.Random(number).randbytes(10_000))
except StoreError as error:
    print(error)
print(store.get("tenant", "first"))
resource.setrlimit(resource.RLIMIT_FSIZE, before)
store.put("tenant", "last", b"fits again")
print(store.get("tenant", "last"))
"""


def test_a_full_disk_is_a_store_error_and_reading_goes_on(path):
    command = [sys.executable, "-c", FULL_DISK, str(path)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    error, first, last = done.stdout.splitlines()
    assert "failed" in error
    assert (first, last) == ("b'value'", "b'fits again'")
