"""The counters: one contract for all backends, and the same rules in Python and in Lua."""

import sqlite3
import time
from contextlib import closing
from itertools import pairwise

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from state.benches import Clock

from headroom.errors import ConfigError, StoreError
from headroom.state import counters as rules
from headroom.state import counters_redis
from headroom.state.counters import Grant, Rate, Refusal, Share, Slot
from headroom.state.counters_memory import MemoryCounters
from headroom.state.counters_opening import open_counters
from headroom.state.counters_redis import RedisCounters
from headroom.state.counters_sqlite import SQLiteCounters

LATER = 4_000_000_000.0
SLOWLY = 1e-6


class Memory:
    def __init__(self, folder, server):
        self.clock = Clock()

    def open(self):
        return MemoryCounters(clock=self.clock)

    def wait(self, seconds):
        self.clock.now += seconds


class SQLite(Memory):
    def __init__(self, folder, server):
        super().__init__(folder, server)
        self.path = folder / "store.db.counters"

    def open(self):
        return SQLiteCounters(self.path, clock=self.clock)


class Redis(Memory):
    def __init__(self, folder, server):
        self.url = server().url
        with server().client() as client:
            client.flushall()

    def open(self):
        return RedisCounters(self.url)

    def wait(self, seconds):
        time.sleep(seconds)


@pytest.fixture(params=[Memory, SQLite, Redis], ids=["memory", "sqlite", "redis"])
def bench(request, tmp_path, redis_server):
    return request.param(tmp_path, redis_server)


@pytest.fixture
def counters(bench):
    opened = bench.open()
    yield opened
    opened.close()


@pytest.fixture
def short_leases(monkeypatch):
    monkeypatch.setattr(rules, "LEASE_SECONDS", 0.3)
    monkeypatch.setattr(counters_redis, "LEASE_SECONDS", 0.3)


def requests(amount=1, burst=3, per_minute=SLOWLY, tenant="one"):
    return Rate(tenant, "requests", amount, per_minute, burst)


def share(amount, limit=100, tenant="one", period="2026-11"):
    return Share(tenant, "budget", period, amount, limit, LATER)


def granted(answer):
    assert isinstance(answer, Grant), answer
    return answer


def wait_of(answer):
    assert isinstance(answer, Refusal), answer
    assert answer.wait > 0
    return answer.wait


def test_a_bucket_gives_what_it_holds_and_says_when_there_is_more(counters):
    for _ in range(3):
        granted(counters.claim([requests(per_minute=30)]))
    assert wait_of(counters.claim([requests(per_minute=30)])) == pytest.approx(2, abs=0.5)
    granted(counters.claim([requests(tenant="two")]))


def test_a_bucket_fills_again_but_never_over_its_brim(counters, bench):
    for _ in range(3):
        granted(counters.claim([requests(per_minute=600)]))
    bench.wait(0.21)
    granted(counters.claim([requests(2, per_minute=600)]))
    wait_of(counters.claim([requests(2, per_minute=600)]))
    bench.wait(1)
    granted(counters.claim([requests(3, per_minute=600)]))
    wait_of(counters.claim([requests(2, per_minute=600)]))


def test_what_was_not_used_comes_back_and_what_was_used_beyond_is_owed(counters):
    counters.settle(granted(counters.claim([requests(3)])), [1])
    counters.settle(granted(counters.claim([requests(2)])), [5])
    wait_of(counters.claim([requests(1)]))
    counters.settle(Grant("x", (requests(4),)), [0])
    granted(counters.claim([requests(1)]))
    wait_of(counters.claim([requests(1)]))


def test_more_than_a_bucket_holds_is_let_through_when_it_is_full(counters):
    granted(counters.claim([requests(10, per_minute=60)]))
    assert wait_of(counters.claim([requests(1, per_minute=60)])) == pytest.approx(8, abs=0.5)


def test_slots_are_held_until_they_are_given_back(counters):
    first, _ = (granted(counters.claim([Slot("one", "requests", 2)])) for _ in range(2))
    wait_of(counters.claim([Slot("one", "requests", 2)]))
    granted(counters.claim([Slot("two", "requests", 2)]))
    counters.settle(first, [0])
    granted(counters.claim([Slot("one", "requests", 2)]))
    wait_of(counters.claim([Slot("one", "requests", 2)]))


def test_what_a_dead_worker_held_falls_back_and_what_a_live_one_renews_does_not(counters, bench, short_leases):
    lively = granted(counters.claim([Slot("one", "requests", 2), share(40)]))
    granted(counters.claim([Slot("one", "requests", 2), share(40)]))
    wait_of(counters.claim([Slot("one", "requests", 2)]))
    for _ in range(3):
        bench.wait(0.15)
        counters.renew([lively])
    assert counters.standing(share(0)) == (0, 40)
    granted(counters.claim([Slot("one", "requests", 2), share(60)]))
    wait_of(counters.claim([Slot("one", "requests", 2)]))


def test_a_share_is_reserved_and_then_spent(counters):
    first = granted(counters.claim([share(60)]))
    assert counters.standing(share(0)) == (0, 60)
    assert wait_of(counters.claim([share(50)])) == 1
    counters.settle(first, [45])
    assert counters.standing(share(0)) == (45, 0)
    assert wait_of(counters.claim([share(56)])) > 1000
    granted(counters.claim([share(55)]))
    wait_of(counters.claim([share(0)]))


def test_periods_and_tenants_have_shares_of_their_own(counters):
    counters.settle(granted(counters.claim([share(100)])), [100])
    wait_of(counters.claim([share(1)]))
    granted(counters.claim([share(1, tenant="two")]))
    granted(counters.claim([share(1, period="2026-12")]))


def test_what_was_spent_counts_also_after_the_reservation_has_fallen_back(counters, bench, short_leases):
    late = granted(counters.claim([share(60)]))
    bench.wait(0.4)
    assert counters.standing(share(0)) == (0, 0)
    counters.settle(late, [30])
    assert counters.standing(share(0)) == (30, 0)


def test_amounts_are_exact_up_to_large_numbers(counters):
    large = 2**51 + 1
    counters.settle(granted(counters.claim([share(large, 2**52)])), [large])
    assert counters.standing(share(0)) == (large, 0)
    wait_of(counters.claim([share(2**51, 2**52)]))
    granted(counters.claim([share(2**51 - 1, 2**52)]))


def test_claims_are_granted_together_or_not_at_all(counters):
    everything = [requests(1, burst=5), Slot("one", "requests", 5), share(50)]
    for _ in range(2):
        granted(counters.claim(everything))
    refusal = counters.claim(everything)
    assert refusal.claim == everything[-1]
    assert counters.standing(share(0)) == (0, 100)
    for _ in range(3):
        granted(counters.claim(everything[:2]))
    assert counters.claim(everything[:2]).claim == everything[0]


def test_the_secret_is_the_same_for_all_who_share_the_counters(bench):
    first, second = bench.open(), bench.open()
    assert len(first.secret()) == 32
    assert first.secret() == first.secret()
    assert (first.secret() == second.secret()) == (not isinstance(first, MemoryCounters))
    first.close()
    second.close()


def test_counters_that_say_nothing_any_more_are_forgotten(tmp_path):
    clock = Clock()
    memory, lying = MemoryCounters(clock=clock), SQLiteCounters(tmp_path / "c", clock=clock)
    for one in (memory, lying):
        for number in range(20):
            counted = [requests(per_minute=60, tenant=str(number)), share(5, tenant=str(number))]
            one.settle(granted(one.claim(counted)), [1, 0])
    clock.now += 3_600
    for one in (memory, lying):
        granted(one.claim([requests(per_minute=60)]))
    assert len(memory._records) == 1
    with closing(sqlite3.connect(tmp_path / "c")) as database:
        assert database.execute("SELECT count(*) FROM counter").fetchone() == (1,)
    lying.close()


def test_redis_settles_a_grant_once_however_often_it_is_told(redis_server):
    counters = RedisCounters(redis_server().url)
    held = granted(counters.claim([requests(3, tenant="again"), share(60, tenant="again")]))
    for _ in range(2):
        counters.settle(held, [2, 45])
    assert counters.standing(share(0, tenant="again")) == (45, 0)
    granted(counters.claim([requests(1, tenant="again")]))
    wait_of(counters.claim([requests(1, tenant="again")]))
    counters.close()


def test_everything_in_redis_expires(redis_server):
    server = redis_server()
    with server.client() as client:
        client.flushall()
        counters = RedisCounters(server.url)
        counted = [requests(per_minute=60), Slot("one", "requests", 2), share(5)]
        counters.settle(granted(counters.claim(counted)), [1, 0, 5])
        granted(counters.claim(counted))
        keys = client.keys()
        assert len(keys) == 4
        assert min(client.pttl(key) for key in keys) > 0
        counters.close()


KINDS = st.sampled_from(["rate", "slot", "share"])
STEPS = st.lists(st.tuples(KINDS, st.integers(0, 40), st.integers(0, 50), st.booleans()), max_size=25)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_all_backends_decide_alike(redis_server, tmp_path_factory, steps):
    server = redis_server()
    with server.client() as client:
        client.flushall()
    path = tmp_path_factory.mktemp("counters") / "c"
    backends = [MemoryCounters(), SQLiteCounters(path), RedisCounters(server.url)]
    histories = [_history(backend, steps) for backend in backends]
    for one, other in pairwise(histories):
        assert one == other
    for backend in backends:
        backend.close()


def _history(counters, steps):
    seen, open_ones = [], []
    for kind, amount, actual, settles in steps:
        claim = {"rate": requests(amount, 100), "slot": Slot("one", "s", 3), "share": share(amount)}[kind]
        answer = counters.claim([claim])
        seen.append((type(answer), round(getattr(answer, "wait", 0) / 1e6), counters.standing(share(0))))
        if isinstance(answer, Grant):
            open_ones.append(answer)
        if settles and open_ones:
            counters.settle(open_ones.pop(0), [actual])
    return seen


@pytest.mark.parametrize("kind", [SQLite, Redis])
def test_counters_that_cannot_be_asked_are_a_store_error(kind, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    gone = RedisCounters("redis://127.0.0.1:9") if kind is Redis else SQLiteCounters(tmp_path / "file" / "c")
    for _ in range(2):
        with pytest.raises(StoreError):
            gone.claim([requests()])
    gone.close()


def test_a_foreign_file_is_a_store_error(tmp_path):
    with closing(sqlite3.connect(tmp_path / "c")) as database:
        database.execute("CREATE TABLE theirs (x)")
        database.commit()
    with pytest.raises(StoreError, match="remove it"):
        SQLiteCounters(tmp_path / "c").claim([requests()])


def test_a_failure_in_the_middle_writes_nothing(tmp_path):
    counters = SQLiteCounters(tmp_path / "c")
    held = granted(counters.claim([share(10)]))
    with pytest.raises(ValueError, match="zip"):
        counters.settle(Grant(held.name, (*held.claims, share(1))), [10])
    assert counters.standing(share(0)) == (0, 10)
    counters.close()


def test_the_address_of_a_store_says_where_its_counters_are(tmp_path):
    assert isinstance(open_counters("memory:"), MemoryCounters)
    lying = open_counters(f"sqlite:{tmp_path}/store.db")
    granted(lying.claim([requests()]))
    assert (tmp_path / "store.db.counters").stat().st_mode & 0o777 == 0o600
    lying.close()
    assert isinstance(open_counters("redis://127.0.0.1:9/0"), RedisCounters)
    with pytest.raises(ConfigError):
        open_counters("redis://127.0.0.1:port")


@pytest.mark.parametrize("kind", ["rate", "slot"])
def test_what_is_dated_far_into_the_future_was_written_before_the_clock_was_put_back(kind, bench, counters):
    claim = requests(burst=1) if kind == "rate" else Slot("one", "requests", 1)
    granted(counters.claim([claim]))
    wait_of(counters.claim([claim]))
    if isinstance(bench, Redis):
        _date_later(bench.url, 6 * 3600)
    else:
        bench.wait(-6 * 3600)
    granted(counters.claim([claim]))
    wait_of(counters.claim([claim]))


def _date_later(url, seconds):
    """Let the records in a server be those of a clock that was ahead by so much."""
    with redis.Redis.from_url(url) as client:
        for key in client.scan_iter("headroom:{counters}:*"):
            if client.type(key) == b"hash":
                for field, value in client.hgetall(key).items():
                    if field == b"at" or field.startswith(b"expires:"):
                        client.hset(key, field, float(value) + seconds)
