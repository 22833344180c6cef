"""Addresses of stores."""

import subprocess
import sys
from pathlib import Path

import pytest

from headroom.errors import ConfigError
from headroom.state import open_store
from headroom.state.memory import MemoryStore
from headroom.state.redis import RedisStore
from headroom.state.sqlite import SQLiteStore


def test_memory_is_a_store_of_this_process():
    store = open_store("memory:")
    assert isinstance(store, MemoryStore)
    store.put("tenant", "key", b"value")
    assert store.get("tenant", "key") == b"value"


@pytest.mark.parametrize("slashes", ["", "//", "///"])
def test_sqlite_takes_an_absolute_path_with_and_without_slashes(tmp_path, slashes):
    store = open_store(f"sqlite:{slashes}{tmp_path}/store.db")
    assert isinstance(store, SQLiteStore)
    assert (tmp_path / "store.db").exists()
    store.close()


def test_sqlite_takes_a_relative_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    open_store("sqlite:folder/store.db").close()
    assert (tmp_path / "folder" / "store.db").exists()


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_redis_is_not_asked_before_it_is_used(scheme):
    store = open_store(f"{scheme}://127.0.0.1:1/0")
    assert isinstance(store, RedisStore)
    store.close()


def test_bounds_are_those_of_the_store():
    store = open_store("memory:", max_bytes=1000, idle_seconds=5)
    store.put("tenant", "one", b"x" * 500)
    store.put("tenant", "two", b"x" * 500)
    assert (store.get("tenant", "one"), store.get("tenant", "two")) == (None, b"x" * 500)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "memory",
        "memory:x",
        "redis",
        "redis:",
        "redis:host",
        "valkey://user:password@host",
        "/var/store.db",
        "SQLITE:x",
    ],
)
def test_other_addresses_are_refused_with_those_that_are_allowed(url):
    with pytest.raises(ConfigError, match="allowed: memory:, sqlite:PATH") as caught:
        open_store(url)
    assert "password" not in str(caught.value)


@pytest.mark.parametrize("url", ["sqlite:", "sqlite:/", "sqlite://", "sqlite:///", "sqlite://host/store.db"])
def test_sqlite_without_a_path_is_refused(url):
    with pytest.raises(ConfigError, match="sqlite:PATH"):
        open_store(url)


def test_an_unreadable_address_of_redis_does_not_show_its_password():
    with pytest.raises(ConfigError, match="redis://HOST:PORT/DB") as caught:
        open_store("redis://user:password@host:port/0")
    assert "password" not in str(caught.value)


@pytest.mark.parametrize("bounds", [{"max_bytes": 0}, {"idle_seconds": 0}, {"idle_seconds": -1}])
def test_bounds_are_greater_than_nothing(bounds):
    with pytest.raises(ConfigError, match="greater than 0"):
        open_store("memory:", **bounds)


def test_without_its_package_redis_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigError, match=r"pip install 'headroom\[redis\]'"):
        open_store("redis://127.0.0.1:1/0")


LOADED = """
import sys
from headroom.state import open_store
open_store("memory:")
print({"redis", "sqlite3"} & set(sys.modules))
"""


def test_a_store_in_memory_loads_no_database():
    command = [sys.executable, "-c", LOADED]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
