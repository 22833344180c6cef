"""The simulated prompt cache against sums made by hand, and what a session costs through it."""

import json

import pytest
from support.samples import SAMPLES, sample

from benchmarks.bill import bill, fits, report
from benchmarks.cache import Charge, Piece, PromptCache, pieces_of
from benchmarks.corpus import Item
from benchmarks.sessions import EVENTS, REQUESTS, sessions
from headroom.pipeline import Pipeline
from headroom.providers.caching import CACHE_RULES, CacheRule

EXPLICIT = CacheRule("explicit", 1.25, 0.1, 300, 1000, explicit=True, source="test")
IMPLICIT = CacheRule("implicit", 1.25, 0.1, 300, 1000, explicit=False, source="test", step=128)


def prompt(*names, mark=""):
    return [Piece(name.encode(), 600, name == mark) for name in names]


def test_an_explicit_cache_writes_up_to_the_mark_and_reads_it_again():
    cache = PromptCache(EXPLICIT)
    assert cache.charge(prompt("a", "b", "c", mark="b"), 0) == Charge(0, 1200, 600, 0)
    assert cache.charge(prompt("a", "b", "c", "d", mark="d"), 100) == Charge(1200, 1200, 0, 2)
    assert cache.charge(prompt("a", "b", "c", "d", mark="d"), 399) == Charge(2400, 0, 0, 4)


def test_an_entry_dies_when_it_is_not_used_for_its_time():
    cache = PromptCache(EXPLICIT)
    cache.charge(prompt("a", "b", mark="b"), 0)
    assert cache.charge(prompt("a", "b", mark="b"), 301) == Charge(0, 1200, 0, 0)


def test_an_entry_further_back_than_is_searched_is_not_found():
    cache = PromptCache(EXPLICIT)
    cache.charge(prompt("a", "b", mark="b"), 0)
    names = ["a", "b", *(f"n{number}" for number in range(25))]
    assert cache.charge(prompt(*names, mark=names[-1]), 1).read == 0


def test_short_prefixes_are_not_cached():
    cache = PromptCache(EXPLICIT)
    for _ in range(2):
        assert cache.charge(prompt("a", mark="a"), 0) == Charge(0, 0, 600, 0)


def test_an_implicit_cache_reads_the_longest_prefix_in_whole_steps():
    cache = PromptCache(IMPLICIT)
    assert cache.charge(prompt("a", "b", "c"), 0) == Charge(0, 1800, 0, 0)
    assert cache.charge(prompt("a", "b", "x"), 1) == Charge(1152, 648, 0, 2)


def test_a_changed_piece_ends_the_prefix():
    cache = PromptCache(IMPLICIT)
    cache.charge(prompt("a", "b", "c"), 0)
    assert cache.charge(prompt("x", "b", "c"), 1).read == 0


def test_a_moving_mark_is_no_other_prompt():
    def body(marked):
        parts = [
            {"type": "text", "text": f"part {n}", **({"cache_control": {}} if n == marked else {})} for n in range(2)
        ]
        return json.dumps({"model": "m", "system": "s", "messages": [{"role": "user", "content": parts}]}).encode()

    first, second = pieces_of(body(0)), pieces_of(body(1))
    assert [piece.digest for piece in first] == [piece.digest for piece in second]
    assert [piece.mark for piece in second] == [False, False, False, True]


ITEMS = [Item(f"{kind}{seed}", kind, sample(kind, seed) * 2) for kind in SAMPLES for seed in (1, 2)]


def test_sessions_have_both_wires_every_event_and_grow():
    made = list(sessions(ITEMS, 2 * len(EVENTS)))
    assert {session.wire for session in made} == {"anthropic", "openai-chat"}
    assert {session.name[3:] for session in made} == set(EVENTS)
    for session in made:
        assert len(session.requests) >= REQUESTS
        assert [request.at for request in session.requests] == sorted(request.at for request in session.requests)
    assert [s.requests for s in made[:2]] == [s.requests for s in sessions(ITEMS, 2)]


@pytest.mark.parametrize("number", range(2 * len(EVENTS)))
def test_no_session_costs_more_and_no_prefix_is_lost(number):
    session = list(sessions(ITEMS, 2 * len(EVENTS)))[number]
    found = bill(session, CACHE_RULES)
    assert [outcome.rule for outcome in found] == [rule.name for rule in CACHE_RULES if fits(rule, session.wire)]
    for outcome in found:
        assert outcome.after <= outcome.before
        assert outcome.written_after <= 1.01 * outcome.written_before
        assert outcome.busts == 0


def test_somebody_who_changes_his_mind_is_found_out(monkeypatch):
    """The reverse: if old blocks came out otherwise on later turns, the bill would show it."""
    honest = Pipeline.run
    calls = []

    def fickle(self, body, wire, exchange):
        calls.append(body)
        outcome = honest(self, body, wire, exchange)
        return outcome if len(calls) % 2 else type(outcome)(body)

    monkeypatch.setattr(Pipeline, "run", fickle)
    session = next(iter(sessions(ITEMS, 1)))
    for outcome in bill(session, CACHE_RULES):
        assert outcome.busts > 10
        assert outcome.written_after > outcome.written_before


def test_the_report_has_a_row_for_each_session_and_rule():
    found = report("test", list(sessions(ITEMS, 2)))
    assert len(found.tables[0].rows) == 2 + 3
    assert all(bar.held for bar in found.bars if bar.name != "median saving of a session")
    json.dumps(found.as_json())
