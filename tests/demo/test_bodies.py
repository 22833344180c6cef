"""What may differ between a body that was sent and the one that arrived."""

import json

import pytest
from demo.material import MADE

from headroom.blocks import Edit
from headroom.ccr.tool import definition, insertion
from headroom.demo.bodies import payload_of, same_outside, tool_texts, without_tool
from headroom.demo.conversations import fixing, surveying
from headroom.wire.splice import splice


@pytest.fixture(params=[fixing, surveying], ids=["openai", "anthropic"])
def talk(request):
    return request.param(MADE)


def with_tool(body, wire):
    return splice(body, [insertion(payload_of(body), wire)])


def test_a_change_inside_a_tool_output_is_allowed_and_nothing_else(talk):
    sent = talk.body(2, stream=False)
    first = next(iter(tool_texts(payload_of(sent), talk.wire)))
    shorter = splice(sent, [Edit(first, "gone")])
    assert shorter != sent
    assert same_outside(sent, shorter, talk.wire)
    assert not same_outside(sent, shorter.replace(b'"user"', b'"user" ', 1), talk.wire)
    assert not same_outside(sent, sent.replace(b"false", b"true"), talk.wire)
    assert not same_outside(sent, talk.body(1, stream=False), talk.wire)


def test_the_tool_behind_the_others_is_allowed_and_is_cut_out_whole(talk):
    sent = talk.body(2, stream=False)
    arrived = with_tool(sent, talk.wire)
    body, tool = without_tool(arrived)
    assert body == sent
    assert json.loads(tool) == definition(talk.wire)
    assert same_outside(sent, arrived, talk.wire)


def test_another_tool_is_not_allowed(talk):
    sent = talk.body(2, stream=False)
    other = with_tool(sent, talk.wire).replace(b"headroom_retrieve", b"headroom_receive")
    assert without_tool(other) == (other, b"")
    assert not same_outside(sent, other, talk.wire)


def test_the_tool_in_front_of_the_others_is_not_allowed(talk):
    sent = talk.body(2, stream=False)
    tools = [definition(talk.wire), *payload_of(sent)["tools"]]
    other = splice(sent, [Edit(("tools",), tools)])
    assert not same_outside(sent, other, talk.wire)


def test_the_tool_is_not_allowed_where_there_are_no_tools(talk):
    sent = talk.body(2, stream=False, with_tools=False)
    begun = {**payload_of(sent), "tools": [definition(talk.wire)]}
    other = json.dumps(begun).encode()
    assert without_tool(sent) == (sent, b"")
    assert without_tool(other) == (other, b"")
    assert not same_outside(sent, other, talk.wire)
