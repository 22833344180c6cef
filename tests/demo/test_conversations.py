"""Conversations are well formed in their wire, and every turn begins with the bytes of the one before."""

import json

import pytest
from demo.material import MADE

from headroom.demo.bodies import history, payload_of, same_outside, tool_texts
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


def test_a_change_inside_a_tool_output_is_allowed_and_nothing_else(talk):
    sent = talk.body(2, stream=False)
    spelled = json.dumps(MADE["packages"].text if talk.wire == "anthropic" else MADE["test run"].text)
    if talk.wire == "openai-chat":
        spelled = spelled.encode().decode("unicode_escape").replace("\n", "\\n")
    assert spelled.encode() in sent
    shorter = sent.replace(spelled.encode(), b'"gone"')
    assert same_outside(sent, shorter, talk.wire)
    assert not same_outside(sent, shorter.replace(b'"user"', b'"user" ', 1), talk.wire)
    assert not same_outside(sent, sent.replace(b"false", b"true"), talk.wire)
    assert not same_outside(sent, talk.body(1, stream=False), talk.wire)
