"""What only one wire's streams have."""

import json

import pytest
from ccr.scripts import Call, said, stream
from ccr.weaving import woven


def chat_play(*chunks):
    one = woven("openai-chat")
    out = b"".join(one.feed(f"data: {json.dumps({'id': 'c', **chunk})}\n\n".encode()) for chunk in chunks)
    return one, out


def delta(value, finish=None, **also):
    return {"choices": [{"index": 0, "delta": value, "finish_reason": finish}], **also}


def entry(index, name="", identifier=None, arguments=""):
    return {"index": index, "id": identifier, "function": {"name": name, "arguments": arguments}}


def test_chat_content_in_the_chunks_that_hold_our_call_or_the_end_reaches_the_client():
    ours = entry(0, "headroom_retrieve", "a", '{"hash"')
    one, out = chat_play(
        delta({"role": "assistant", "content": "x", "tool_calls": [ours]}),
        delta({"content": "y", "tool_calls": [entry(0, arguments=': "1"}')]}, "tool_calls", usage={"total_tokens": 3}),
    )
    turn = one.end()
    assert json.loads(turn.said[0])["content"] == "xy"
    assert turn.ours[0].arguments == '{"hash": "1"}'
    out += one.go_on()
    chunks = [json.loads(event.removeprefix(b"data: ")) for event in out.split(b"\n\n") if event]
    assert [chunk["choices"][0] for chunk in chunks] == [
        {"index": 0, "delta": {"role": "assistant", "content": "x"}, "finish_reason": None},
        {"index": 0, "delta": {"content": "y"}, "finish_reason": None},
    ]
    assert [chunk.get("usage") for chunk in chunks] == [None, None]


def test_chat_calls_that_all_have_one_index_are_told_apart_by_their_ids():
    one, _ = chat_play(
        delta({"tool_calls": [entry(0, "headroom_retrieve", "a", "{}")]}),
        delta({"tool_calls": [entry(0, "look", "b", "{}")]}),
        delta({}, "stop"),
    )
    turn = one.end()
    assert ([call.id for call in turn.ours], turn.theirs) == (["a"], ("b",))


def test_chat_keys_that_are_not_of_the_api_go_back_up():
    one, _ = chat_play(
        delta({"reasoning": "a", "reasoning_details": [{"type": "x", "index": 0}]}),
        delta({"reasoning": "b", "reasoning_details": [{"type": "y", "index": 0}], "audio": {"id": "z"}}),
        delta({"tool_calls": [{**entry(0, "headroom_retrieve", "a", "{}"), "extra_content": {"google": {"s": "1"}}}]}),
        delta({}, "tool_calls"),
    )
    message = json.loads(one.end().said[0])
    assert message["reasoning"] == "ab"
    assert message["reasoning_details"] == [{"type": "x", "index": 0}, {"type": "y", "index": 0}]
    assert message["audio"] == {"id": "z"}
    assert message["tool_calls"][0]["extra_content"] == {"google": {"s": "1"}}


def test_chat_usage_that_grows_with_every_chunk_has_that_of_earlier_rounds_added():
    one, _ = chat_play(
        delta({"tool_calls": [entry(0, "headroom_retrieve", "a", "{}")]}), delta({}, "stop", usage={"n": 5})
    )
    one.end()
    one.go_on()
    out = one.feed(f"data: {json.dumps(delta({'content': 'x'}, usage={'n': 1}))}\n\n".encode())
    assert json.loads(out.removeprefix(b"data: "))["usage"] == {"n": 6}


def test_chat_usage_is_never_invented():
    one, out = chat_play(delta({"tool_calls": [entry(0, "headroom_retrieve", "a", "{}")]}), delta({}, "stop"))
    one.end()
    out += one.go_on()
    out += one.feed(f"data: {json.dumps(delta({'content': 'x'}))}\n\n".encode())
    one.end()
    assert b"usage" not in out + one.finish()


def test_a_response_says_under_which_name_the_provider_knows_it():
    one = woven("openai-responses")
    one.feed(b"".join(stream("openai-responses", said(Call("ask_a")))))
    assert one.renamed is None
    one.end()
    one.go_on()
    one.feed(b"".join(stream("openai-responses", said("Done.", number=2))))
    assert one.renamed == ("resp_1", "resp_2")


def test_a_response_that_is_completed_without_items_stays_so():
    one = woven("openai-responses")
    events = stream("openai-responses", said("Hm.", Call("ask_a")))
    one.feed(b"".join(events))
    assert one.end().waits_for_us
    one.go_on()
    *events, last = stream("openai-responses", said("Done.", number=2))
    closing = json.loads(last.split(b"data: ")[1])
    closing["response"]["output"] = []
    one.feed(b"".join(events) + f"event: response.completed\ndata: {json.dumps(closing)}\n\n".encode())
    one.end()
    assert json.loads(one.finish().split(b"data: ")[1])["response"]["output"] == []


def test_blocks_without_deltas_and_with_citations_go_back_up_as_they_came():
    events = [
        {"type": "message_start", "message": {"usage": {}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "redacted_thinking", "data": "x\u00e9"}},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": "", "citations": []}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "citations_delta", "citation": {"n": 1}}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "t"}},
        {
            "type": "content_block_start",
            "index": 2,
            "content_block": {"type": "tool_use", "id": "a", "name": "headroom_retrieve", "input": {}},
        },
        {
            "type": "content_block_delta",
            "index": 2,
            "delta": {"type": "input_json_delta", "partial_json": '{"hash":  "1"}'},
        },
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
    ]
    one = woven("anthropic")
    for event in events:
        one.feed(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
    (spelled,) = one.end().said
    assert rb'{"type": "redacted_thinking", "data": "x\u00e9"}' in spelled
    assert b'"input":{"hash":  "1"}' in spelled
    assert json.loads(spelled)["content"][1] == {"type": "text", "text": "t", "citations": [{"n": 1}]}


def anthropic_round(*events, usage=None):
    one = woven("anthropic")
    ours = {"type": "tool_use", "id": "a", "name": "headroom_retrieve", "input": {}}
    events = [
        {"type": "message_start", "message": {"usage": {"input_tokens": 5, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *events,
        {"type": "content_block_start", "index": 1, "content_block": ours},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": usage or {}},
    ]
    return one, b"".join(one.feed(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode()) for e in events)


def test_usage_that_is_null_takes_nothing_away():
    one, _ = anthropic_round(usage={"input_tokens": None, "output_tokens": 3})
    assert one.end().usage == {"input_tokens": 5, "output_tokens": 3}


@pytest.mark.parametrize("delta", [{"type": "text_delta", "text": "\ud83d"}, {"type": "dream_delta", "dream": "x"}])
def test_what_cannot_be_sent_back_as_it_came_is_not_continued_but_passes(delta):
    event = {"type": "content_block_delta", "index": 0, "delta": delta}
    one, out = anthropic_round(event)
    assert json.dumps(event).encode() in out
    turn = one.end()
    assert turn.ours
    assert not turn.waits_for_us
    assert b'"stop_reason":"end_turn"' in one.finish().replace(b" ", b"")


def test_an_answer_over_the_cap_is_not_continued(monkeypatch):
    monkeypatch.setattr("headroom.ccr.streams.base.MAX_TURN_BYTES", 500)
    one, _ = anthropic_round(
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x" * 60}}
    )
    assert not one.end().waits_for_us


def test_where_nothing_was_asked_up_to_the_cap_the_rest_is_not_looked_at(monkeypatch):
    monkeypatch.setattr("headroom.ccr.streams.base.MAX_TURN_BYTES", 100)
    _, out = anthropic_round()
    assert b"headroom_retrieve" in out
