"""Which calls are ours, how their conversations are read, and what comes back into them."""

from __future__ import annotations

import asyncio
import copy
import json
from typing import Any

import pytest
from headroom_litellm import HeadroomLogger
from headroom_litellm.calls import CONVERSATION, Done, conversation_key
from hypothesis import given
from hypothesis import strategies as st
from litellm.types.utils import CallTypes, Message
from support.samples import sample

from headroom.blocks import Channel
from headroom.errors import ConfigError
from headroom.integrations.adapter import Adapter
from headroom.proxy.config import ProxyConfig

ROWS = sample("json_rows")
CALL = {"id": "c0", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
MESSAGES = dict.fromkeys(("completion", "acompletion", "anthropic_messages", "aanthropic_messages"), "messages")
INPUT = dict.fromkeys(("responses", "aresponses"), "input")
CONTENTS = dict.fromkeys(("generate_content", "agenerate_content"), "contents")
CONTENTS |= dict.fromkeys(("generate_content_stream", "agenerate_content_stream"), "contents")


def conversation(*answer: Any) -> list[Any]:
    asked = answer or ({"role": "assistant", "content": None, "tool_calls": [CALL]},)
    return [{"role": "user", "content": "q"}, *asked, {"role": "tool", "tool_call_id": "c0", "content": ROWS}]


def after(logger: HeadroomLogger, call: dict[str, Any], call_type: Any = CallTypes.acompletion) -> Any:
    return asyncio.run(logger.async_pre_call_deployment_hook(call, call_type))


def before(logger: HeadroomLogger, call: dict[str, Any], call_type: Any = "acompletion") -> Any:
    return asyncio.run(logger.async_pre_call_hook(None, None, call, call_type))


def test_the_types_of_calls_are_those_of_litellm() -> None:
    of_late = {"aanthropic_messages"}
    assert CONVERSATION == MESSAGES | INPUT | CONTENTS
    assert CONVERSATION.keys() - of_late <= {one.value for one in CallTypes}


@pytest.mark.parametrize("call_type", sorted({one.value for one in CallTypes} - CONVERSATION.keys()))
def test_all_other_types_of_calls_are_left_alone(call_type: str) -> None:
    call = {"messages": conversation(), "input": conversation(), "contents": conversation()}
    logger = HeadroomLogger()
    assert after(logger, call, CallTypes(call_type)) is None
    assert before(logger, call, call_type) is None
    assert logger.get_stats()["requests"] == 0


def test_the_call_and_its_items_are_not_touched() -> None:
    call = {"model": "gpt-4o", "messages": conversation(), "temperature": 1}
    kept = copy.deepcopy(call)
    result = after(HeadroomLogger(), call)
    assert call == kept
    assert {**result, "messages": None} == {**call, "messages": None}
    assert len(result["messages"][2].pop("content")) < len(ROWS)
    assert result["messages"][2] == {"role": "tool", "tool_call_id": "c0"}
    assert all(new is old for new, old in zip(result["messages"][:2], call["messages"][:2], strict=True))


def test_what_the_proxy_hook_has_done_the_deployment_hook_finds_done() -> None:
    logger = HeadroomLogger()
    first = before(logger, {"messages": conversation()})
    assert after(logger, copy.deepcopy(first)) is None
    assert logger.get_stats()["requests"] == 1
    grown = copy.deepcopy(first)
    grown["messages"].append({"role": "tool", "tool_call_id": "c1", "content": ROWS})
    again = after(logger, grown)
    assert again["messages"][2]["content"] == first["messages"][2]["content"]
    assert len(again["messages"][3]["content"]) < len(ROWS)


def test_calls_that_litellm_hands_over_as_its_own_objects_are_read() -> None:
    """The tool of a result decides what may be done to it: a file that was read stays."""
    config = ProxyConfig(excluded_tools=("look_up",))
    for answer in (Message(content=None, tool_calls=[CALL]), {"role": "assistant", "tool_calls": [_called()]}):
        assert len(after(HeadroomLogger(), {"messages": conversation(answer)})["messages"][2]["content"]) < len(ROWS)
        kept = after(HeadroomLogger(config), {"messages": conversation(answer)})["messages"]
        assert kept[1] is answer
        assert kept[2]["content"] == ROWS


def _called() -> Any:
    return Message(content=None, tool_calls=[CALL]).tool_calls[0]  # type: ignore[index]


def test_results_that_are_objects_are_copied() -> None:
    result = Message(content=ROWS, role="tool", tool_call_id="c0")
    call = {"messages": [*conversation()[:2], result]}
    short = after(HeadroomLogger(), call)["messages"][2]
    assert isinstance(short, Message)
    assert (short.role, short["tool_call_id"], result.content) == ("tool", "c0", ROWS)
    assert len(short.content or "") < len(ROWS)


def test_only_text_parts_change() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 4000}}
    parts = [{"type": "text", "text": ROWS, "cache_control": {"type": "ephemeral"}}, image, {"type": "odd", "x": ROWS}]
    result = {"role": "tool", "tool_call_id": "c0", "content": parts}
    short = after(HeadroomLogger(), {"messages": [*conversation()[:2], result]})["messages"][2]["content"]
    assert len(short[0]["text"]) < len(ROWS)
    assert (short[0]["cache_control"], short[1:]) == ({"type": "ephemeral"}, parts[1:])


@pytest.mark.parametrize(
    "also",
    [
        {"proxy_server_request": {"headers": {"x-headroom-bypass": "true"}}},
        {"extra_headers": {"X-Headroom-Bypass": "True"}},
        {"headers": {"x-headroom-bypass": "true"}},
        {"text_completion": True},
    ],
)
def test_calls_are_left_alone_on_demand(also: dict[str, Any]) -> None:
    assert after(HeadroomLogger(), {"messages": conversation(), **also}) is None
    assert after(HeadroomLogger(), {"messages": conversation(), **{name: {} for name in also}}) is not None


def test_without_loss_unless_the_configuration_names_a_way_back() -> None:
    log = "\n".join(sample("log_lines", seed) for seed in range(8))
    messages = [*conversation()[:2], {"role": "tool", "tool_call_id": "c0", "content": log}]
    settings = {"marker_key": "key", "store": "memory:"}
    whole = after(HeadroomLogger(ProxyConfig(**settings)), {"messages": messages})["messages"][2]["content"]
    logger = HeadroomLogger(ProxyConfig(**settings, retrieval=Channel.HTTP.value))
    short = after(logger, {"messages": messages})["messages"][2]["content"]
    assert len(short) < len(whole)
    handle = short.rpartition("/v1/retrieve/")[2].rstrip("]")
    assert logger.adapter.retrieve({"hash": handle}) == log


def test_settings_that_cannot_be_used_are_refused_at_once() -> None:
    with pytest.raises(ConfigError):
        HeadroomLogger(ProxyConfig(store="nowhere://"))


def test_large_conversations_do_not_keep_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    original = Adapter.attempt_aside

    async def attempt_aside(self: Adapter, work: Any, fallback: Any, size: int) -> Any:
        seen.append(size)
        return await original(self, work, fallback, size)

    monkeypatch.setattr(Adapter, "attempt_aside", attempt_aside)
    after(HeadroomLogger(), {"messages": conversation()})
    after(HeadroomLogger(), {"messages": conversation(Message(content=ROWS * 9))})
    assert len(ROWS) <= seen[0] < 2 * len(ROWS)
    assert seen[1] >= 9 * len(ROWS)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(ROWS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["role", "content", "type", "text", "tool_calls", "id", "output"]), inner)
    ),
    max_leaves=12,
)


@given(_JSON, st.sampled_from(sorted(CONVERSATION)))
def test_whatever_stands_in_a_call_it_keeps_its_shape(value: Any, call_type: str) -> None:
    key = CONVERSATION[call_type]
    call = {key: value, "model": value, "tools": value, "headers": value, "proxy_server_request": value}
    kept = json.dumps(call)
    logger = HeadroomLogger()
    result = before(logger, call, call_type)
    assert json.dumps(call) == kept
    assert logger.get_stats()["failures"] == 0
    if result is not None:
        assert result.keys() == call.keys()
        assert isinstance(result[key], type(value))
        assert not isinstance(value, list) or len(result[key]) == len(value)


def test_a_marked_conversation_is_a_list_like_any_other() -> None:
    done = Done([1, [2]])
    assert (done, json.dumps(done), repr(done)) == ([1, [2]], "[1, [2]]", "[1, [2]]")
    assert conversation_key({"messages": done}, "completion") is None
    assert conversation_key({"messages": list(done)}, "completion") == "messages"
