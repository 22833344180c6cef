"""Where the response cache keeps its answers: in a store of the kind of the originals', each caller's apart.

Nothing in it awaits: on an event loop a shelf that `is_blocking` is asked in a thread.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

from headroom.proxy.config import ProxyConfig
from headroom.proxy.response_cache_answer import Kept, pack, unpacked
from headroom.state import Store, StoreStats, open_store, tenant_of
from headroom.state.counters import Counters
from headroom.state.counters_opening import open_counters

_KIND = "response"
_GENERATION = "generation"
_SUFFIX = ".responses"
"""Ending of the file in which answers lie beside a SQLite store, so that they take no room from the originals."""


class Shelf:
    """Answers by owner and key. All methods raise `StoreError` if the store cannot be asked.

    `owner` is the tenant whom answers belong to and who may clear them. The `counters` that go with the store have the
    secret by which callers are named: every process that shares the store has the same one.
    """

    def __init__(self, store: Store, counters: Counters, one_tenant: str, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.is_blocking = store.is_blocking or counters.is_blocking
        self._store = store
        self._counters = counters
        self._one_tenant = one_tenant
        self._secret = b""

    def tenant(self, headers: Mapping[bytes, bytes], query: bytes) -> str:
        """Return the name of the caller with these credentials; names of `headers` are in lower case."""
        self._secret = self._secret or self._counters.secret()
        return tenant_of(headers, self._secret, query)

    def owner(self, tenant: str) -> str:
        """Return to whom the answers for a caller belong."""
        return self._one_tenant or tenant

    def place(self, tenant: str, key: str) -> str:
        """Return under which key an answer lies at this moment: clearing begins a new generation of keys."""
        return f"{self._generation(self.owner(tenant))}:{key}"

    def find(self, tenant: str, place: str) -> Kept | None:
        """Return the answer at a place, unless its time is over."""
        value = self._store.get(self.owner(tenant), place, kind=_KIND)
        return None if value is None else unpacked(value, self.clock())

    def keep(self, tenant: str, place: str, kept: Kept) -> None:
        """Keep an answer."""
        self._store.put(self.owner(tenant), place, pack(kept), kind=_KIND)

    def clear(self, tenant: str) -> None:
        """Let no answer of an owner be found any more; the room that they take is given back as they grow old.

        The name of the generation is younger than all that it hides, and used whenever anything is looked for: the
        store lets go of the answers first, and their time is over first.
        """
        self._store.put(self.owner(tenant), _GENERATION, secrets.token_hex(8).encode(), kind=_KIND)

    def stats(self) -> StoreStats:
        """Return what the store holds."""
        return self._store.stats()

    def renew(self) -> None:
        """Ask for the secret again: a server that was away may have a new one."""
        self._secret = b""

    def close(self) -> None:
        """Let go of files and connections."""
        self._store.close()
        self._counters.close()

    def _generation(self, owner: str) -> str:
        found = self._store.get(owner, _GENERATION, kind=_KIND)
        return "" if found is None else found.decode()


def open_shelf(config: ProxyConfig, clock: Callable[[], float]) -> Shelf:
    """Open the shelf beside the configured store. Raises `ConfigError` or `StoreError` if it cannot be used."""
    url, max_bytes, idle_seconds = config.store, config.cache_max_bytes, config.cache_ttl_seconds
    scheme = url.partition(":")[0]
    if scheme == "sqlite":
        url += _SUFFIX
    elif scheme != "memory":  # one server has one list of all that it keeps, so the bounds are those of the originals
        max_bytes, idle_seconds = config.store_max_bytes, config.store_idle_seconds
    store = open_store(url, max_bytes=max_bytes, idle_seconds=idle_seconds)
    return Shelf(store, open_counters(config.store), config.one_tenant, clock)
