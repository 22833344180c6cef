"""The middleware beyond the common suite: what it passes on, sessions, retrieval, odd messages."""

import asyncio
import copy
import threading

import pytest
from contracts.adapters import ERROR, OUTPUTS, Script, restored
from strands import Agent
from strands.middleware import InvokeModelContext, InvokeModelStage
from strands.session.file_session_manager import FileSessionManager
from support.samples import sample
from support.scripted_model import scripted_model

from headroom.errors import ConfigError
from headroom.integrations.adapter import Adapter
from headroom.proxy.config import ProxyConfig
from headroom_strands import headroom_middleware
from headroom_strands.tests.running import agent_of, model_of, ran, tool_of

LONG = "\n".join(sample("log_lines", seed) for seed in range(8))
RETRIEVING = ProxyConfig(marker_key="key")
IMAGE = {"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}}


def result(call, *parts, **of_result):
    return {"toolResult": {"toolUseId": call, "status": "success", "content": list(parts), **of_result}}


def use(call):
    return {"toolUse": {"toolUseId": call, "name": "read_log", "input": {"day": 3}}}


def conversation(*blocks):
    signed = {"reasoningContent": {"reasoningText": {"text": "Hm. " * 99, "signature": "c2ln"}}}
    return [
        {"role": "user", "content": [{"text": "What went wrong?"}]},
        {"role": "assistant", "content": [signed, use("c0"), use("c1")]},
        {"role": "user", "content": list(blocks)},
    ]


def context_of(messages, model):
    return InvokeModelContext(None, messages, "Be brief.", [], None, {}, model)


def passed(headroom, messages, **config):
    """What the model is called with."""
    model = model_of("http://127.0.0.1:9")
    model.config.update(config)
    contexts = []

    async def model_call(context):
        contexts.append(context)
        yield "event"

    async def events():
        return [event async for event in headroom(context_of(messages, model), model_call)]

    assert asyncio.run(events()) == ["event"]
    (context,) = contexts
    assert (context.system_prompt, context.model) == ("Be brief.", model)
    return context.messages


def test_what_stays_are_the_very_objects_and_nothing_given_is_changed():
    document = {"document": {"format": "pdf", "name": "a", "source": {"bytes": b"%PDF"}}}
    parts = ({"json": {"rows": [LONG]}}, IMAGE, document, {"text": "short"})
    messages = conversation(result("c0", {"text": LONG}, *parts), result("c1", {"text": "short"}), {"text": LONG})
    before = copy.deepcopy(messages)
    found = passed(headroom_middleware(), messages)
    assert messages == before
    assert all(new is old for new, old in zip(found[:2], messages[:2], strict=True))
    changed, *same = found[2]["content"]
    assert all(new is old for new, old in zip(same, messages[2]["content"][1:], strict=True))
    text, *others = changed["toolResult"].pop("content")
    assert LONG in restored(text["text"])
    assert all(new is old for new, old in zip(others, parts, strict=True))
    assert changed == {"toolResult": {"toolUseId": "c0", "status": "success"}}


def test_errors_stay_errors_and_whole():
    messages = conversation(result("c0", {"text": ERROR}, status="error"), result("c1", {"text": ERROR}))
    failed, short = passed(headroom_middleware(), messages)[2]["content"]
    assert failed is messages[2]["content"][0]
    assert len(short["toolResult"]["content"][0]["text"]) < len(ERROR)


def test_rules_know_the_tool_that_a_result_is_of():
    messages = conversation(result("c0", {"text": LONG}))
    assert passed(headroom_middleware(ProxyConfig(excluded_tools=("read_log",))), messages) == messages


@pytest.mark.parametrize("config", [{"params": {"truncation": "auto"}}, {"context_management": {"edits": []}}])
def test_results_do_not_refer_to_others_that_the_provider_may_drop(config):
    messages = conversation(result("c0", {"text": LONG}), result("c1", {"text": LONG}))

    def texts(**config):
        content = passed(headroom_middleware(), messages, **config)[2]["content"]
        return [block["toolResult"]["content"][0]["text"] for block in content]

    first, second = texts(**config)
    assert second == first
    assert len(texts(params={"truncation": "disabled"})[1]) < len(first)


@pytest.mark.parametrize(
    "messages", [[], [None], [{}], [{"role": "user", "content": "text"}], conversation(result("c0", None), 3)]
)
def test_messages_of_odd_shapes_pass(messages):
    assert passed(headroom_middleware(), messages) is messages or passed(headroom_middleware(), messages) == messages


def test_what_the_model_raises_is_raised_and_it_is_called_once():
    calls = []

    async def model_call(context):
        calls.append(context)
        yield "first"
        raise TimeoutError("the model is away")

    async def events():
        context = context_of(conversation(result("c0", {"text": LONG})), model_of("http://127.0.0.1:9"))
        return [event async for event in headroom_middleware()(context, model_call)]

    with pytest.raises(TimeoutError, match="away"):
        asyncio.run(events())
    assert len(calls) == 1


def test_long_results_are_worked_on_in_a_thread(monkeypatch):
    threads, shorten = set(), Adapter.shorten
    monkeypatch.setattr(Adapter, "shorten", lambda *a, **k: threads.add(threading.get_ident()) or shorten(*a, **k))
    passed(headroom_middleware(), conversation(result("c0", {"text": LONG})))
    assert threads - {threading.get_ident()}


def test_streams_have_all_the_events_that_they_have_without_it():
    def streamed(*layers):
        with scripted_model(len(OUTPUTS)) as served:
            agent = agent_of(model_of(served.url), [tool_of(Script())[0]], layers)

            async def events():
                return [(sorted(event), event.get("data")) async for event in agent.stream_async("Which?")]

            return asyncio.run(events())

    plain = streamed()
    assert any(data for _, data in plain)
    assert streamed(headroom_middleware()) == plain


def results_of(request):
    return [message["content"] for message in request["messages"] if message["role"] == "tool"]


def test_a_session_keeps_the_whole_and_goes_on_with_the_bytes_that_it_began_with(tmp_path):
    requests = []
    for question in ("First?", "Second?"):
        with scripted_model(len(OUTPUTS)) as served:
            kept = FileSessionManager(session_id="one", storage_dir=str(tmp_path))
            agent = Agent(
                model=model_of(served.url), tools=[tool_of(Script())[0]], callback_handler=None, session_manager=kept
            )
            agent.add_middleware(InvokeModelStage, headroom_middleware())
            ran(agent, question, "sync")
        requests.append(served.requests)
    stored = "".join(path.read_text() for path in tmp_path.rglob("message_*.json"))
    assert all(sample_line in stored for sample_line in (OUTPUTS[1].splitlines()[0], OUTPUTS[1].splitlines()[-1]))
    before, after = (request["messages"] for request in (requests[0][-1], requests[1][0]))
    assert len(results_of(requests[1][0])) == len(OUTPUTS)
    assert after[: len(before)] == before


def test_what_is_left_out_comes_back_through_the_tool():
    headroom = headroom_middleware(RETRIEVING, retrieval=True)
    (block,) = passed(headroom, conversation(result("c0", {"text": LONG})))[2]["content"]
    handle = block["toolResult"]["content"][0]["text"].rpartition("hash=")[2].rstrip("]")

    async def answered(arguments):
        asked = {"toolUseId": "r1", "name": "headroom_retrieve", "input": arguments}
        return [event async for event in headroom.retrieve_tool.stream(asked, {"agent": None})][-1].tool_result

    answer = asyncio.run(answered({"hash": handle}))
    assert answer == {"toolUseId": "r1", "status": "success", "content": [{"text": LONG}]}
    assert "no hash" in asyncio.run(answered({}))["content"][0]["text"]
    assert headroom.get_stats()["retrievals"] == 1


def test_an_agent_can_have_the_tool_and_the_model_is_told_of_it():
    headroom = headroom_middleware(RETRIEVING, retrieval=True)
    with scripted_model(1) as served:
        tools = [tool_of(Script((LONG,)))[0], headroom.retrieve_tool]
        ran(agent_of(model_of(served.url), tools, [headroom]), "What went wrong?", "sync")
    first, last = served.requests
    assert first["tools"] == last["tools"]
    assert "headroom_retrieve" in {tool["function"]["name"] for tool in last["tools"]}
    assert "headroom_retrieve hash=" in results_of(last)[0]


def test_without_retrieval_nothing_can_be_asked_for():
    headroom = headroom_middleware()

    async def answered():
        asked = {"toolUseId": "r1", "name": "headroom_retrieve", "input": {"hash": "0" * 24}}
        return [event async for event in headroom.retrieve_tool.stream(asked, {})]

    with pytest.raises(ConfigError):
        asyncio.run(answered())
    headroom.close()
