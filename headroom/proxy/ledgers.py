"""The ledgers of several workers as one: each keeps publishing its own, and whoever is asked adds them up.

A worker has a place, and publishes under it in the store that all of them share. Whoever takes the place of one that
died goes on from what that one had published, so nothing is lost but what was booked since.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import fields
from functools import partial
from typing import Any, TypeVar

import msgspec

from headroom.errors import StoreError
from headroom.proxy.stats import WINDOW, Histogram, Ledger, Shrinkage, Stats
from headroom.state import Store

T = TypeVar("T")

PUBLISH_SECONDS = 1.0

_TRIES = 2
"""Whoever hears of a reset looks again."""

_KIND = "ledger"
_TENANT = ""
_EPOCH = "epoch"
_log = logging.getLogger("headroom.proxy")


class Snapshot(msgspec.Struct, array_like=True, frozen=True):
    """A ledger as it was; `epoch` names the reset since which it counts."""

    epoch: str
    ledger: Ledger


class Ledgers:
    """What the worker in one of `count` places knows of all of them. `run` names the proxy that they belong to."""

    def __init__(self, store: Store, stats: Stats, run: str, slot: int, count: int) -> None:
        self._store = store
        self._stats = stats
        self._run = run
        self._slot = slot
        self._count = count
        self._epoch = ""
        self._others: list[Ledger] = []
        self._trouble = ""
        self._publisher: asyncio.Task[None] | None = None
        # Of its own: those of the event loop may be busy compressing for a second.
        self._thread = ThreadPoolExecutor(1, "headroom-ledgers")

    def adopt(self) -> None:
        """Go on from what the worker before in this place has published, if the store can be read."""
        with suppress(StoreError):
            self._epoch = self._epoch_of_all()
            left = self._published(self._slot)
            if left is not None:
                add(self._stats.ledger, left)

    def publish(self) -> None:
        """Publish this worker's ledger, at the end of its life."""
        with suppress(StoreError):
            self._exchange(self._packed())

    def watch(self) -> None:
        """Keep publishing, in the running event loop."""
        self._publisher = asyncio.create_task(self._keep_publishing())

    def unwatch(self) -> None:
        """End what `watch` began."""
        if self._publisher is not None:
            self._publisher.cancel()

    async def totals(self) -> Ledger:
        """Return the ledger of all workers: this one's of this moment, the others' of a second ago at most.

        While the store is gone, the others' are those that were last seen.
        """
        packed = await self._round()
        return await self._in_thread(lambda: self._sum(packed))

    async def reset(self) -> None:
        """Begin a new ledger everywhere; what others book before they hear of it is lost. Raises `StoreError`."""
        epoch = secrets.token_hex(8)
        await self._in_thread(lambda: self._put(_EPOCH, epoch.encode()))
        self._begin(epoch)

    async def _keep_publishing(self) -> None:
        while True:
            await self._round()
            await asyncio.sleep(PUBLISH_SECONDS)

    async def _round(self) -> bytes:
        """Publish, hear of resets, and see the others' ledgers; return the own one as it was published."""
        for _ in range(_TRIES):
            packed = self._packed()
            try:
                epoch, others = await self._in_thread(partial(self._exchange, packed))
            except StoreError as error:
                self._tell(str(error))
                break
            self._trouble = ""
            if epoch == self._epoch:
                self._others = others
                break
            self._begin(epoch)
        return packed

    def _exchange(self, packed: bytes) -> tuple[str, list[Ledger]]:
        epoch = self._epoch_of_all()
        if epoch != self._epoch:
            return epoch, []
        self._put(str(self._slot), packed)
        found = (self._published(slot) for slot in range(self._count) if slot != self._slot)
        return epoch, [ledger for ledger in found if ledger is not None]

    def _tell(self, trouble: str) -> None:
        """Log what is wrong with the store: once, not at every round."""
        if not self._trouble:
            _log.warning("the figures of the other workers cannot be read: %s", trouble)
        self._trouble = trouble

    def _begin(self, epoch: str) -> None:
        self._epoch = epoch
        self._others = []
        self._stats.reset()

    def _epoch_of_all(self) -> str:
        """Return the name of the last reset; a store that has forgotten it is reminded."""
        found = self._store.get(_TENANT, self._key(_EPOCH), kind=_KIND)
        if found is None:
            self._put(_EPOCH, self._epoch.encode())
        return self._epoch if found is None else found.decode()

    def _published(self, slot: int) -> Ledger | None:
        """Return what the worker in a place has published since the last reset."""
        packed = self._store.get(_TENANT, self._key(str(slot)), kind=_KIND)
        snapshot = None if packed is None else unpacked(packed)
        return snapshot.ledger if snapshot is not None and snapshot.epoch == self._epoch else None

    def _packed(self) -> bytes:
        # Each worker's share of recent timings, so that all of them together fill one window.
        return pack(Snapshot(self._epoch, self._stats.ledger), WINDOW // self._count)

    def _sum(self, packed: bytes) -> Ledger:
        return total([unpacked(packed).ledger, *self._others])

    def _put(self, name: str, value: bytes) -> None:
        self._store.put(_TENANT, self._key(name), value, kind=_KIND)

    def _key(self, name: str) -> str:
        return f"{self._run}:{name}"

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def total(ledgers: Iterable[Ledger]) -> Ledger:
    """Return the sum of ledgers as a new one."""
    whole = Ledger()
    for ledger in ledgers:
        add(whole, ledger)
    return whole


def add(whole: Ledger, part: Ledger) -> None:
    """Add a ledger to another one, in place."""
    for field in fields(Ledger):
        mine, other = getattr(whole, field.name), getattr(part, field.name)
        if isinstance(mine, Counter):
            mine.update(other)
        elif isinstance(mine, Histogram):
            mine.add(other)
        else:
            for name, shrinkage in other.items():
                mine.setdefault(name, Shrinkage()).add_all(shrinkage)


def pack(snapshot: Snapshot, recent: int) -> bytes:
    """Return a snapshot as bytes, with that many of its recent timings."""
    return msgspec.msgpack.encode(snapshot, enc_hook=lambda histogram: histogram.state(recent))


def unpacked(packed: bytes) -> Snapshot:
    """Return the snapshot that was packed."""
    return msgspec.msgpack.decode(packed, type=Snapshot, dec_hook=_restored)


def _restored(kind: Any, value: Any) -> Any:
    """Return a value of a kind that the format does not know."""
    return Histogram(*value) if kind is Histogram else Counter(value)
