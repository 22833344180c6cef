"""The middleware beyond the suite of all adapters: retrieval, checkpoints, structured answers, other middleware."""

from __future__ import annotations

import asyncio
import json
import re
from itertools import pairwise
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelRequest
from langchain_core.messages import ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel
from support.samples import sample
from support.scripted_model import scripted_model

from headroom.ccr.tool import definition
from headroom.errors import ConfigError
from headroom.proxy.config import ProxyConfig
from headroom_langchain import HeadroomChatModel, HeadroomMiddleware, compress_model
from headroom_langchain.tests.agents import MODES, ended, open_ai
from headroom_langchain.tests.chat_server import answer_to, chat_server
from headroom_langchain.tests.models import LONG, Plain, conversation

LOG = "\n".join(sample("log_lines", seed) for seed in range(8))
QUESTION = {"messages": [("user", "What went wrong?")]}


@tool
def read_log() -> str:
    """Read the log."""
    return LOG


def curious(body: dict[str, Any]) -> dict[str, Any]:
    """Read the log, then ask for what was left out of it, then answer."""
    results = [message["content"] for message in body["messages"] if message["role"] == "tool"]
    if not results:
        return _calls("read_log", {})
    if len(results) == 1:
        return _calls("headroom_retrieve", {"hash": re.findall(r"hash=([0-9a-f]{24})", results[0])[0]})
    return {"role": "assistant", "content": "The router failed."}


def _calls(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    call = {"id": f"call_{name}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


@pytest.mark.parametrize("mode", MODES)
def test_a_model_gets_back_what_was_left_out_byte_for_byte(mode: str) -> None:
    middleware = HeadroomMiddleware(ProxyConfig(marker_key="key"), retrieval=True)
    with chat_server(curious) as (url, requests):
        messages = ended(create_agent(open_ai(url), [read_log], middleware=[middleware]), QUESTION, mode)
    assert messages[-1].text == "The router failed."
    assert [message.content for message in messages if isinstance(message, ToolMessage)] == [LOG, LOG]
    shorts = [[m["content"] for m in request["messages"] if m["role"] == "tool"] for request in requests]
    assert [len(texts) for texts in shorts] == [0, 1, 2]
    assert len(shorts[1][0]) < len(LOG) / 2
    assert shorts[2] == [shorts[1][0], LOG]
    stats = middleware.stats()
    assert (stats["requests"], stats["retrievals"], stats["misses"], stats["failures"]) == (3, 1, 0, 0)
    middleware.close()


def test_the_tool_is_declared_as_everywhere_and_in_every_request() -> None:
    middleware = HeadroomMiddleware(ProxyConfig(marker_key="key"), retrieval=True)
    with chat_server(curious) as (url, requests):
        ended(create_agent(open_ai(url), [read_log], middleware=[middleware]), QUESTION, "sync")
    declared = [next(t for t in r["tools"] if t["function"]["name"] == "headroom_retrieve") for r in requests]
    assert declared == [definition("openai-chat")] * 3


def test_without_retrieval_there_is_no_tool_and_nothing_is_left_out() -> None:
    assert HeadroomMiddleware().tools == []
    with pytest.raises(ConfigError):
        HeadroomMiddleware(ProxyConfig(store="nowhere:", marker_key="key"), retrieval=True)


@pytest.mark.parametrize("mode", MODES)
def test_checkpoints_keep_the_whole_and_later_turns_repeat_what_was_sent(mode: str) -> None:
    saver, config = InMemorySaver(), {"configurable": {"thread_id": "one"}}

    @tool
    def look_up(number: int) -> str:
        """Look an order up."""
        return LONG

    sent = []
    for turn in range(2):
        with scripted_model(1 + turn) as model:
            agent = create_agent(open_ai(model.url), [look_up], middleware=[HeadroomMiddleware()], checkpointer=saver)
            ended(agent, {"messages": [("user", f"Question {turn}?")]}, mode, **config)
        sent += [request["messages"] for request in model.requests]
    kept = [m.content for m in agent.get_state(config).values["messages"] if isinstance(m, ToolMessage)]
    assert kept == [LONG, LONG]
    assert all(later[: len(earlier)] == earlier for earlier, later in pairwise(sent))
    assert all(len(m["content"]) < len(LONG) for m in sent[-1] if m["role"] == "tool")


class Verdict(BaseModel):
    """What came of it."""

    text: str
    count: int


@pytest.mark.parametrize("make", [compress_model, HeadroomChatModel, lambda model: model])
def test_agents_with_structured_answers_get_them(make: Any) -> None:
    def structured(body: dict[str, Any]) -> dict[str, Any]:
        """Answer at once: in the format that is asked for, or by the tool that stands for it."""
        return answer_to({**body, "tools": [t for t in body["tools"] if t["function"]["name"] != "read_log"]})

    with chat_server(structured) as (url, requests):
        agent = create_agent(make(open_ai(url)), [read_log], middleware=[HeadroomMiddleware()], response_format=Verdict)
        answer = agent.invoke({"messages": [("user", "Say 'fine' 3 times")]})["structured_response"]
        plain = create_agent(open_ai(url), [read_log], response_format=Verdict)
        assert plain.invoke({"messages": [("user", "Say 'fine' 3 times")]})["structured_response"] == answer
    assert answer == Verdict(text="fine", count=3)
    assert requests[0] == requests[1]


def test_the_request_that_came_stays_as_it_was() -> None:
    request = ModelRequest(
        model=Plain(),
        messages=(messages := conversation()),
        tools=[],
        tool_choice=None,
        response_format=None,
        system_prompt=None,
        state={"messages": messages},
        runtime=None,
    )
    seen: list[ModelRequest] = []
    HeadroomMiddleware().wrap_model_call(request, seen.append)

    async def handler(one: ModelRequest) -> None:
        seen.append(one)

    asyncio.run(HeadroomMiddleware().awrap_model_call(request, handler))
    assert request.messages is messages
    assert messages[2].content == LONG
    assert all(len(one.messages[2].content) < len(LONG) for one in seen)
    assert [one.messages[:2] for one in seen] == [messages[:2]] * 2


def test_a_request_that_cannot_be_overridden_goes_on_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ModelRequest, "override", lambda *_, **__: 1 / 0)
    middleware = HeadroomMiddleware()
    with scripted_model(0) as model:
        messages = ended(create_agent(open_ai(model.url), [read_log], middleware=[middleware]), QUESTION, "sync")
    assert messages[-1].text == model.answer
    assert middleware.stats()["failures"] == 1
