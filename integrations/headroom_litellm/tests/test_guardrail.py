"""LiteLLM's own `guardrail: headroom`, in its real proxy, before our real proxy as its service."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from support.processes import ask as asked
from support.processes import proxy
from support.samples import sample

LOG = "\n".join(sample("log_lines", seed) for seed in range(8))
TOKEN = "the-token-of-the-service"
QUESTION = "Quote line 200 of the result of call_0, word for word."
SAYS = json.dumps("It reads: " + LOG.split("\n")[199])[1:-1]
MARKER = re.compile(r"headroom_retrieve hash=([0-9a-f]{24})\]")
_FINAL: list[Any] = [{"role": "assistant", "content": "I have it."}, {"role": "user", "content": QUESTION}]


def chat(**also: Any) -> dict[str, Any]:
    call = {"id": "call_0", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "Look it up."},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_0", "content": LOG},
    ]
    return {"messages": messages + _FINAL, **also}


def claude(**also: Any) -> dict[str, Any]:
    messages = [
        {"role": "user", "content": "Look it up."},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "call_0", "name": "look_up", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_0", "content": LOG}]},
    ]
    return {"messages": messages + _FINAL, "max_tokens": 99, **also}


def responses(**also: Any) -> dict[str, Any]:
    items = [
        {"role": "user", "content": "Look it up."},
        {"type": "function_call", "call_id": "call_0", "name": "look_up", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_0", "output": LOG},
    ]
    return {"input": items + _FINAL, **also}


ROUTES = {
    "chat": ("/v1/chat/completions", chat(model="gpt")),
    "chat, streamed": ("/v1/chat/completions", chat(model="gpt", stream=True)),
    "chat to Claude": ("/v1/chat/completions", chat(model="claude")),
    "messages": ("/v1/messages", claude(model="claude")),
}


@pytest.fixture(scope="module")
def service(house: Any) -> Iterator[str]:
    with proxy(house.provider_url, "--callers-retrieve", "--token", TOKEN) as (url, _):
        yield url


@pytest.fixture(scope="module")
def guarded(house: Any, service: str) -> Any:
    settings = {"guardrail": "headroom", "mode": "pre_call", "default_on": True}
    guardrail = {"guardrail_name": "short", "litellm_params": {**settings, "api_base": service, "api_key": TOKEN}}
    return house.gateway("guarded", house.provider_url, guardrails=[guardrail])


@pytest.mark.parametrize("route", ROUTES)
def test_the_model_gets_the_short_form_and_the_tool_and_reads_the_original(route: str, guarded: Any) -> None:
    path, body = ROUTES[route]
    answer, sent = guarded.ask(path, body)
    first, second = (json.dumps(one) for one in sent)
    assert len(first) < len(LOG) / 4
    assert "headroom_retrieve" in json.dumps(sent[0]["tools"])
    (handle,) = set(MARKER.findall(first))
    assert handle in second
    assert json.dumps(LOG)[1:-1] in second
    assert SAYS in answer.decode()


def test_responses_get_the_short_form_and_the_tool(guarded: Any, service: str) -> None:
    _, (sent,) = guarded.ask("/v1/responses", responses(model="gpt"))
    assert len(json.dumps(sent)) < len(LOG) / 4
    assert [tool["name"] for tool in sent["tools"]] == ["headroom_retrieve"]
    (handle,) = MARKER.findall(json.dumps(sent))
    status, found = asked(service, "GET", f"/v1/retrieve/{handle}?query=4711", b"", authorization=f"Bearer {TOKEN}")
    assert status == 200
    assert LOG.split("\n")[17] in json.loads(found)["original_content"]


def test_a_caller_can_ask_for_its_request_to_be_left_alone(guarded: Any) -> None:
    _, (sent,) = guarded.ask("/v1/chat/completions", chat(model="gpt"), x_headroom_bypass="true")
    assert json.dumps(LOG)[1:-1] in json.dumps(sent)
    assert "tools" not in sent


def test_without_a_way_back_nothing_is_left_out(house: Any) -> None:
    """The guardrail does not say that it gives the model a tool; so the operator of the service has to."""
    with proxy(house.provider_url) as (url, _):
        body = json.dumps({"messages": chat()["messages"], "model": "gpt"}).encode()
        status, answer = asked(url, "POST", "/v1/compress", body)
    found = json.loads(answer)
    assert (status, found["ccr_hashes"]) == (200, [])
    assert found["tokens_saved"] > 0
    assert len(found["messages"]) == len(chat()["messages"])
