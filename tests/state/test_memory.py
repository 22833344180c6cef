"""The store in memory, which is asked on the event loop: no call may be long."""

from state.benches import Clock

from headroom.state.memory import MemoryStore


def test_idle_entries_are_removed_a_few_a_call_and_faster_than_new_ones_come():
    clock = Clock()
    store = MemoryStore(idle_seconds=10, clock=clock)
    for number in range(500):
        store.put("tenant", str(number), b"value")
    clock.now += 20
    assert store.get("tenant", "499") is None
    assert 300 < store.stats().entries < 450
    for number in range(10):
        store.put("tenant", f"new {number}", b"value")
    assert store.stats().entries == 10


def test_a_value_is_neither_copied_nor_packed():
    store = MemoryStore()
    value = b"line\n" * 100_000
    store.put("tenant", "key", value)
    assert store.get("tenant", "key") is value
    assert store.stats().bytes > len(value)


def test_a_closed_store_holds_nothing():
    store = MemoryStore()
    store.put("tenant", "key", b"value")
    store.close()
    assert store.get("tenant", "key") is None
    assert (store.stats().entries, store.stats().bytes) == (0, 0)
