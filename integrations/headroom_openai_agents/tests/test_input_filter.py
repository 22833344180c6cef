"""The filter beyond the common suite: conversations kept by the server, retrieval, odd items."""

import asyncio
import copy
import json
import threading

import pytest
from agents import Agent, OpenAIResponsesModel, RunConfig, Runner, function_tool
from agents.run import CallModelData, ModelInputData
from contracts.adapters import OUTPUTS, Script, restored, same_value
from openai import AsyncOpenAI
from support.samples import sample
from support.scripted_model import scripted_model

from headroom.errors import ConfigError
from headroom.integrations.adapter import Adapter
from headroom.proxy.config import ProxyConfig
from headroom_openai_agents import headroom_input_filter
from headroom_openai_agents.tests.running import run

LONG = "\n".join(sample("log_lines", seed) for seed in range(8))


def outputs_of(request):
    return [item["output"] for item in request["input"] if item.get("type") == "function_call_output"]


@pytest.mark.parametrize("mode", ["async", "async-stream"])
def test_where_the_server_keeps_the_conversation_each_output_is_sent_once(mode):
    plain, short = (run(Script(), mode, layers=n, wire="responses", previous_response_id="resp_0") for n in (0, 1))
    sent = [outputs_of(request) for request in short.requests]
    assert [len(one) for one in sent] == [len(outputs_of(request)) for request in plain.requests] == [0, 1, 1, 1]
    for (text,), whole in zip(sent[1:], OUTPUTS, strict=True):
        assert len(text) < len(whole)
        assert any(same_value(one, whole) for one in restored(text))
    assert (short.answer, short.executed, short.history) == (plain.answer, plain.executed, plain.history)


def filtered(headroom, items, model="gpt-4o"):
    data = CallModelData(ModelInputData(items, "Be brief."), Agent("clerk", model=model), None)
    return asyncio.run(headroom(data))


def conversation(output):
    call = {"type": "function_call", "call_id": "c1", "name": "read_log", "arguments": "{}", "status": "completed"}
    return [
        {"role": "user", "content": "What went wrong?"},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA" * 200},
        call,
        {"type": "function_call_output", "call_id": "c1", "output": output},
    ]


def test_items_that_stay_are_the_very_objects_and_nothing_given_is_changed():
    items = conversation(LONG)
    before = copy.deepcopy(items)
    found = filtered(headroom_input_filter(), items)
    assert items == before
    assert found.instructions == "Be brief."
    assert all(new is old for new, old in zip(found.input[:3], items[:3], strict=True))
    assert len(found.input[3]["output"]) < len(LONG)


def test_outputs_in_parts_keep_what_is_no_text():
    image = {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}
    (*_, result) = filtered(headroom_input_filter(), conversation([{"type": "input_text", "text": LONG}, image])).input
    text, kept = result["output"]
    assert len(text["text"]) < len(LONG)
    assert kept is image


@pytest.mark.parametrize("items", [[], ["text"], [None, 3], [{"type": "function_call_output"}], [object()]])
def test_items_of_odd_shapes_pass(items):
    assert filtered(headroom_input_filter(), items).input == items


def test_long_outputs_are_worked_on_in_a_thread(monkeypatch):
    threads = set()
    shorten = Adapter.shorten_body
    monkeypatch.setattr(Adapter, "shorten_body", lambda *given: threads.add(threading.get_ident()) or shorten(*given))
    filtered(headroom_input_filter(), conversation(LONG))
    assert threads - {threading.get_ident()}


def test_what_is_left_out_comes_back_through_the_tool():
    headroom = headroom_input_filter(ProxyConfig(marker_key="key"), retrieval=True)
    (*_, result) = filtered(headroom, conversation(LONG)).input
    handle = result["output"].rpartition("hash=")[2].rstrip("]")
    tool = headroom.retrieve_tool
    assert asyncio.run(tool.on_invoke_tool(None, json.dumps({"hash": handle}))) == LONG
    assert "no hash" in asyncio.run(tool.on_invoke_tool(None, "{}"))
    assert headroom.get_stats()["retrievals"] == 1


def test_an_agent_can_have_the_tool_and_the_model_is_told_of_it():
    headroom = headroom_input_filter(ProxyConfig(marker_key="key"), retrieval=True)

    @function_tool
    def look_up(number: int) -> str:
        """Return a log."""
        return LONG

    async def ask(url):
        async with AsyncOpenAI(base_url=url, api_key="none") as client:
            model = OpenAIResponsesModel("gpt-4o", client)
            agent = Agent("clerk", model=model, tools=[look_up, headroom.retrieve_tool])
            config = RunConfig(call_model_input_filter=headroom, tracing_disabled=True)
            return await Runner.run(agent, "What went wrong?", run_config=config)

    with scripted_model(1) as model:
        asyncio.run(ask(model.url))
    first, last = model.requests
    assert first["tools"] == last["tools"]
    (tool,) = (tool for tool in last["tools"] if tool["name"] == "headroom_retrieve")
    assert tool["parameters"]["required"] == ["hash"]
    assert "headroom_retrieve hash=" in outputs_of(last)[0]


def test_without_retrieval_nothing_is_left_out_and_nothing_can_be_asked_for():
    headroom = headroom_input_filter()
    (*_, result) = filtered(headroom, conversation(LONG)).input
    assert LONG in restored(result["output"])
    with pytest.raises(ConfigError):
        asyncio.run(headroom.retrieve_tool.on_invoke_tool(None, "{}"))
    headroom.close()
