"""Whole answers: what they ask of us, how the conversation goes on, what the client sees of them."""

import json

import pytest
from ccr.reading import read_whole
from ccr.scripts import HANDLE, ORIGINAL, THEIRS, USAGE_KEY, WIRES, Call, Thought, request, said, usage, whole

from headroom.ccr.answers import ANSWERS
from headroom.ccr.usage import summed
from headroom.errors import BodyError

OTHER = Call("call_b", THEIRS, '{"all": true}')
ASKING = {
    "openai-chat": said("Let me see.", Call("ask_a")),
    "openai-responses": said(Thought(), "Let me see.", Call("ask_a")),
    "anthropic": said(Thought(), "Let me see.", Call("ask_a")),
    "gemini": said("Let me see.", Call("ask_a")),
}
each_wire = pytest.mark.parametrize("wire", WIRES)


def turn_of(wire, answer):
    return ANSWERS[wire].turn(whole(wire, answer))


@each_wire
def test_an_answer_that_calls_only_us_waits_for_us(wire):
    turn = turn_of(wire, ASKING[wire])
    (call,) = turn.ours
    assert call.id == "ask_a"
    assert json.loads(call.arguments) == {"hash": HANDLE}
    assert turn.waits_for_us
    assert turn.usage == usage(wire, 1)


@each_wire
def test_our_name_may_be_spelled_with_escapes(wire):
    escaped = whole(wire, ASKING[wire]).replace(b"headroom_retrieve", b"headroom\\u005fretrieve")
    turn = ANSWERS[wire].turn(escaped)
    assert [call.id for call in turn.ours] == ["ask_a"]
    assert b"headroom" not in ANSWERS[wire].final(escaped, [])


@each_wire
def test_an_answer_without_our_call_is_none_of_ours(wire):
    assert turn_of(wire, said("All is well.")) is None
    assert turn_of(wire, said("headroom_retrieve would help.", OTHER)) is None
    answer = whole(wire, said("headroom_retrieve would help.", OTHER))
    assert ANSWERS[wire].final(answer, []) is answer


@each_wire
def test_an_answer_that_was_cut_off_waits_for_nobody(wire):
    turn = turn_of(wire, said("Let me see.", Call("ask_a"), is_cut=True))
    assert turn.ours
    assert not turn.waits_for_us


@each_wire
def test_an_answer_that_also_calls_the_client_waits_for_the_client(wire):
    turn = turn_of(wire, said(Call("ask_a"), OTHER))
    assert turn.theirs == ("call_b",)
    assert turn.whole
    assert not turn.waits_for_us


@each_wire
@pytest.mark.parametrize(
    "answer",
    [b"", b"[]", b"{", b'{"headroom_retrieve": 1}', b'{"content": "headroom_retrieve"}', b"\xff headroom_retrieve"],
)
def test_what_is_no_answer_is_none_of_ours(wire, answer):
    assert ANSWERS[wire].turn(answer) is None


@pytest.mark.parametrize(("wire", "key"), [("openai-chat", "choices"), ("gemini", "candidates")])
def test_several_choices_are_none_of_ours_and_stay(wire, key):
    answer = json.loads(whole(wire, ASKING[wire]))
    answer[key] *= 2
    spelled = json.dumps(answer).encode()
    assert ANSWERS[wire].turn(spelled) is None
    assert ANSWERS[wire].final(spelled, []) is spelled


# ---- the next request

EXPECTED = {
    "openai-chat": (b'{"role":"tool","tool_call_id":"ask_a","content":', b"}"),
    "openai-responses": (b'{"type":"function_call_output","call_id":"ask_a","output":', b"}"),
    "anthropic": (b'{"role":"user","content":[{"type":"tool_result","tool_use_id":"ask_a","content":', b"}]}"),
    "gemini": (
        b'{"role":"user","parts":[{"functionResponse":{"id":"ask_a","name":"headroom_retrieve","response":{"output":',
        b"}}}]}",
    ),
}
SAID = {
    "openai-chat": (b'"message": ', b',\n   "logprobs"', b"%s"),
    "anthropic": (b'"content": [\n', b'\n ],\n "stop_reason"', b'{"role":"assistant","content":[%s]}'),
    "gemini": (b'"content": ', b',\n   "index"', b"%s"),
}


def between(text, start, end):
    return text.split(start, 1)[1].split(end, 1)[0]


@each_wire
def test_the_conversation_goes_on_with_what_was_said_and_the_result_and_every_other_byte_stands(wire):
    sent, turn = request(wire), turn_of(wire, ASKING[wire])
    body = ANSWERS[wire].follow_up(sent, turn, [ORIGINAL])
    before, behind = EXPECTED[wire]
    place = sent.rindex(b"]", 0, sent.index(b"l\\u006fok") + 20)
    assert body.startswith(sent[:place] + b",")
    assert body.endswith(behind + sent[place:])
    added = body[place + 1 : len(body) - len(sent) + place]
    result = added[added.rindex(before) :].removeprefix(before).removesuffix(behind)
    assert json.loads(result) == ORIGINAL


@pytest.mark.parametrize("wire", SAID)
def test_what_was_said_goes_up_in_the_very_bytes_of_the_answer(wire):
    answer = whole(wire, ASKING[wire])
    start, end, form = SAID[wire]
    body = ANSWERS[wire].follow_up(request(wire), ANSWERS[wire].turn(answer), ["text"])
    spelled = between(answer, start, end)
    if wire == "anthropic":
        blocks = [block.strip() for block in spelled.replace(b"\n  },\n", b"\n  }\x00").split(b"\x00")]
        spelled = b",".join(blocks)
    assert form % spelled in body


def test_output_items_of_a_response_go_up_in_the_very_bytes_of_the_answer():
    answer = whole("openai-responses", ASKING["openai-responses"])
    body = ANSWERS["openai-responses"].follow_up(
        request("openai-responses"), turn_of("openai-responses", ASKING["openai-responses"]), ["text"]
    )
    items = between(answer, b'"output": [\n', b'\n ],\n "parallel').replace(b"\n  },\n", b"\n  }\x00").split(b"\x00")
    assert len(items) == 3
    assert b",".join(item.strip() for item in items) in body


@each_wire
def test_several_calls_get_their_results_in_order(wire):
    turn = turn_of(wire, said(Call("ask_a"), Call("ask_c")))
    body = ANSWERS[wire].follow_up(request(wire), turn, ["one", "two"])
    places = [body.rindex(b"ask_a"), body.index(b'"one"'), body.rindex(b"ask_c"), body.index(b'"two"')]
    assert places == sorted(places)
    json.loads(body)


@each_wire
def test_lone_surrogates_go_up_as_escapes(wire):
    body = ANSWERS[wire].follow_up(request(wire), turn_of(wire, ASKING[wire]), ["a \ud800 b"])
    assert b'"a \\ud800 b"' in body


@each_wire
def test_a_request_without_a_conversation_cannot_go_on(wire):
    for sent in (b"{}", b'{"messages": 1, "input": 1, "contents": {}}'):
        with pytest.raises(BodyError):
            ANSWERS[wire].follow_up(sent, turn_of(wire, ASKING[wire]), ["text"])


def responses_input(**also):
    body = request("openai-responses", **also)
    return json.loads(
        ANSWERS["openai-responses"].follow_up(body, turn_of("openai-responses", ASKING["openai-responses"]), ["text"])
    )


def test_an_input_that_is_a_text_becomes_a_message():
    sent = b'{"input": "Which?", "store": false}'
    body = json.loads(
        ANSWERS["openai-responses"].follow_up(sent, turn_of("openai-responses", ASKING["openai-responses"]), ["text"])
    )
    assert body["input"][0] == {"role": "user", "content": "Which?"}
    assert [item.get("type") for item in body["input"]] == [
        None,
        "reasoning",
        "message",
        "function_call",
        "function_call_output",
    ]


def test_a_request_that_continues_a_response_goes_on_from_the_same_one():
    body = responses_input(previous_response_id="resp_0", store=True)
    assert body["previous_response_id"] == "resp_0"
    assert len(body["input"]) == 5


def test_a_conversation_that_the_provider_keeps_gets_only_the_result():
    body = responses_input(conversation="conv_1")
    assert [item["type"] for item in body["input"]] == ["function_call_output"]


@pytest.mark.parametrize(
    ("store", "types"),
    [
        (False, ["function_call", "function_call_output"]),
        (True, ["reasoning", "function_call", "function_call_output"]),
    ],
)
def test_reasoning_that_nobody_keeps_is_not_sent_back(store, types):
    turn = turn_of("openai-responses", said(Thought(signature=""), Call("ask_a")))
    body = json.loads(ANSWERS["openai-responses"].follow_up(request("openai-responses", store=store), turn, ["text"]))
    assert [item.get("type") for item in body["input"][1:]] == types


def test_empty_texts_are_not_sent_back_to_an_api_that_refuses_them():
    turn = turn_of("anthropic", said(Thought(), "", Call("ask_a")))
    body = json.loads(ANSWERS["anthropic"].follow_up(request("anthropic"), turn, ["text"]))
    assert [block["type"] for block in body["messages"][1]["content"]] == ["thinking", "tool_use"]


# ---- what the client sees


@each_wire
def test_the_client_sees_its_own_calls_and_everything_else_as_it_came(wire):
    answer = whole(wire, said("Let me see.", Call("ask_a"), OTHER))
    alone = whole(wire, said("Let me see.", OTHER))
    seen = ANSWERS[wire].final(answer, [])
    assert read_whole(wire, seen) == read_whole(wire, alone)
    assert json.loads(seen.replace(b"fc_1_2", b"fc_1_1")) == json.loads(alone)


@each_wire
def test_usage_is_that_of_all_rounds_and_nothing_else_changes(wire):
    answer = whole(wire, said("It is late.", number=4))
    seen = ANSWERS[wire].final(answer, [usage(wire, 1), usage(wire, 2)])
    key = USAGE_KEY.get(wire, "usage")
    assert json.loads(seen) == {**json.loads(answer), key: usage(wire, 7)}
    assert json.loads(answer)[key] == usage(wire, 4)
    assert seen.startswith(answer[: answer.index(f'"{key}"'.encode())])


@each_wire
def test_an_answer_that_keeps_asking_ends_by_itself(wire):
    seen = read_whole(wire, ANSWERS[wire].final(whole(wire, said("Hm.", Call("ask_a"))), []))
    assert seen["parts"] == [("text", "Hm.")]
    assert seen["stop"] == {"anthropic": "end_turn", "openai-chat": "stop", "gemini": "STOP"}.get(wire, "completed")


@each_wire
def test_an_answer_that_was_cut_off_says_so(wire):
    answer = said("Hm.", Call("ask_a"), is_cut=True)
    seen = read_whole(wire, ANSWERS[wire].final(whole(wire, answer), []))
    assert seen["parts"] == [("text", "Hm.")]
    assert seen["stop"] == read_whole(wire, whole(wire, answer))["stop"]


@pytest.mark.parametrize(
    ("parts", "left"),
    [
        ((Thought(), Call("a"), OTHER), ["thought", "call"]),
        ((OTHER, Thought(), Call("a")), ["call"]),
        ((Thought(), Thought(), Call("a"), Call("c")), []),
        ((Thought(), "Hm.", Call("a")), ["thought", "text"]),
        ((Thought(), Call("a"), Thought(), "Hm."), ["thought", "text"]),
    ],
)
def test_reasoning_that_led_to_our_call_alone_is_not_shown_for_the_api_takes_none_alone(parts, left):
    seen = read_whole(
        "openai-responses", ANSWERS["openai-responses"].final(whole("openai-responses", said(*parts)), [])
    )
    assert [part[0] for part in seen["parts"]] == left


def test_calls_that_the_provider_has_answered_do_not_wait_for_the_client():
    answer = json.loads(whole("openai-responses", said(Call("ask_a"))))
    answer["output"] += [
        {"type": "web_search_call", "id": "ws_1"},
        {"type": "shell_call", "call_id": "sh_1"},
        {"type": "shell_call_output", "call_id": "sh_1"},
    ]
    assert ANSWERS["openai-responses"].turn(json.dumps(answer).encode()).waits_for_us
    answer["output"] += [
        {"type": "mcp_approval_request", "id": "mcpr_1"},
        {"type": "custom_tool_call", "call_id": "ct_1"},
    ]
    assert ANSWERS["openai-responses"].turn(json.dumps(answer).encode()).theirs == ("mcpr_1", "ct_1")


# ---- sums


def test_sums_add_numbers_at_every_level_and_keep_what_is_no_number():
    assert summed([{"a": 1, "b": {"c": 2, "d": None}, "t": "x"}, {"b": {"c": 3, "e": 0.5}, "t": "y", "f": True}]) == {
        "a": 1,
        "b": {"c": 5, "d": None, "e": 0.5},
        "t": "y",
        "f": True,
    }


def test_counts_by_modality_are_added_and_other_lists_joined():
    one = {"l": [{"modality": "TEXT", "tokenCount": 1}], "i": [{"x": 1}]}
    two = {"l": [{"modality": "TEXT", "tokenCount": 2}, {"modality": "IMAGE", "tokenCount": 5}], "i": [{"x": 2}]}
    assert summed([one, two]) == {
        "l": [{"modality": "TEXT", "tokenCount": 3}, {"modality": "IMAGE", "tokenCount": 5}],
        "i": [{"x": 1}, {"x": 2}],
    }
    assert summed([{"l": [1, {"modality": "T"}]}, {"l": [2]}]) == {"l": [1, {"modality": "T"}, 2]}
