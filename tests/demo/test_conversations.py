"""Conversations are well formed in their wire, and every turn begins with the bytes of the one before."""

import pytest
from demo.material import MADE

from headroom.demo.bodies import history, payload_of, tool_texts
from headroom.demo.conversations import fixing, surveying
from headroom.providers import recognise


@pytest.fixture(params=[fixing, surveying], ids=["openai", "anthropic"])
def talk(request):
    return request.param(MADE)


def test_a_conversation_has_eight_to_ten_turns_and_is_recognised(talk):
    assert 8 <= len(talk.steps) <= 10
    assert recognise(payload_of(talk.body(3, stream=False))).name == talk.wire


def test_every_tool_output_answers_a_call_made_before_it(talk):
    called, answered = [], []
    for message in payload_of(talk.body(len(talk.steps), stream=True))["messages"]:
        parts = message["content"] if isinstance(message["content"], list) else []
        called += [call["id"] for call in message.get("tool_calls", ())]
        called += [part["id"] for part in parts if part["type"] == "tool_use"]
        outputs = [message["tool_call_id"]] if message["role"] == "tool" else []
        outputs += [part["tool_use_id"] for part in parts if part["type"] == "tool_result"]
        assert set(outputs) <= set(called)
        answered += outputs
    assert called == answered
    assert len(set(called)) == len(called) == len(talk.outputs())


def test_the_outputs_stand_in_the_body_in_order(talk):
    payload = payload_of(talk.body(len(talk.steps), stream=False))
    assert list(tool_texts(payload, talk.wire).values()) == [output.text for _, output in talk.outputs()]


def test_every_called_tool_is_offered(talk):
    payload = payload_of(talk.body(1, stream=False))
    offered = {tool.get("name") or tool["function"]["name"] for tool in payload["tools"]}
    assert offered == {output.tool for _, output in talk.outputs()}


def test_every_turn_begins_with_the_history_of_the_one_before(talk):
    for turn in range(1, len(talk.steps)):
        now, later = talk.body(turn, stream=turn % 2 == 0), talk.body(turn + 1, stream=turn % 2 == 1)
        assert later.startswith(history(now))
        assert len(history(now)) > 0.5 * len(now)


def test_the_tools_can_be_left_away_and_nothing_else_changes(talk):
    with_tools, without = (payload_of(talk.body(2, stream=False, with_tools=given)) for given in (True, False))
    assert with_tools.pop("tools")
    assert with_tools == without


def test_a_question_follows_the_last_turn(talk):
    asked = talk.question("Why?", stream=True)
    assert asked.startswith(history(talk.body(talk.turns, stream=True)))
    assert payload_of(asked)["messages"][-1] == {"role": "user", "content": "Why?"}
