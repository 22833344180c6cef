"""Which store an address means. Backends are loaded when asked for: one needs an extra, none should cost start-up."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from headroom.errors import ConfigError
from headroom.state.store import DEFAULT_IDLE_SECONDS, DEFAULT_MAX_BYTES, Store

_ALLOWED = "memory:, sqlite:PATH, sqlite:///ABSOLUTE/PATH, redis://HOST:PORT/DB, rediss://HOST:PORT/DB"


def open_store(url: str, *, max_bytes: int = DEFAULT_MAX_BYTES, idle_seconds: float = DEFAULT_IDLE_SECONDS) -> Store:
    """Open the store at an address. Raise `ConfigError` if the address or a bound cannot be used.

    `StoreError` is raised if the address is well formed and its file cannot be opened. A server is not asked before
    the store is used, so it may come up later.
    """
    if max_bytes <= 0 or idle_seconds <= 0:
        raise ConfigError("a store's bounds, bytes and idle seconds, must be greater than 0")
    scheme, _, rest = url.partition(":")
    if url == "memory:":
        return _memory(max_bytes, idle_seconds)
    if scheme == "sqlite":
        return _sqlite(_path_of(rest), max_bytes, idle_seconds)
    if scheme in {"redis", "rediss"} and rest.startswith("//"):
        return _redis(url, max_bytes, idle_seconds)
    # The address itself is not shown: it may hold a password.
    raise ConfigError(f"not the address of a store; allowed: {_ALLOWED}")


def _path_of(rest: str) -> Path:
    authority = rest.removeprefix("//").partition("/")[0] if rest.startswith("//") else ""
    path = "/" + rest.lstrip("/") if rest.startswith("/") else rest
    if authority or not path.strip("/"):
        raise ConfigError("a SQLite store's address is sqlite:PATH or sqlite:///ABSOLUTE/PATH")
    return Path(path)


def _memory(max_bytes: int, idle_seconds: float) -> Store:
    store: Store = import_module("headroom.state.memory").MemoryStore(max_bytes, idle_seconds)
    return store


def _sqlite(path: Path, max_bytes: int, idle_seconds: float) -> Store:
    store: Store = import_module("headroom.state.sqlite").SQLiteStore(path, max_bytes, idle_seconds)
    return store


def _redis(url: str, max_bytes: int, idle_seconds: float) -> Store:
    try:
        import_module("redis")
    except ImportError:
        raise ConfigError("a Redis store needs the package redis: pip install 'headroom[redis]'") from None
    store: Store = import_module("headroom.state.redis").RedisStore(url, max_bytes, idle_seconds)
    return store
