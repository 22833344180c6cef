"""The tools without a server: what they answer to whatever they are asked."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.retrieval import FailingStore, handles_in, long_sample
from support.samples import sample

from headroom.proxy.config import ProxyConfig
from headroom.state.memory import MemoryStore
from headroom_mcp.tools import DEFINITIONS, HeadroomTools

LOG = long_sample("long_log")
CONFIG = ProxyConfig(marker_key="key", block_seconds=60, request_seconds=120)


@pytest.fixture
def tools():
    made = HeadroomTools(CONFIG)
    yield made
    made.close()


def call(tools, name, **arguments):
    return asyncio.run(tools.call(name, arguments))


def test_a_text_is_shortened_and_comes_back_byte_for_byte(tools):
    answer = call(tools, "headroom_compress", text=LOG, tool="read_log", arguments={"day": 3}, question="What failed?")
    short, sentence = answer.texts
    [handle] = handles_in(short)
    figures = answer.meta["headroom"]
    assert figures["hashes"] == [handle]
    assert figures["tokens_after"] < figures["tokens_before"] / 4
    assert str(figures["tokens_after"]) in sentence
    assert not figures["lossless"]
    assert call(tools, "headroom_retrieve", hash=handle).texts == (LOG,)
    assert call(tools, "headroom_retrieve", hash=handle, lines="2").texts == (LOG.splitlines(keepends=True)[1],)
    assert "request 4711 failed" in call(tools, "headroom_retrieve", hash=handle, query="4711").texts[0]


def test_what_a_tool_returned_counts_whose_text_has_to_be_exact(tools):
    text = sample("json_rows")
    assert call(tools, "headroom_compress", text=text).texts[0] != text
    answer = call(tools, "headroom_compress", text=text, tool="read_file")
    assert answer.texts[0] == text
    assert "excluded_tool" in answer.texts[1]


def test_lossless_leaves_nothing_out():
    tools = HeadroomTools(CONFIG.model_copy(update={"lossless": True}))
    answer = call(tools, "headroom_compress", text=LOG)
    assert answer.meta["headroom"]["hashes"] == []
    assert "nothing is left out" in answer.texts[1]


@pytest.mark.parametrize("arguments", [{}, {"hash": ""}, {"hash": 7}, {"hash": "none"}, {"lines": "1-2"}])
def test_a_call_without_a_hash_is_an_error(arguments, tools):
    answer = call(tools, "headroom_retrieve", **arguments)
    assert answer.is_error
    assert "hash" in answer.texts[0]


def test_an_unknown_hash_is_said_and_ends_nothing(tools):
    answer = call(tools, "headroom_retrieve", hash="0" * 24)
    assert "unknown" in answer.texts[0]
    assert not answer.is_error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "text"),
        ({"text": 3}, "text"),
        ({"text": ["a"]}, "text"),
        ({"text": None}, "text"),
        ({"text": "a", "tool": 5}, "tool"),
        ({"text": "a", "arguments": 5}, "arguments"),
        ({"text": "a", "txet": "b"}, "txet"),
    ],
)
def test_wrong_arguments_are_named(arguments, said, tools):
    answer = call(tools, "headroom_compress", **arguments)
    assert answer.is_error
    assert said in answer.texts[0]


def test_an_unknown_tool_is_named_with_those_that_there_are(tools):
    answer = call(tools, "headroom_expand")
    assert answer.is_error
    assert "'headroom_expand'" in answer.texts[0]
    assert "headroom_compress" in answer.texts[0]


def test_a_store_that_is_gone_is_said(tools):
    tools = HeadroomTools(CONFIG, store=FailingStore())
    answer = call(tools, "headroom_retrieve", hash="0" * 24)
    assert "cannot be read" in answer.texts[0]
    short = call(tools, "headroom_compress", text=LOG)
    assert not short.is_error
    assert short.meta["headroom"]["hashes"] == []  # nothing is left out that could not be had back


def test_whatever_fails_in_us_the_text_comes_back(tools, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("headroom.integrations.adapter.compress_with", broken)
    answer = call(tools, "headroom_compress", text=LOG)
    assert (answer.texts[0], answer.is_error) == (LOG, False)
    assert "failed" in answer.texts[1]
    assert call(tools, "headroom_stats").structured["failures"] == 1


def test_half_a_character_is_no_reason_to_fail(tools):
    text = LOG + "\nhalf \ud83d of it"
    answer = call(tools, "headroom_compress", text=text)
    for one in answer.texts:
        one.encode()
    store = MemoryStore(10**7, 60)
    tools = HeadroomTools(CONFIG, store=store)
    [handle] = handles_in(call(tools, "headroom_compress", text=text).texts[0])
    back, note = call(tools, "headroom_retrieve", hash=handle).texts
    assert back == text.replace("\ud83d", "?")
    assert "halves of characters" in note


def test_stats_are_counted_and_said_twice(tools):
    call(tools, "headroom_compress", text=LOG)
    answer = call(tools, "headroom_stats")
    assert json.loads(answer.texts[0]) == answer.structured
    assert answer.structured["requests"] == 1
    assert answer.structured["tokens_saved"] > 1000


def test_every_tool_says_what_it_takes():
    assert [one["name"] for one in DEFINITIONS] == ["headroom_compress", "headroom_retrieve", "headroom_stats"]
    for one in DEFINITIONS:
        schema = one["inputSchema"]
        assert schema["type"] == "object"
        assert set(schema.get("required", ())) <= set(schema["properties"])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["text", "tool", "arguments", "question", "hash", "query", "lines", "more"])


@given(
    name=st.sampled_from([one["name"] for one in DEFINITIONS]),
    arguments=st.none() | st.dictionaries(NAMES, VALUES, max_size=4),
)
def test_every_call_is_answered(name, arguments):
    answer = asyncio.run(SHARED.call(name, arguments))
    assert answer.texts
    for text in answer.texts:
        text.encode()


SHARED = HeadroomTools(CONFIG)
