"""Which counters belong to the address of a store. Backends are loaded when asked for, as those of the store are."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from headroom.errors import ConfigError
from headroom.state.counters import Counters
from headroom.state.counters_memory import MemoryCounters

SUFFIX = ".counters"
"""Ending of the file in which the counters of a SQLite store lie: beside the store, which anybody may remove."""


def open_counters(url: str) -> Counters:
    """Return the counters that go with a store's address (see `open_store`); nothing is opened before it is used.

    Raise `ConfigError` if the address cannot be used.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "memory":
        return MemoryCounters()
    if scheme == "sqlite":
        path = "/" + rest.lstrip("/") if rest.startswith("/") else rest
        counters: Counters = import_module("headroom.state.counters_sqlite").SQLiteCounters(Path(path + SUFFIX))
        return counters
    try:
        import_module("redis")
    except ImportError:
        raise ConfigError("limits in Redis need the package redis: pip install 'headroom[redis]'") from None
    shared: Counters = import_module("headroom.state.counters_redis").RedisCounters(url)
    return shared
