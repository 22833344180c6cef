"""The formula for rewriting warm history, held against the simulated cache of a provider."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.samples import sample

from benchmarks.bill import bill
from benchmarks.cache import Piece, PromptCache
from benchmarks.corpus import Item
from benchmarks.sessions import EVENTS, sessions
from headroom.economics import is_cold, rewrite_gain
from headroom.pipeline import Pipeline
from headroom.policy import Policy, Rewrite
from headroom.providers.caching import (
    ANTHROPIC_1_H,
    ANTHROPIC_5_MIN,
    CACHE_RULES,
    GEMINI,
    OPENAI_NEW,
    OPENAI_OLD,
    rule_for,
)

# Minimum and steps are about what is cached at all; the formula is about what is.
RULES = [replace(rule, minimum=0, step=1, lookback=1000) for rule in CACHE_RULES]


def _pieces(sizes, changed=False):
    return [Piece(f"{number}{changed}".encode(), size, mark=True) for number, size in enumerate(sizes)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@given(
    suffix=st.lists(st.tuples(st.integers(1, 5_000), st.booleans()), min_size=1, max_size=6),
    head=st.integers(1, 5_000),
    further=st.integers(0, 30),
)
def test_the_gain_is_what_the_simulator_bills_less(rule, suffix, head, further):
    """The same history, resent by this and `further` requests: once left alone, once rewritten now."""
    kept = [0 if goes else size for size, goes in suffix]
    removed = sum(size for size, goes in suffix if goes)
    whole = [Piece(b"head", head, mark=True), *_pieces([size for size, _ in suffix])]
    rewritten = [Piece(b"head", head, mark=True), *_pieces(kept, changed=True)]
    costs = []
    for sent in (whole, rewritten):
        cache = PromptCache(rule)
        cache.charge(whole, 0)
        costs.append(sum(cache.charge(sent, 1 + turn).cost(rule) for turn in range(further + 1)))
    predicted = rewrite_gain(rule, sum(size for size, _ in suffix), removed, further)
    assert costs[0] - costs[1] == pytest.approx(predicted, abs=1e-6)


@pytest.mark.parametrize(
    ("rule", "share", "requests"),
    [(ANTHROPIC_5_MIN, 0.2, 46), (ANTHROPIC_5_MIN, 0.5, 12), (ANTHROPIC_1_H, 0.5, 19), (ANTHROPIC_1_H, 0.9, 3)],
)
def test_the_break_even_is_where_the_published_prices_put_it(rule, share, requests):
    suffix = 100_000
    assert rewrite_gain(rule, suffix, round(share * suffix), requests - 2) < 0
    assert rewrite_gain(rule, suffix, round(share * suffix), requests) > 0


def test_nothing_is_cold_where_the_life_of_entries_is_not_published():
    assert is_cold(ANTHROPIC_5_MIN, 301)
    assert not is_cold(ANTHROPIC_5_MIN, 299)
    assert not is_cold(GEMINI, 1e9)


@pytest.mark.parametrize(
    ("model", "payload", "rule"),
    [
        ("claude-sonnet-4-5", {}, ANTHROPIC_5_MIN),
        ("claude-sonnet-4-5", {"system": [{"cache_control": {"type": "ephemeral", "ttl": "1h"}}]}, ANTHROPIC_1_H),
        ("gpt-5.1", {}, OPENAI_OLD),
        ("gpt-5.6-mini", {}, OPENAI_NEW),
        ("gpt-5.1", {"prompt_cache_retention": "24h"}, None),
        ("somebody-elses-model", {}, None),
    ],
)
def test_the_rule_of_a_request_is_known_or_nothing_is_guessed(model, payload, rule):
    assert rule_for(model, payload) == rule


ITEMS = [
    Item(f"{kind}{seed}", kind, sample(kind, seed) * 3) for kind in ("log_lines", "json_rows") for seed in (1, 2, 3)
]


@pytest.mark.parametrize("rewrite", list(Rewrite))
def test_rewriting_never_makes_a_session_of_repeated_calls_dearer(rewrite, monkeypatch):
    made = [one for one in sessions(ITEMS, 2 * len(EVENTS)) if one.name.endswith("calls made again")]
    assert made
    monkeypatch.setattr("benchmarks.bill.Pipeline", lambda **known: Pipeline(Policy(rewrite=rewrite), **known))
    for session in made:
        for outcome in bill(session, CACHE_RULES):
            assert outcome.after <= outcome.before
            assert outcome.written_after <= 1.01 * outcome.written_before
