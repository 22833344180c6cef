"""Ledgers of several workers: what is published is the same afterwards, sums are sums, resets reach everybody."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.errors import StoreError
from headroom.pipeline.stages import Exchange, PipelineEvent, PipelineStage
from headroom.proxy.ledgers import Ledgers, Snapshot, add, pack, total, unpacked
from headroom.proxy.stats import WINDOW, Ledger, Shrinkage, Stats, view_of
from headroom.state.memory import MemoryStore

WORDS = st.text(max_size=5)
COUNTS = st.integers(1, 2**60)


def booked(stats: Stats, model: str = "gpt-5") -> None:
    exchange = Exchange(request_id="r", route="openai.chat", provider="openai", wire="openai-chat")
    exchange.model, exchange.status, exchange.total, exchange.overhead = model, 200, 0.3, 0.001
    stats.on_pipeline_event(PipelineEvent(PipelineStage.RESPONSE_RECEIVED, "r", exchange=exchange))


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    ledger = Ledger()
    ledger.requests.update(draw(st.dictionaries(st.tuples(WORDS, WORDS, WORDS, WORDS), COUNTS, max_size=3)))
    ledger.provider_tokens.update(draw(st.dictionaries(st.tuples(WORDS, WORDS), COUNTS, max_size=3)))
    for name in ("failures", "refusals", "passed_unread", "retrieval", "left_out"):
        getattr(ledger, name).update(draw(st.dictionaries(WORDS, COUNTS, max_size=2)))
    for name in ("reasons", "compressors", "kept"):
        numbers = st.builds(Shrinkage, COUNTS, COUNTS, COUNTS, st.floats(0, 1e6))
        getattr(ledger, name).update(draw(st.dictionaries(WORDS, numbers, max_size=2)))
    for name in ("overhead", "first_byte", "total"):
        for seconds in draw(st.lists(st.floats(0, 1000), max_size=5)):
            getattr(ledger, name).observe(seconds)
    return ledger


def figures(ledger: Ledger) -> Any:
    histograms = {name: getattr(ledger, name).state(WINDOW) for name in ("overhead", "first_byte", "total")}
    return asdict(ledger) | histograms


@given(ledgers())
def test_what_is_unpacked_is_what_was_packed(ledger: Ledger) -> None:
    snapshot = unpacked(pack(Snapshot("epoch", ledger), WINDOW))
    assert figures(snapshot.ledger) == figures(ledger)
    assert all(isinstance(getattr(snapshot.ledger, name), Counter) for name in ("requests", "failures", "left_out"))


@given(st.lists(ledgers(), max_size=4))
def test_a_sum_has_every_count_of_its_parts_and_leaves_them_alone(parts: list[Ledger]) -> None:
    before = [figures(part) for part in parts]
    whole = total(parts)
    assert whole.requests == sum((part.requests for part in parts), Counter())
    assert sum(whole.total.counts) == sum(sum(part.total.counts) for part in parts)
    reasons = {name for part in parts for name in part.reasons}
    for name in reasons:
        blocks = sum(part.reasons[name].blocks for part in parts if name in part.reasons)
        assert whole.reasons[name].blocks == blocks
    assert [figures(part) for part in parts] == before


def test_of_recent_timings_each_worker_publishes_its_share() -> None:
    ledger = Ledger()
    for n in range(100):
        ledger.total.observe(float(n))
    counts, seconds, recent = unpacked(pack(Snapshot("", ledger), 10)).ledger.total.state(WINDOW)
    assert (sum(counts), seconds, recent) == (100, 4950.0, [float(n) for n in range(90, 100)])


def in_turn(*steps: Callable[[], Any]) -> list[Any]:
    async def run() -> list[Any]:
        return [await step() for step in steps]

    return asyncio.run(run())


def pair(store: Any) -> tuple[Stats, Ledgers, Stats, Ledgers]:
    first, second = Stats(), Stats()
    return first, Ledgers(store, first, "run", 0, 2), second, Ledgers(store, second, "run", 1, 2)


def test_each_worker_counts_both() -> None:
    first, one, second, other = pair(MemoryStore())
    booked(first)
    booked(second)
    booked(second, "gpt-4o")
    other.publish()
    (found,) = in_turn(one.totals)
    assert view_of(found)["requests"]["by_model"] == {"gpt-4o": 1, "gpt-5": 2}
    assert first.ledger.requests.total() == 1


def test_a_successor_goes_on_from_what_was_published() -> None:
    store = MemoryStore()
    first, one, _, _ = pair(store)
    booked(first)
    one.publish()
    heir = Stats()
    Ledgers(store, heir, "run", 0, 2).adopt()
    assert heir.ledger.requests == first.ledger.requests
    stranger = Stats()
    Ledgers(store, stranger, "another run", 0, 2).adopt()
    assert not stranger.ledger.requests


def test_after_a_reset_nobody_counts_what_was_before() -> None:
    first, one, second, other = pair(MemoryStore())
    booked(first)
    booked(second)
    in_turn(one.totals, other.totals, one.reset)
    booked(first)
    found, heard, again = in_turn(one.totals, other.totals, one.totals)
    assert [ledger.requests.total() for ledger in (found, heard, again)] == [1, 1, 1]


class Flaky(MemoryStore):
    """A store that can be gone."""

    gone = False

    def get(self, *place: Any, **kind: Any) -> bytes | None:
        if self.gone:
            raise StoreError("gone")
        return super().get(*place, **kind)

    def put(self, *entry: Any, **kind: Any) -> None:
        if self.gone:
            raise StoreError("gone")
        super().put(*entry, **kind)


def test_a_store_that_is_gone_is_logged_once_until_it_is_back(caplog: pytest.LogCaptureFixture) -> None:
    store = Flaky()
    _, one, _, _ = pair(store)
    for gone in (True, True, False, True):
        store.gone = gone
        in_turn(one.totals)
    assert len(caplog.records) == 2


def test_a_reset_that_others_cannot_hear_of_is_none() -> None:
    store = Flaky()
    first, one, _, _ = pair(store)
    booked(first)
    store.gone = True
    with pytest.raises(StoreError):
        in_turn(one.reset)
    assert first.ledger.requests.total() == 1


def test_without_the_store_the_others_are_counted_as_they_were_last_seen() -> None:
    store = Flaky()
    first, one, second, other = pair(store)
    booked(second)
    other.publish()
    in_turn(one.totals)
    store.gone = True
    booked(first)
    assert in_turn(one.totals)[0].requests.total() == 2
    other.publish()


def test_failures_of_plug_ins_are_added_where_the_guard_counts_them() -> None:
    guard: Counter[str] = Counter({"Broken": 1})
    mine = Ledger(left_out=guard)
    add(mine, Ledger(left_out=Counter({"Broken": 2})))
    assert guard == {"Broken": 3}


@pytest.mark.parametrize(("retrievals", "misses", "further"), [(2, 1, 0), (0, 1, 0), (1, 0, 1), (0, 0, 0)])
def test_calls_for_originals_are_booked_even_if_the_request_failed_before_it_was_asked_again(
    retrievals: int, misses: int, further: int
) -> None:
    stats = Stats()
    exchange = Exchange("r", retrievals=retrievals, misses=misses, further_requests=further)
    stats.on_pipeline_event(PipelineEvent(PipelineStage.RESPONSE_RECEIVED, "r", exchange=exchange))
    expected = {"calls": retrievals + misses, "misses": misses, "further_requests": further}
    assert view_of(stats.ledger)["retrieval"] == expected
