"""The proxy of LiteLLM with our callback, beside one without: what the provider is sent, route by route."""

from __future__ import annotations

import json
from typing import Any

import pytest
from contracts.adapters import changes, restored, same_value
from support.samples import sample

ROWS, LOG = sample("json_rows"), sample("log_lines")
TEXTS = (ROWS, LOG)
PARAMETERS = {"type": "object", "properties": {"number": {"type": "integer"}}}
FUNCTION = {"name": "look_up", "description": "Look something up.", "parameters": PARAMETERS}


def chat(**also: Any) -> dict[str, Any]:
    messages: list[Any] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What failed?"}]
    for number, text in enumerate(TEXTS):
        call = {"name": "look_up", "arguments": json.dumps({"number": number})}
        calls = [{"id": f"call_{number}", "type": "function", "function": call}]
        messages.append({"role": "assistant", "content": None, "tool_calls": calls})
        messages.append({"role": "tool", "tool_call_id": f"call_{number}", "content": text})
    return {"messages": messages, "tools": [{"type": "function", "function": FUNCTION}], **also}


def claude(**also: Any) -> dict[str, Any]:
    messages: list[Any] = [{"role": "user", "content": "What failed?"}]
    for number, text in enumerate(TEXTS):
        call = {"type": "tool_use", "id": f"toolu_{number}", "name": "look_up", "input": {"number": number}}
        result = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": text}
        messages += [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    tool = {"name": "look_up", "description": "Look something up.", "input_schema": PARAMETERS}
    return {"messages": messages, "system": "Be brief.", "tools": [tool], "max_tokens": 99, **also}


def responses(**also: Any) -> dict[str, Any]:
    items: list[Any] = [{"role": "user", "content": "What failed?"}]
    for number, text in enumerate(TEXTS):
        call = {"type": "function_call", "call_id": f"call_{number}", "name": "look_up"}
        items.append({**call, "arguments": json.dumps({"number": number})})
        items.append({"type": "function_call_output", "call_id": f"call_{number}", "output": text})
    return {"input": items, "instructions": "Be brief.", "tools": [{"type": "function", **FUNCTION}], **also}


def gemini() -> dict[str, Any]:
    contents: list[Any] = [{"role": "user", "parts": [{"text": "What failed?"}]}]
    for number, text in enumerate(TEXTS):
        call = {"functionCall": {"name": "look_up", "args": {"number": number}}}
        result = {"functionResponse": {"name": "look_up", "response": {"result": text}}}
        contents += [{"role": "model", "parts": [call]}, {"role": "user", "parts": [result]}]
    return {"contents": contents, "tools": [{"functionDeclarations": [FUNCTION]}]}


SHORT = {
    "chat": ("/v1/chat/completions", chat(model="gpt")),
    "chat, streamed": ("/v1/chat/completions", chat(model="gpt", stream=True)),
    "chat to Claude": ("/v1/chat/completions", chat(model="claude")),
    "chat to Claude, streamed": ("/v1/chat/completions", chat(model="claude", stream=True)),
    "chat to Gemini": ("/v1/chat/completions", chat(model="gemini")),
    "messages": ("/v1/messages", claude(model="claude")),
    "messages, streamed": ("/v1/messages", claude(model="claude", stream=True)),
    "messages to GPT": ("/v1/messages", claude(model="gpt")),
    "messages to Gemini": ("/v1/messages", claude(model="gemini")),
    "responses": ("/v1/responses", responses(model="gpt")),
    "responses, streamed": ("/v1/responses", responses(model="gpt", stream=True)),
    "responses to Claude": ("/v1/responses", responses(model="claude")),
    "contents": ("/v1beta/models/gemini:generateContent", gemini()),
    "contents, streamed": ("/v1beta/models/gemini:streamGenerateContent?alt=sse", gemini()),
    "contents to GPT": ("/v1beta/models/gpt:generateContent", gemini()),
}
"""Routes that carry conversations, to providers that speak like them and to others."""

UNTOUCHED = {
    "embeddings": ("/v1/embeddings", {"model": "vectors", "input": [ROWS, LOG]}),
    "text completions": ("/v1/completions", {"model": "text", "prompt": LOG}),
    "text completions of a chat model": ("/v1/completions", {"model": "gpt", "prompt": LOG}),
    "moderation": ("/v1/moderations", {"model": "moderator", "input": ROWS}),
    "rerank": ("/v1/rerank", {"model": "rerank", "query": "failed?", "documents": [ROWS, LOG]}),
    "images": ("/v1/images/generations", {"model": "image", "prompt": LOG}),
    "speech": ("/v1/audio/speech", {"model": "voice", "input": LOG, "voice": "alloy"}),
    "counting": ("/v1/messages/count_tokens", claude(model="claude")),
    "a short chat": ("/v1/chat/completions", {"model": "gpt", "messages": [{"role": "user", "content": "Hello?"}]}),
    "a question of one text": ("/v1/responses", {"model": "gpt", "input": LOG}),
}

_OF_THE_MOMENT = ("id", "created", "created_at", "responseId")


@pytest.fixture(scope="module")
def plain(house: Any) -> Any:
    return house.gateway("plain")


@pytest.fixture(scope="module")
def ours(house: Any) -> Any:
    return house.gateway("ours", litellm_settings={"callbacks": "headroom_litellm.callback"})


def lasting(value: Any) -> Any:
    """Return a JSON value without what LiteLLM makes anew for every answer."""
    if isinstance(value, dict):
        return {name: lasting(one) for name, one in value.items() if name not in _OF_THE_MOMENT}
    return [lasting(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("route", SHORT)
def test_tool_outputs_are_short_on_the_wire_and_nothing_else_changes(route: str, plain: Any, ours: Any) -> None:
    path, body = SHORT[route]
    (answer, (before,)), (own_answer, (after,)) = plain.ask(path, body), ours.ask(path, body)
    found = changes(before, after)
    assert len(found) == len(TEXTS), [change.path for change in found]
    for change, text in zip(found, TEXTS, strict=True):
        if route == "contents to GPT":  # LiteLLM makes JSON of what stands in a functionResponse
            change.before, change.after = (json.loads(one)["result"] for one in (change.before, change.after))
        assert change.before == text
        assert len(change.after) < len(text)
        assert any(same_value(one, text) for one in restored(change.after))
    if "streamed" not in route:
        assert lasting(json.loads(own_answer)) == lasting(json.loads(answer))
    assert own_answer


@pytest.mark.parametrize("route", UNTOUCHED)
def test_other_calls_are_left_alone(route: str, plain: Any, ours: Any) -> None:
    path, body = UNTOUCHED[route]
    (_, before), (_, after) = plain.ask(path, body), ours.ask(path, body)
    assert len(after) == 1
    assert after == before


@pytest.mark.parametrize("route", ["chat", "messages", "responses", "contents"])
def test_a_caller_can_ask_for_its_request_to_be_left_alone(route: str, plain: Any, ours: Any) -> None:
    path, body = SHORT[route]
    (_, before), (_, after) = plain.ask(path, body), ours.ask(path, body, x_headroom_bypass="true")
    assert changes(before, after) == []


def test_what_was_sent_stands_on_the_next_turn(ours: Any) -> None:
    body = chat(model="gpt")
    further = {**body, "messages": [*body["messages"], {"role": "user", "content": "And then?"}]}
    (_, (first,)), (_, (second,)) = ours.ask("/v1/chat/completions", body), ours.ask("/v1/chat/completions", further)
    assert second["messages"][: len(first["messages"])] == first["messages"]
