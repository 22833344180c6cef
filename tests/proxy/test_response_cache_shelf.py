"""How long answers are kept, where, and what happens when they cannot be."""

import asyncio

import pytest
from proxy.cached import CACHED, CHAT, Counting, cache_before, cold, numbered, told
from proxy.metered import KEY, OTHER_KEY

from headroom.errors import StoreError
from headroom.proxy.config import ProxyConfig
from headroom.proxy.response_cache import cache_of
from headroom.proxy.response_cache_answer import Kept, pack, unpacked
from headroom.proxy.response_cache_shelf import open_shelf
from headroom.proxy.stats import Stats
from headroom.state.counters_memory import MemoryCounters
from headroom.state.memory import MemoryStore

HIT, MISS = b"hit", b"miss"


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


class Failing(MemoryStore):
    """A store that is away while it is told to be."""

    is_away = False

    def get(self, *args, **kwargs):
        self._check()
        return super().get(*args, **kwargs)

    def put(self, *args, **kwargs):
        self._check()
        super().put(*args, **kwargs)

    def stats(self):
        self._check()
        return super().stats()

    def _check(self):
        if self.is_away:
            raise StoreError("away")


@pytest.mark.parametrize("path", CACHED)
def test_an_answer_is_given_again_until_its_time_is_over(path):
    clock = Clock()
    cache = cache_before(Counting(), clock=clock, cache_ttl_seconds=60)
    seen = []
    for seconds in (0, 59, 0.9, 0.2, 59):
        clock.now += seconds
        seen.append(told(cache, path=path))
    one, two = numbered(1), numbered(2)
    assert seen == [(MISS, one), (HIT, one), (HIT, one), (MISS, two), (HIT, two)]


def test_the_least_recently_used_answers_go_when_there_is_no_room():
    cache = cache_before(Counting(), store=MemoryStore(max_bytes=1500))
    bodies = [cold(CHAT, user=str(number)) for number in range(3)]
    for body in bodies:
        told(cache, body=body)
    assert [told(cache, body=body)[0] for body in (bodies[2], bodies[0])] == [HIT, MISS]


def test_a_store_that_is_away_is_as_no_cache():
    store = Failing()
    inner = Counting()
    cache = cache_before(inner, store=store)
    told(cache)
    store.is_away = True
    assert [told(cache), told(cache)] == [(b"", numbered(2)), (b"", numbered(3))]
    assert asyncio.run(cache.view()) == {"enabled": True, "status": "unavailable"}
    assert cache._stats.ledger.response_cache["failures"] == 3
    store.is_away = False
    assert told(cache) == (HIT, numbered(1))


def test_a_store_that_goes_while_a_request_is_under_way_does_not_disturb_the_answer():
    store = Failing()

    class Leaving(Counting):
        async def __call__(self, scope, receive, send):
            store.is_away = True
            await super().__call__(scope, receive, send)

    assert told(cache_before(Leaving(), store=store)) == (MISS, numbered(1))


def test_clearing_needs_the_store():
    store = Failing()
    cache = cache_before(Counting(), store=store)
    store.is_away = True
    with pytest.raises(StoreError):
        asyncio.run(cache.clear({}, b""))


def test_a_caller_without_credentials_is_a_caller_of_its_own():
    cache = cache_before(Counting())
    assert [told(cache)[0], told(cache, KEY)[0], told(cache)[0], told(cache, OTHER_KEY)[0]] == [MISS, MISS, HIT, MISS]


def test_nothing_that_is_kept_shows_a_credential():
    store = MemoryStore()
    cache = cache_before(Counting(), store=store)
    told(cache, KEY)
    kept = b"".join(address + entry.value for address, entry in store._entries.items())
    assert b"answer 1" in kept
    assert b"sk-one" not in kept


def test_two_processes_share_answers_through_their_store(tmp_path):
    config = ProxyConfig(store=f"sqlite:{tmp_path}/store.db")
    one, other = (cache_of(Counting(), config, Stats()) for _ in range(2))
    assert [told(one, KEY), told(other, KEY)] == [(MISS, numbered(1)), (HIT, numbered(1))]
    asyncio.run(other.clear({KEY[0].lower(): KEY[1]}, b""))
    assert told(one, KEY) == (MISS, numbered(2))
    for cache in (one, other):
        cache._shelf.close()


def test_answers_take_no_room_from_the_originals(tmp_path):
    shelf = open_shelf(ProxyConfig(store=f"sqlite:{tmp_path}/store.db", cache_max_bytes=700), lambda: 0.0)
    shelf.keep("one", "small", Kept(1.0, [], b"x"))
    shelf.keep("one", "large", Kept(1.0, [], bytes(range(256)) * 8))
    assert (shelf.find("one", "large"), shelf.find("one", "small").body) == (None, b"x")
    assert {path.name for path in tmp_path.glob("*.db*")} >= {"store.db.responses"}
    shelf.close()


def test_what_another_version_has_kept_is_not_given():
    kept = Kept(10.0, [(b"a", b"b")], b"{}", 1, 2)
    assert unpacked(pack(kept), 9.0) == kept
    assert unpacked(pack(kept), 10.0) is None
    assert unpacked(b"\x01", 0.0) is None
    assert unpacked(b"", 0.0) is None


def test_the_store_is_closed_when_the_server_stops():
    store = MemoryStore()

    async def lifespan(scope, receive, send):
        await send({"type": "lifespan.shutdown.complete"})

    async def send(message):
        assert store.stats().entries == 1

    cache = cache_before(lifespan, store=store, counters=MemoryCounters())
    store.put("one", "key", b"value")
    asyncio.run(cache({"type": "lifespan"}, None, send))
    assert store.stats().entries == 0
