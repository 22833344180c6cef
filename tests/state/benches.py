"""One bench a backend: how to open it, let time pass and, where values lie at rest, damage one."""

import sqlite3
import time
from contextlib import closing

from headroom.state.memory import MemoryStore
from headroom.state.record import address_of
from headroom.state.redis import RedisStore
from headroom.state.sqlite import SQLiteStore

IDLE = 2.0
"""Seconds: long for a computer, short for who waits for the tests of Redis, which has a clock of its own."""

ROOM = 1_000_000


class Clock:
    """Goes on a microsecond at each look, as no real clock stands still between two, and as far as it is put."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        self.now += 1e-6
        return self.now


class Bench:
    def __init__(self, folder, server) -> None:
        self.path = folder / "state" / "store.db"
        self.server = server
        self.clock = Clock()
        self.stores = []

    def open(self, max_bytes=ROOM):
        store = self.make(max_bytes)
        self.stores.append(store)
        return store

    def wait(self, seconds):
        self.clock.now += seconds

    def close(self):
        for store in self.stores:
            store.close()


class MemoryBench(Bench):
    name = "memory"

    def make(self, max_bytes):
        return MemoryStore(max_bytes, IDLE, clock=self.clock)


class SQLiteBench(Bench):
    name = "sqlite"

    def make(self, max_bytes):
        return SQLiteStore(self.path, max_bytes, IDLE, clock=self.clock)

    def damage(self, tenant, key):
        with closing(sqlite3.connect(self.path)) as database, database:
            address = address_of(tenant, "original", key)
            (packed,) = database.execute("SELECT packed FROM entry WHERE address = ?", (address,)).fetchone()
            database.execute("UPDATE entry SET packed = ? WHERE address = ?", (spoiled(packed), address))


class RedisBench(Bench):
    name = "redis"

    def __init__(self, folder, server) -> None:
        super().__init__(folder, server())
        with self.server.client() as client:
            client.flushall()

    def make(self, max_bytes):
        return RedisStore(self.server.url, max_bytes, IDLE)

    def wait(self, seconds):
        time.sleep(seconds)

    def damage(self, tenant, key):
        with self.server.client() as client:
            name = b"headroom:entry:" + address_of(tenant, "original", key)
            client.set(name, spoiled(client.get(name)), keepttl=True)


def spoiled(record):
    """The record with one bit of its last byte turned."""
    return record[:-1] + bytes([record[-1] ^ 1])


BENCHES = (MemoryBench, SQLiteBench, RedisBench)
AT_REST = (SQLiteBench, RedisBench)
