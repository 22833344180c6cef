"""The library door and the SDK client."""

import asyncio
import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.samples import SAMPLES, sample
from support.wires import Step, body_of

from headroom import HeadroomClient, SharedContext, acompress, compress
from headroom.errors import ConfigError
from headroom.pipeline import CompressionHooks
from headroom.proxy.config import ProxyConfig

TEXT = sample("search_lines")
KEYS = {"openai-chat": "messages", "anthropic": "messages", "openai-responses": "input", "gemini": "contents"}


@pytest.mark.parametrize("wire", sorted(KEYS))
def test_a_bare_list_and_a_whole_body_come_out_alike_and_are_never_mutated(wire):
    payload = body_of(wire, [Step(TEXT)])
    before = copy.deepcopy(payload)
    bare, whole = compress(payload[KEYS[wire]]), compress(payload)
    assert payload == before
    assert bare.messages == whole.messages[KEYS[wire]] != payload[KEYS[wire]]
    assert len(bare.messages) == len(payload[KEYS[wire]])
    assert bare.tokens_saved == bare.tokens_before - bare.tokens_after > 0
    assert bare.lossless
    assert bare.ccr_hashes == ()
    assert bare.transforms_applied[0].startswith("router:search_compressor:0.")


def test_unchanged_messages_are_the_same_object():
    messages = [{"role": "user", "content": "hello"}]
    assert compress(messages).messages is messages


@given(
    st.recursive(
        st.one_of(st.none(), st.integers(), st.text(max_size=5)),
        lambda x: st.one_of(st.lists(x, max_size=3), st.dictionaries(st.sampled_from(["role", "content", "parts"]), x)),
        max_leaves=12,
    )
)
def test_odd_input_comes_back_as_it_came(value):
    before = copy.deepcopy(value)
    assert compress(value).messages is value
    assert value == before


@pytest.mark.parametrize(
    "odd", [object(), {1, 2}, [object()], [{"role": "tool", "content": object()}], "text", b"bytes"]
)
def test_values_that_are_not_json_come_back_as_they_came(odd):
    assert compress(odd).messages is odd


def test_the_async_twin_gives_the_same_result():
    messages = body_of("anthropic", [Step(TEXT)])["messages"]
    assert asyncio.run(acompress(messages)) == compress(messages)


def test_a_configuration_and_hooks_are_honoured():
    messages = body_of("openai-chat", [Step(TEXT, tool="db")])["messages"]
    assert compress(messages, config=ProxyConfig(excluded_tools=("db",))).messages is messages
    assert compress(messages, config=ProxyConfig(optimize=False)).tokens_saved == 0

    class All(CompressionHooks):
        def protect_messages(self, messages, ctx):
            return set(range(len(messages)))

    assert compress(messages, hooks=All()).tokens_saved == 0
    assert compress(messages, hooks=All(), config=ProxyConfig()).tokens_saved == 0


class FakeSDK:
    """Has the shape of an SDK client: resources with methods that take keyword arguments."""

    api_key = "k"

    def __init__(self):
        self.sent = []
        self.chat = self.completions = self.messages = self.responses = self

    def create(self, **kwargs):
        self.sent.append(kwargs)
        return "answer"

    def list(self):
        return ["one"]

    def close(self):
        return "closed"


@pytest.mark.parametrize(
    ("wire", "key"), [("openai-chat", "messages"), ("openai-responses", "input"), ("anthropic", "messages")]
)
def test_a_wrapped_client_sends_less_and_changes_nothing_else(wire, key):
    sdk = FakeSDK()
    client = HeadroomClient(sdk)
    payload = body_of(wire, [Step(TEXT)])
    before = copy.deepcopy(payload)
    assert client.chat.completions.create(**payload, timeout=3) == "answer"
    assert payload == before
    assert sdk.sent[0] == {**payload, "timeout": 3, key: sdk.sent[0][key]}
    assert sdk.sent[0][key] != payload[key]
    assert client.get_stats()["tokens_saved"] > 0
    assert (client.api_key, client.chat.list(), client.close()) == ("k", ["one"], "closed")


def test_audit_measures_and_sends_everything_as_it_is():
    sdk = FakeSDK()
    client = HeadroomClient(sdk, mode="audit")
    payload = body_of("openai-chat", [Step(TEXT)])
    client.chat.completions.create(**payload)
    assert sdk.sent == [payload]
    assert client.get_stats()["tokens_saved"] > 0
    assert client.simulate(payload["messages"], "gpt-4o").tokens_saved > 0
    assert client.get_stats()["requests"] == 1
    with pytest.raises(ConfigError, match="optimize, audit"):
        HeadroomClient(sdk, mode="fast")


def test_the_blackboard_keeps_texts_short_and_whole():
    now = [0.0]
    board = SharedContext(ttl=10, max_entries=3, clock=lambda: now[0])
    for name in sorted(SAMPLES)[:3]:
        board.put(name, sample(name), agent="finder")
    board.put("search", TEXT)
    assert board.keys() == [*sorted(SAMPLES)[1:3], "search"]
    assert board.get("search", full=True) == TEXT
    assert len(board.get("search")) < len(TEXT)
    assert board.stats()["tokens_saved"] > 0
    now[0] = 10.0
    assert (board.get("search"), board.keys(), board.stats()["entries"]) == (None, [], 0)
    board.put("again", "x")
    board.clear()
    assert board.get("again") is None
