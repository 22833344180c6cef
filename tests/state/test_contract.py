"""What every store promises, whichever it is."""

import random
from itertools import product
from threading import Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from state.benches import IDLE, ROOM

from headroom.errors import StoreError

# Examples may share a store: each writes what it reads.
shares_a_store = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])

# Names that run into each other unless they are kept apart well, and any others.
names = st.sampled_from(["", "a", "b", ":", ",", "1:a,", "a,1:b", "\0", "\ud800"]) | st.text(max_size=5)
values = st.binary(max_size=50) | st.builds(lambda part, times: part * times, st.binary(max_size=9), st.just(2000))
places = st.tuples(names, names, names)
steps = st.lists(st.tuples(places, st.none() | values), max_size=12)


def noise(seed, length):
    return random.Random(seed).randbytes(length)


@shares_a_store
@given(value=values)
def test_a_value_comes_back_byte_for_byte(bench, value):
    store = bench.stores[0] if bench.stores else bench.open()
    store.put("tenant", "key", value)
    assert store.get("tenant", "key") == value


@shares_a_store
@given(steps=steps)
def test_a_store_with_room_is_a_dictionary_of_tenant_kind_and_key(bench, steps):
    store = bench.open(max_bytes=100 * ROOM)
    known = {}
    prefix = str(len(bench.stores))
    for (tenant, kind, key), value in steps:
        place = (prefix + tenant, kind, key)
        if value is not None:
            store.put(place[0], key, value, kind=kind)
            known[place] = value
        assert store.get(place[0], key, kind=kind) == known.get(place)
    for (tenant, kind, key), value in known.items():
        assert store.get(tenant, key, kind=kind) == value


def test_no_two_places_are_one_however_their_names_run_together(bench):
    store = bench.open()
    places = list(product(["", "a", "a,", ",", "1:a,"], repeat=3))
    for number, (tenant, kind, key) in enumerate(places):
        store.put(tenant, key, b"%d" % number, kind=kind)
    for number, (tenant, kind, key) in enumerate(places):
        assert store.get(tenant, key, kind=kind) == b"%d" % number


def test_a_tenant_never_sees_what_another_has_put(bench):
    store = bench.open()
    store.put("one", "key", b"of one")
    assert store.get("two", "key") is None
    store.put("two", "key", b"of two")
    assert (store.get("one", "key"), store.get("two", "key")) == (b"of one", b"of two")


def test_kinds_do_not_mix(bench):
    store = bench.open()
    store.put("tenant", "key", b"an original")
    store.put("tenant", "key", b"a note", kind="note")
    assert store.get("tenant", "key") == store.get("tenant", "key", kind="original") == b"an original"
    assert store.get("tenant", "key", kind="note") == b"a note"
    assert store.get("tenant", "key", kind="other") is None


def test_a_new_value_replaces_the_old_one_and_its_cost(bench):
    store = bench.open()
    store.put("tenant", "key", noise(1, 50_000))
    store.put("tenant", "key", b"short")
    assert store.get("tenant", "key") == b"short"
    stats = store.stats()
    assert stats.entries == 1
    assert 5 < stats.bytes < 1000


def test_an_unused_value_is_forgotten(bench):
    store = bench.open()
    store.put("tenant", "key", b"value")
    bench.wait(1.2 * IDLE)
    assert store.get("tenant", "key") is None
    stats = store.stats()
    assert (stats.entries, stats.bytes, stats.evicted_for_idleness) == (0, 0, 1)


def test_reading_and_writing_a_value_again_keep_it_longer(bench):
    store = bench.open()
    for key in ("read", "written", "neither"):
        store.put("tenant", key, b"value")
    bench.wait(0.6 * IDLE)
    assert store.get("tenant", "read") == b"value"
    store.put("tenant", "written", b"value")
    bench.wait(0.6 * IDLE)
    assert [store.get("tenant", key) for key in ("read", "written", "neither")] == [b"value", b"value", None]


def test_a_full_store_forgets_what_was_used_longest_ago(bench):
    store = bench.open(max_bytes=100_000)
    for number in range(9):
        store.put("tenant", str(number), noise(number, 10_000))
        bench.wait(IDLE / 50)
    assert store.get("tenant", "0") == noise(0, 10_000)
    for number in range(9, 12):
        bench.wait(IDLE / 50)
        store.put("tenant", str(number), noise(number, 10_000))
    kept = [number for number in range(12) if store.get("tenant", str(number)) is not None]
    # Whatever is made free at a time, the one that was read stands longer than its elders.
    assert kept == [0, *range(kept[1], 12)]
    assert 4 <= kept[1] <= 5
    assert store.stats().evicted_for_bytes == 12 - len(kept)


@shares_a_store
@given(sizes=st.lists(st.integers(0, 12_000), max_size=20), seed=st.integers(0, 9))
def test_no_store_holds_more_than_it_may(bench, sizes, seed):
    store = bench.stores[0] if bench.stores else bench.open(max_bytes=20_000)
    for number, size in enumerate(sizes):
        store.put("tenant", str(number), noise(seed, size))
        assert store.stats().bytes <= 20_000
        assert store.get("tenant", str(number)) == noise(seed, size)


def test_a_value_larger_than_the_store_pushes_nothing_out(bench):
    store = bench.open(max_bytes=20_000)
    store.put("tenant", "other", b"value")
    store.put("tenant", "large", b"small as yet")
    store.put("tenant", "large", noise(1, 20_000))
    assert store.get("tenant", "other") == b"value"
    assert store.get("tenant", "large") is None
    assert store.stats().entries == 1


def test_a_store_counts_what_it_is_asked_and_what_it_holds(bench):
    store = bench.open()
    store.put("tenant", "key", b"value")
    store.put("tenant", "key", b"value")
    store.get("tenant", "key")
    store.get("tenant", "key")
    store.get("tenant", "none")
    stats = store.stats()
    assert (stats.backend, stats.entries, stats.hits, stats.misses) == (bench.name, 1, 2, 1)
    assert (stats.evicted_for_bytes, stats.evicted_for_idleness) == (0, 0)


def test_a_store_says_whether_others_see_its_entries(bench):
    one, two = bench.open(), bench.open()
    one.put("tenant", "key", b"value")
    assert (two.get("tenant", "key") == b"value") is one.shared
    assert one.is_blocking is one.shared


def test_threads_do_not_disturb_each_other(bench):
    store = bench.open(max_bytes=100_000)
    wrong = []

    def work(thread):
        for number in range(60):
            key = str((7 * thread + number) % 30)
            store.put("tenant", key, noise(key, 5000))
            wrong.extend(one for one in [store.get("tenant", key)] if one not in {None, noise(key, 5000)})

    threads = [Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    stats = store.stats()
    assert stats.hits + stats.misses == 8 * 60
    assert stats.hits > 0
    assert stats.bytes <= 100_000


@pytest.mark.parametrize("value", [b"short", b"long and repetitive " * 500, noise(3, 5000)])
def test_a_damaged_value_is_a_miss_until_it_is_put_again(bench_at_rest, value):
    store = bench_at_rest.open()
    store.put("tenant", "key", value)
    store.put("tenant", "sound", value)
    bench_at_rest.damage("tenant", "key")
    assert store.get("tenant", "key") is None
    assert store.get("tenant", "sound") == value
    store.put("tenant", "key", value)
    assert store.get("tenant", "key") == value


def test_a_long_value_lies_at_rest_in_less_room_than_it_has(bench_at_rest):
    store = bench_at_rest.open()
    store.put("tenant", "key", b"2026-01-01 INFO nothing to see here\n" * 3000)
    assert store.stats().bytes < 10_000


def test_entries_outlive_the_process_that_put_them(bench_at_rest):
    one = bench_at_rest.open()
    one.put("tenant", "key", b"value")
    one.close()
    assert bench_at_rest.open().get("tenant", "key") == b"value"


def test_a_closed_store_says_so(bench_at_rest):
    store = bench_at_rest.open()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.get("tenant", "key")
