"""The manager beyond the common suite: sessions, limits, teams, retrieval, odd messages."""

import asyncio
import copy
import threading
from itertools import pairwise

import pytest
from agno.agent import Agent
from agno.compression.manager import CompressionManager
from agno.db.sqlite import SqliteDb
from agno.media import Image
from agno.models.message import Message
from agno.models.openai import OpenAIChat
from agno.team import Team
from contracts.adapters import ERROR, OUTPUTS, Script, restored, same_value
from support.samples import sample
from support.scripted_model import scripted_model

from headroom.errors import ConfigError
from headroom.integrations.adapter import Adapter
from headroom.proxy.config import ProxyConfig
from headroom_agno import HeadroomCompressionManager
from headroom_agno.tests.running import agent_of, model_of, ran

LONG = "\n".join(sample("log_lines", seed) for seed in range(8))
RETRIEVING = ProxyConfig(marker_key="key")


def results_of(request):
    return [message["content"] for message in request["messages"] if message["role"] == "tool"]


def conversation(*contents, **of_result):
    messages = [Message(role="system", content="Be brief."), Message(role="user", content="What went wrong?")]
    for number, content in enumerate(contents):
        call = {"id": f"c{number}", "type": "function", "function": {"name": "read_log", "arguments": "{}"}}
        messages.append(Message(role="assistant", tool_calls=[call]))
        result = {"tool_call_id": f"c{number}", "tool_name": "read_log", "tool_args": {}, **of_result}
        messages.append(Message(role="tool", content=content, **result))
    return messages


def forms(messages):
    return [message.compressed_content for message in messages]


def test_it_is_a_manager_of_agno_and_asks_for_every_result_at_once():
    manager = HeadroomCompressionManager()
    assert isinstance(manager, CompressionManager)
    assert not manager.should_compress(conversation())
    assert manager.should_compress(conversation("one result"))
    assert asyncio.run(manager.ashould_compress(conversation("one result")))
    manager.compress_tool_results = False
    assert not manager.should_compress(conversation("one result"))


def test_only_results_get_a_short_form_and_contents_stay():
    messages = conversation(LONG, "short", LONG)
    before = copy.deepcopy(messages)
    HeadroomCompressionManager().compress(messages)
    first, short, again = (message for message in messages if message.role == "tool")
    assert LONG in restored(first.compressed_content)
    assert len(again.compressed_content) < len(first.compressed_content) < len(LONG)
    assert short.compressed_content is None
    assert all(message.compressed_content is None for message in messages if message.role != "tool")
    for message in messages:
        message.compressed_content = None
    assert messages == before


def test_what_a_result_became_does_not_change_as_the_conversation_grows():
    manager, outputs = HeadroomCompressionManager(), [sample("log_lines", seed % 3) for seed in range(6)]
    turns = [conversation(*outputs[:n]) for n in range(len(outputs) + 1)]
    for messages in turns:
        manager.compress(messages)
    for earlier, later in pairwise(turns):
        assert forms(later)[: len(earlier)] == forms(earlier)


def test_errors_stay_whole():
    messages = conversation(ERROR, tool_call_error=True)
    HeadroomCompressionManager().compress(messages)
    assert set(forms(messages)) == {None}


def test_results_name_their_call_by_either_id_of_a_responses_call_or_tell_of_it_themselves():
    manager = HeadroomCompressionManager(ProxyConfig(excluded_tools=("read_log",)))
    of_item, alone = conversation(LONG, tool_name=None), conversation(LONG)
    call = of_item[2].tool_calls[0]
    call["id"], call["call_id"] = "fc_1", "c0"
    del alone[2]
    for messages in (of_item, alone, conversation(LONG)):
        manager.compress(messages)
        assert set(forms(messages)) == {None}


@pytest.mark.parametrize("content", [None, [], [{"type": "text", "text": LONG}], [LONG]])
def test_contents_that_are_no_text_stay(content):
    messages = conversation(content)
    HeadroomCompressionManager().compress(messages)
    assert set(forms(messages)) == {None}


def test_messages_with_images_keep_them():
    messages = conversation(LONG, images=[Image(url="https://images.example/a.png")])
    HeadroomCompressionManager().compress(messages)
    assert messages[-1].compressed_content
    assert messages[-1].images[0].url == "https://images.example/a.png"


def test_results_do_not_refer_to_others_that_the_provider_may_drop():
    manager, messages = HeadroomCompressionManager(), conversation(LONG, LONG)
    model = OpenAIChat(id="gpt-4o", extra_body={"context_management": {"edits": []}})
    assert manager.should_compress(messages, [], model=model, response_format=None)
    manager.compress(messages)
    assert messages[3].compressed_content == messages[5].compressed_content
    manager.should_compress(messages, [], model=OpenAIChat(id="gpt-4o"))
    manager.compress(messages)
    assert len(messages[5].compressed_content) < len(messages[3].compressed_content)


def test_long_results_are_worked_on_in_a_thread(monkeypatch):
    threads, shorten = set(), Adapter.shorten
    monkeypatch.setattr(Adapter, "shorten", lambda *a, **k: threads.add(threading.get_ident()) or shorten(*a, **k))
    messages = conversation(LONG)
    asyncio.run(HeadroomCompressionManager().acompress(messages))
    assert messages[-1].compressed_content
    assert threads - {threading.get_ident()}


def test_a_session_goes_on_with_the_bytes_that_it_began_with_also_under_another_manager(tmp_path):
    script, requests = Script(), []
    for question in ("First?", "Second?"):
        with scripted_model(len(OUTPUTS)) as served:
            agent, _ = agent_of(model_of(served.url, "chat", "sync", layers=1), script, HeadroomCompressionManager())
            agent.db = SqliteDb(db_file=str(tmp_path / "sessions.db"))
            agent.add_history_to_context = True
            ran(agent, question, "sync")
            requests.append(served.requests)
            agent.model.get_client().close()
            messages = agent.get_session("one").get_messages()
            agent.db.db_engine.dispose()
        assert [message.content for message in messages if message.role == "tool"] == list(OUTPUTS)
    before, after = (request["messages"] for request in (requests[0][-1], requests[1][0]))
    assert len(results_of(requests[1][0])) == len(OUTPUTS)
    assert after[: len(before)] == before


def test_no_result_refers_to_one_of_a_run_that_is_not_sent_any_more():
    script = Script(outputs=(OUTPUTS[1],) * 2)
    with scripted_model(1) as served:
        manager = HeadroomCompressionManager()
        settings = {"add_history_to_context": True, "num_history_runs": 1}
        agent, _ = agent_of(model_of(served.url, "chat", "sync", layers=1), script, manager, **settings)
        for calls, runs in ((1, 1), (2, 2), (2, 2)):  # of the third run's request only the last run is the history
            served.calls = calls
            ran(agent, f"Question {runs}?", "sync")
        agent.model.get_client().close()
    forms = [results_of(request) for request in served.requests]
    whole, reference = forms[3]
    assert OUTPUTS[1] in restored(whole)
    assert len(reference) < len(whole) / 2
    assert forms[4] == [whole]
    assert forms[5][0] == whole
    assert "earlier call" in reference
    assert "earlier call" in forms[5][1]


def test_streams_tell_of_it_in_the_events_of_agno():
    with scripted_model(len(OUTPUTS)) as served:
        manager = HeadroomCompressionManager()
        agent, _ = agent_of(model_of(served.url, "chat", "stream", layers=1), Script(), manager)
        events = list(agent.run("Which?", stream=True, stream_events=True))
        agent.model.get_client().close()
    assert manager.stats["tool_results_compressed"] == len(OUTPUTS)
    assert manager.stats["original_size"] == sum(map(len, OUTPUTS)) > manager.stats["compressed_size"] > 0
    told = [event.compression_stats for event in events if hasattr(event, "compression_stats")]
    assert all(stats == manager.stats for stats in told[-1:])
    stats = manager.get_stats()
    assert stats["requests"] == len(OUTPUTS)
    assert stats["tokens_saved"] > 0 == stats["failures"]
    manager.close()


def test_copies_of_an_agent_share_the_manager():
    manager = HeadroomCompressionManager()
    with scripted_model(len(OUTPUTS)) as served:
        agent, _ = agent_of(model_of(served.url, "chat", "sync", layers=1), Script(), manager)
        assert ran(agent.deep_copy(), "Which?", "sync")
        agent.model.get_client().close()
    assert manager.get_stats()["tokens_saved"] > 0


def test_a_team_takes_it_too():
    with scripted_model(len(OUTPUTS)) as served:
        manager, model = HeadroomCompressionManager(), model_of(served.url, "chat", "sync", layers=1)

        def look_up(number: int) -> str:
            """Return the records of a day."""
            return OUTPUTS[number]

        team = Team(members=[Agent(name="idle", model=model)], model=model, tools=[look_up])
        team.compression_manager = manager
        answer = team.run("Which?")
        model.get_client().close()
    whole = [message.content for message in answer.messages if message.role == "tool"]
    assert whole == list(OUTPUTS)
    for text, output in zip(results_of(served.requests[-1]), OUTPUTS, strict=True):
        assert len(text) < len(output)
        assert any(same_value(one, output) for one in restored(text))


def test_what_is_left_out_comes_back_through_the_tool():
    manager = HeadroomCompressionManager(RETRIEVING, retrieval=True)
    messages = conversation(LONG)
    manager.compress(messages)
    handle = messages[-1].compressed_content.rpartition("hash=")[2].rstrip("]")
    tool = manager.retrieve_tool
    assert tool.entrypoint(hash=handle) == LONG
    assert "no hash" in tool.entrypoint()
    assert manager.get_stats()["retrievals"] == 1


def test_an_agent_can_have_the_tool_and_the_model_is_told_of_it():
    manager = HeadroomCompressionManager(RETRIEVING, retrieval=True)
    with scripted_model(1) as served:
        agent, _ = agent_of(model_of(served.url, "chat", "sync", layers=1), Script((LONG,)), manager)
        agent.add_tool(manager.retrieve_tool)
        ran(agent, "What went wrong?", "sync")
        agent.model.get_client().close()
    first, last = served.requests
    assert first["tools"] == last["tools"]
    assert "headroom_retrieve" in {tool["function"]["name"] for tool in last["tools"]}
    assert "headroom_retrieve hash=" in results_of(last)[0]


def test_without_retrieval_nothing_can_be_asked_for():
    with pytest.raises(ConfigError):
        HeadroomCompressionManager().retrieve_tool.entrypoint(hash="0" * 24)
