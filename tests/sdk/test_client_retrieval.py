"""`HeadroomClient` around the real SDKs: calls for originals are answered out of sight of the caller."""

import asyncio
import json
from contextlib import ExitStack

import openai
import pytest
from ccr.scripts import said
from sdk.calls import AWAITED, SPELLED, SYNC, Seen, anthropic_client, asked, messages, openai_client
from sdk.scripted import ScriptedProvider, asking

from headroom import HeadroomClient
from headroom.demo.provider.serving import running
from headroom.providers.wire import record

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")

CALLS = [*SYNC, *AWAITED]
SHARED = {}


@pytest.fixture(scope="module")
def served():
    app = ScriptedProvider()
    with running(app) as url, ExitStack() as stack:
        # A client is wrapped many times: that leaves it as it was, and making one takes long.
        for make in dict.fromkeys(SYNC.values()):
            SHARED[make] = stack.enter_context(make(url))
        yield app, url


def ask(call, url, *, tools=True, **settings):
    """Make a call through the wrapped client of its SDK; return what is seen of the answer, and the statistics."""
    if call in SYNC:
        client = HeadroomClient(SHARED[SYNC[call]], **settings)
        return call(client, tools=tools), client.get_stats()
    return asyncio.run(awaited(call, url, tools, settings))


async def awaited(call, url, tools, settings):
    async with HeadroomClient(AWAITED[call](url), **settings) as client:
        return await call(client, tools=tools), client.get_stats()


each_call = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)


@each_call
def test_the_model_gets_what_it_asks_for_and_the_caller_sees_one_answer(call, served):
    app, url = served
    app.play(said(asking()), said("The 118th line.", number=2))
    seen, stats = ask(call, url)
    assert seen == Seen("The 118th line.", (), 30)
    first, second = app.bodies
    assert len(first) < len(SPELLED)
    assert SPELLED not in first
    assert second.count(SPELLED) == 1
    assert b'"headroom_retrieve"' in first
    counted = {name: stats[name] for name in ("requests", "further_requests", "retrievals", "misses")}
    assert counted == {"requests": 1, "further_requests": 1, "retrievals": 1, "misses": 0}
    assert stats["tokens_saved"] == stats["tokens_before"] - stats["tokens_after"] > 0


@each_call
def test_beside_other_calls_ours_is_not_seen(call, served):
    app, url = served
    app.play(said(asking(), asking("list_units", 2)))
    seen, stats = ask(call, url)
    assert seen == Seen("", ("list_units",), 10)
    assert (stats["retrievals"], stats["further_requests"]) == (1, 0)


@each_call
def test_a_call_without_tools_leaves_nothing_out(call, served):
    app, url = served
    app.play(said("Nothing."))
    seen, stats = ask(call, url, tools=False)
    assert seen == Seen("Nothing.", (), 10)
    [body] = app.bodies
    assert b"headroom_retrieve" not in body
    assert b"tools" not in body
    assert 0 < stats["tokens_after"] < stats["tokens_before"]


@each_call
def test_without_retrieval_nothing_is_left_out_and_no_tool_is_added(call, served):
    app, url = served
    app.play(said("Nothing."))
    _, stats = ask(call, url, retrieval=False)
    assert b"headroom_retrieve" not in app.bodies[0]
    assert 0 < stats["tokens_after"] < stats["tokens_before"]


@each_call
def test_an_audit_sends_what_came_and_counts_what_would_be_saved(call, served):
    app, url = served
    app.play(said("Nothing."))
    seen, stats = ask(call, url, mode="audit")
    assert seen == Seen("Nothing.", (), 10)
    assert app.bodies[0].count(SPELLED) == 1
    assert b"headroom_retrieve" not in app.bodies[0]
    assert 0 < stats["tokens_after"] < stats["tokens_before"]


def test_a_model_that_never_stops_asking_is_told_to_answer(served):
    app, url = served
    app.play(*(said(asking(number=n), number=n) for n in range(1, 6)))
    seen, stats = ask(messages, url)
    assert len(app.bodies) == 5
    assert b"no more retrievals" in app.bodies[-1]
    assert seen.calls == ()
    assert seen.tokens == 10 * (1 + 2 + 3 + 4 + 5)
    assert stats["further_requests"] == 4


def test_what_was_asked_for_beside_another_call_comes_with_its_result(served):
    app, url = served
    app.play(said(asking(), asking("list_units", 2)), said("Done.", number=2))
    with HeadroomClient(anthropic_client(url)) as client:
        arguments = asked("anthropic", tools=True)
        answer = client.messages.create(**arguments)
        [use] = [block for block in answer.content if block.type == "tool_use"]
        result = {"type": "tool_result", "tool_use_id": use.id, "content": "three units"}
        turns = [{"role": "assistant", "content": answer.content}, {"role": "user", "content": [result]}]
        client.messages.create(**{**arguments, "messages": [*arguments["messages"], *turns]})
    sent = json.loads(app.bodies[1])["messages"][-1]["content"][0]
    text = sent["content"]
    assert text.startswith("three units\n[headroom_retrieve, called beside this tool, returned:]\n")
    assert text.endswith(json.loads(SPELLED))


def test_a_conversation_goes_on_with_the_same_beginning(served):
    app, url = served
    app.play(said("One."), said("Two."))
    with HeadroomClient(openai_client(url)) as client:
        arguments = asked("openai-chat", tools=True)
        client.chat.completions.create(**arguments)
        more = [{"role": "assistant", "content": "One."}, {"role": "user", "content": "And?"}]
        client.chat.completions.create(**{**arguments, "messages": [*arguments["messages"], *more]})
    first, second = (json.loads(body)["messages"] for body in app.bodies)
    assert second[: len(first)] == first
    assert record(second[-1])["content"] == "And?"


def test_an_error_in_a_further_round_is_the_caller_s(served):
    app, url = served
    error = {"error": {"message": "slow down", "type": "rate_limit", "param": None, "code": "rate_limited"}}
    app.play(said(asking()), (429, error))
    with HeadroomClient(openai_client(url)) as client, pytest.raises(openai.RateLimitError) as raised:
        client.chat.completions.create(**asked("openai-chat", tools=True))
    assert raised.value.body == error["error"]
