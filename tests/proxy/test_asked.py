"""What requests ask for, as limits and budgets have to know it: in every wire, and in bodies that make no sense."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proxy.metered import PATHS, body_for
from support.wires import MODELS

from headroom.providers.routes import ROUTES, route_of
from headroom.proxy.asked import DEFAULT_OUTPUT_TOKENS, MAX_INPUT_TOKENS, MAX_OUTPUT_TOKENS, Asked, asked_of

CHAT = "/v1/chat/completions"
rows = pytest.mark.parametrize("row", ROUTES, ids=lambda row: row.name)


def read(path, body, size=None):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return asked_of(route_of("POST", path), path, content, len(content) if size is None else size)


@rows
def test_the_model_is_known_on_every_row(row):
    found = read(row.example, body_for(row.example))
    assert found.models == ("gemini-3" if row.wire == "gemini" else MODELS[row.wire],)
    assert found.input_tokens == -(-len(body_for(row.example)) // 4)
    assert found.is_batch == (row.wire == "anthropic-batches")
    assert found.factor == {"count_tokens": 0.0, "batches": 0.5}.get(row.name.split(".")[1], 1.0)


@pytest.mark.parametrize(
    ("fields", "tokens"),
    [
        ({"max_tokens": 100}, 100),
        ({"max_tokens": 100, "max_completion_tokens": 50}, 50),
        ({"max_output_tokens": 70}, 70),
        ({"max_tokens": 10, "n": 3}, 30),
        ({"max_tokens": 10**9}, MAX_OUTPUT_TOKENS),
        ({"max_tokens": 1, "n": 10**9}, 128),
        ({"max_tokens": 1, "n": -5}, 1),
        ({"generationConfig": {"maxOutputTokens": 80, "candidateCount": 2}}, 160),
        ({"generation_config": {"max_output_tokens": 80}}, 80),
        ({"max_tokens": 0}, DEFAULT_OUTPUT_TOKENS),
        ({"max_tokens": -1}, DEFAULT_OUTPUT_TOKENS),
        ({"max_tokens": "100"}, DEFAULT_OUTPUT_TOKENS),
        ({"max_tokens": True, "n": None, "generationConfig": []}, DEFAULT_OUTPUT_TOKENS),
    ],
)
def test_an_answer_may_be_as_long_as_the_request_says(fields, tokens):
    assert read(CHAT, fields).output_tokens == tokens


def test_a_batch_asks_for_the_sum_of_its_requests():
    one, two = ({"params": {"model": "claude-opus-5", "max_tokens": most}} for most in (100, 200))
    found = read("/v1/messages/batches", {"requests": [one, two]})
    assert (found.models, found.output_tokens) == (("claude-opus-5",), 300)
    mixed = {"requests": [one, {"params": {"model": "claude-haiku-4-5", "max_tokens": 1}}]}
    assert read("/v1/messages/batches", mixed).models == ("claude-haiku-4-5", "claude-opus-5")


def test_a_tier_with_prices_of_its_own_is_part_of_the_name():
    assert read(CHAT, {"model": "gpt-5", "service_tier": "priority"}).models == ("gpt-5 (priority)",)
    assert read(CHAT, {"model": "gpt-5", "service_tier": "auto"}).models == ("gpt-5",)


def test_a_mark_for_an_hour_is_seen_where_it_is_a_value_and_not_in_a_text():
    assert read(CHAT, {"cache_control": {"type": "ephemeral", "ttl": "1h"}}).for_an_hour
    assert not read(CHAT, {"content": 'ttl is "1h" here'}).for_an_hour


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"requests": 5}', b"\xff", b"[" * 100_000, None])
def test_bodies_that_cannot_be_read_ask_for_what_is_usual(path, body):
    found = asked_of(route_of("POST", path), path, body, 40)
    assert found.input_tokens == 10
    assert found.output_tokens in (0, DEFAULT_OUTPUT_TOKENS)


def test_files_count_as_no_more_than_a_model_reads():
    assert read(CHAT, b"{}", 10**9).input_tokens == MAX_INPUT_TOKENS


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                        st.sampled_from(["model", "max_tokens", "n", "generationConfig", "requests", "params",
                                         "service_tier", "maxOutputTokens"]), inner, max_size=4), max_leaves=12))  # fmt: skip
def test_any_json_asks_for_something(value):
    for path in PATHS:
        found = read(path, value)
        assert isinstance(found, Asked)
        assert 0 <= found.output_tokens <= MAX_OUTPUT_TOKENS * 128 * 12
