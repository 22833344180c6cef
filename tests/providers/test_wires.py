"""The visitors: which strings of real request shapes are blocks, and what is known of each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.blocks import Block
from headroom.providers import WIRES, Usage, recognise

OUTPUT = "x" * 300


def tool_blocks(wire, payload):
    return [block for block in WIRES[wire].blocks(payload) if block.role == "tool"]


CHAT_CALL = {"id": "c1", "type": "function", "function": {"name": "ls", "arguments": '{"path": "."}'}}

SHAPES = {
    "chat: a string": (
        "openai-chat",
        {
            "messages": [
                {"role": "assistant", "tool_calls": [CHAT_CALL]},
                {"role": "tool", "tool_call_id": "c1", "content": OUTPUT},
            ]
        },
    ),
    "chat: text parts": (
        "openai-chat",
        {
            "messages": [
                {"role": "assistant", "tool_calls": [CHAT_CALL]},
                {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": OUTPUT}]},
            ]
        },
    ),
    "chat: a custom tool": (
        "openai-chat",
        {
            "messages": [
                {
                    "role": "assistant",
                    "tool_calls": [{"id": "c1", "type": "custom", "custom": {"name": "ls", "input": '{"path": "."}'}}],
                },
                {"role": "tool", "tool_call_id": "c1", "content": OUTPUT},
            ]
        },
    ),
    "responses: a function": (
        "openai-responses",
        {
            "input": [
                {"type": "function_call", "call_id": "c1", "name": "ls", "arguments": '{"path": "."}'},
                {"type": "function_call_output", "call_id": "c1", "output": OUTPUT},
            ]
        },
    ),
    "responses: parts": (
        "openai-responses",
        {
            "input": [
                {"type": "function_call", "call_id": "c1", "name": "ls", "arguments": '{"path": "."}'},
                {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": OUTPUT}]},
            ]
        },
    ),
    "responses: a custom tool": (
        "openai-responses",
        {
            "input": [
                {"type": "custom_tool_call", "call_id": "c1", "name": "ls", "input": '{"path": "."}'},
                {"type": "custom_tool_call_output", "call_id": "c1", "output": OUTPUT},
            ]
        },
    ),
    "responses: an MCP call": (
        "openai-responses",
        {
            "input": [
                {"type": "mcp_call", "id": "m", "name": "ls", "arguments": '{"path": "."}', "output": OUTPUT},
            ]
        },
    ),
    "anthropic: a string": (
        "anthropic",
        {
            "messages": [
                {
                    "role": "assistant",
                    "content": [{"type": "tool_use", "id": "t1", "name": "ls", "input": {"path": "."}}],
                },
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": OUTPUT}]},
            ]
        },
    ),
    "anthropic: text parts": (
        "anthropic",
        {
            "messages": [
                {
                    "role": "assistant",
                    "content": [{"type": "tool_use", "id": "t1", "name": "ls", "input": {"path": "."}}],
                },
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": OUTPUT}]}
                    ],
                },
            ]
        },
    ),
    "gemini: camel case": (
        "gemini",
        {
            "contents": [
                {"role": "model", "parts": [{"functionCall": {"name": "ls", "args": {"path": "."}}}]},
                {"role": "user", "parts": [{"functionResponse": {"name": "ls", "response": {"output": OUTPUT}}}]},
            ]
        },
    ),
    "gemini: snake case, role function, ids": (
        "gemini",
        {
            "contents": [
                {"role": "model", "parts": [{"function_call": {"id": "7", "name": "ls", "args": {"path": "."}}}]},
                {
                    "role": "function",
                    "parts": [
                        {"function_response": {"id": "7", "name": "ls", "response": {"a": [{"b": OUTPUT}, "short"]}}}
                    ],
                },
            ]
        },
    ),
    "gemini: inside countTokens": (
        "gemini",
        {
            "generateContentRequest": {
                "contents": [
                    {"role": "model", "parts": [{"functionCall": {"name": "ls", "args": {"path": "."}}}]},
                    {"role": "user", "parts": [{"functionResponse": {"name": "ls", "response": {"output": OUTPUT}}}]},
                ]
            }
        },
    ),
}


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_a_tool_output_is_found_with_the_call_that_made_it(name):
    wire, payload = SHAPES[name]
    (block,) = tool_blocks(wire, payload)
    assert (block.text, block.tool) == (OUTPUT, "ls")
    assert block.arguments.replace(" ", "") == '{"path":"."}'
    assert recognise(payload).name == wire
    node = payload
    for step in block.path:
        node = node[step]
    assert node == OUTPUT


def test_an_output_without_its_call_is_found_all_the_same():
    payload = {"messages": [{"role": "tool", "tool_call_id": "gone", "content": OUTPUT}]}
    assert tool_blocks("openai-chat", payload) == [Block(("messages", 0, "content"), OUTPUT, "tool", call="gone")]


def test_error_flags_and_cache_breakpoints_are_read():
    marked = {"type": "text", "text": "b", "cache_control": {"type": "ephemeral"}}
    error = {"type": "tool_result", "tool_use_id": "t", "content": OUTPUT, "is_error": True}
    payload = {
        "system": [{"type": "text", "text": "s"}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "a"}, marked, {"type": "text", "text": "c"}]},
            {"role": "user", "content": [error]},
        ],
    }
    blocks = {block.text: block for block in WIRES["anthropic"].blocks(payload)}
    assert [blocks[text].cached for text in ("s", "a", "b", "c", OUTPUT)] == [True, True, True, False, False]
    assert blocks[OUTPUT].is_error
    assert not blocks["a"].is_error


def test_a_breakpoint_in_the_system_prompt_alone_covers_only_it():
    payload = {
        "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": "a"}],
    }
    assert {block.text: block.cached for block in WIRES["anthropic"].blocks(payload)} == {"s": True, "a": False}


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=4), st.sampled_from(["tool", "text", "user"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(
                [
                    "role",
                    "content",
                    "type",
                    "text",
                    "parts",
                    "tool_calls",
                    "id",
                    "function",
                    "functionResponse",
                    "response",
                    "output",
                    "call_id",
                    "params",
                    "input",
                    "usage",
                    "message",
                    "name",
                    "cache_control",
                ]
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=25,
)
bodies = st.dictionaries(
    st.sampled_from(
        ["messages", "input", "contents", "requests", "system", "instructions", "systemInstruction", "usage"]
    ),
    anything,
    max_size=5,
)


@pytest.mark.parametrize("wire", sorted(WIRES))
@given(payload=bodies)
def test_visitors_and_usage_readers_are_total_over_any_json(wire, payload):
    for block in WIRES[wire].blocks(payload):
        assert isinstance(block.text, str)
        assert not (block.opaque and block.text)
    assert isinstance(WIRES[wire].usage(payload), (Usage, type(None)))
    recognise(payload)


@pytest.mark.parametrize(
    ("payload", "wire"),
    [
        ({"messages": [{"role": "user", "content": "hi"}]}, "openai-chat"),
        ({"messages": [], "system": "s"}, "anthropic"),
        ({"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]}, "anthropic"),
        ({"contents": []}, "gemini"),
        ({"input": "hi"}, "openai-responses"),
        ({"requests": []}, "anthropic-batches"),
        ({"input": 3}, None),
        ({"messages": "x"}, None),
        ({}, None),
    ],
    ids=str,
)
def test_the_shape_of_a_body_tells_its_wire(payload, wire):
    found = recognise(payload)
    assert (found and found.name) == wire


def test_later_usage_completes_earlier_usage():
    assert Usage(input=3, cache_read=1).updated(Usage(output=5)) == Usage(3, 5, 1, None)
    assert Usage(output=1).updated(Usage(output=9)) == Usage(output=9)
    assert Usage(1).updated(None) == Usage(1)


@pytest.mark.parametrize(
    ("wire", "answer"),
    [
        (
            "openai-chat",
            {"usage": {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 2}}},
        ),
        (
            "openai-responses",
            {"usage": {"input_tokens": 9, "output_tokens": 4, "input_tokens_details": {"cached_tokens": 2}}},
        ),
        ("anthropic", {"usage": {"input_tokens": 7, "output_tokens": 4, "cache_read_input_tokens": 2}}),
        ("gemini", {"usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 4, "cachedContentTokenCount": 2}}),
    ],
)
def test_usage_is_read_from_whole_answers(wire, answer):
    usage = WIRES[wire].usage(answer)
    assert (usage.input, usage.output, usage.cache_read) == (9, 4, 2)
