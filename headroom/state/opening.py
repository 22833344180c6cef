"""Which store an address means."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from headroom.errors import ConfigError
from headroom.state.store import DEFAULT_IDLE_SECONDS, DEFAULT_MAX_BYTES, Store

_ALLOWED = "memory:, sqlite:PATH, sqlite:///ABSOLUTE/PATH, redis://HOST:PORT/DB or rediss://HOST:PORT/DB"


def open_store(url: str, *, max_bytes: int = DEFAULT_MAX_BYTES, idle_seconds: float = DEFAULT_IDLE_SECONDS) -> Store:
    """Open the store at an address. Raise `ConfigError` if the address or a bound cannot be used.

    `StoreError` is raised if the address is well formed and its file cannot be opened; a server is first asked when
    the store is used.
    """
    if max_bytes <= 0 or idle_seconds <= 0:
        raise ConfigError("the bounds of a store, bytes and idle seconds, must be greater than 0")
    scheme, colon, rest = url.partition(":")
    opener = _OPENERS.get(scheme) if colon else None
    if opener is None:
        # Only the scheme is shown: the rest may hold a password.
        raise ConfigError(f"no store has an address that begins with {scheme if colon else ''!r}; allowed: {_ALLOWED}")
    return opener(rest, max_bytes, idle_seconds)


def _memory(rest: str, max_bytes: int, idle_seconds: float) -> Store:
    if rest:
        raise ConfigError("the store in memory has no path; its address is memory:")
    store: Store = import_module("headroom.state.memory").MemoryStore(max_bytes, idle_seconds)
    return store


def _sqlite(rest: str, max_bytes: int, idle_seconds: float) -> Store:
    path = _sqlite_path(rest)
    store: Store = import_module("headroom.state.sqlite").SQLiteStore(path, max_bytes, idle_seconds)
    return store


def _sqlite_path(rest: str) -> Path:
    authority, path = ("", rest) if not rest.startswith("//") else rest[2:].split("/", 1)
