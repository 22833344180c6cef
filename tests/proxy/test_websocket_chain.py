"""What a socket's requests build on: completed for those who read them, byte for byte as they came when they are sent."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.blocks import Decision, Outcome, Reason
from headroom.ccr.answers.openai_responses import ELSEWHERE
from headroom.errors import BodyError
from headroom.proxy.websocket_chain import Chain
from headroom.proxy.websocket_frames import event_in
from headroom.proxy.websocket_requests import Completed

SPACES = st.text(" \t\r\n", max_size=3)


def done(call="c0", **also):
    item = {"type": "function_call", "call_id": call, "name": "ls", "arguments": "{}", **also}
    return event_in(json.dumps({"type": "response.output_item.done", "item": item}).encode())


def chain_with(*calls):
    chain = Chain()
    for call in calls:
        chain.called(done(call))
    return chain


def body(*outputs, **also):
    items = [{"type": "function_call_output", "call_id": call, "output": "x"} for call in outputs]
    return json.dumps({"previous_response_id": "r1", "input": items, **also}).encode()


def types_in(body):
    return [item["type"] for item in json.loads(body)["input"]]


def test_the_calls_that_a_request_answers_stand_at_the_front_of_its_input():
    completed = chain_with("c0", "c1", "c2").completed(body("c2", "c0"))
    assert completed.added == 2
    assert [(item["type"], item["call_id"]) for item in json.loads(completed.body)["input"]] == [
        ("function_call", "c2"),
        ("function_call", "c0"),
        ("function_call_output", "c2"),
        ("function_call_output", "c0"),
    ]


@given(spaces=st.lists(SPACES, min_size=8, max_size=8), outputs=st.lists(st.sampled_from("abcd"), max_size=4))
def test_taking_the_calls_out_again_gives_the_very_bytes_that_came(spaces, outputs):
    a, b, c, d, e, f, g, h = (space.encode() for space in spaces)
    items = [b'{"type":"function_call_output","output":"\\u00e9, ]","call_id":"%s"}' % one.encode() for one in outputs]
    listed = (e + b"," + f).join(items)
    came = a + b'{"x":1.0,' + b + b'"input"' + c + b":[" + d + listed + g + b'],"previous_response_id":"r"}' + h
    chain = chain_with("a", "b")
    chain.asked("What? ],", "r")
    completed = chain.completed(came)
    assert completed.added == len({"a", "b"} & set(outputs)) + bool(outputs)
    assert completed.taken_out(completed.body) == came


@pytest.mark.parametrize(
    "came",
    [
        body("c0", previous_response_id=None),
        body("c9"),
        b"no json",
        b"[]",
        b'{"previous_response_id": "r1"}',
        b'{"previous_response_id": "r1", "input": "Hm."}',
        b'{"previous_response_id": "r1", "input": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"previous_response_id": "r1", "input": [null, 3, {"type": 4, "call_id": "c0"}]}',
        b'{"previous_response_id": "r1", "input": [{"type": "function_call_output", "call_id": ["c0"]}]}',
        b'{"previous_response_id": "r1", "input": [{"type": "function_call", "call_id": "c0"},'
        b' {"type": "function_call_output", "call_id": "c0"}]}',
    ],
    ids=lambda came: came.decode()[:60],
)
def test_a_request_that_says_all_or_answers_nothing_stays_as_it_is(came):
    assert chain_with("c0").completed(came) == Completed(came, question="Hm." if b"Hm." in came else "")
    assert chain_with("c0").to_send(came) == came


def test_in_a_conversation_that_the_provider_keeps_calls_are_completed_too():
    came = body("c0", previous_response_id=None, conversation="conv")
    assert types_in(chain_with("c0").completed(came).body) == ["function_call", "function_call_output"]


def test_of_a_very_long_call_the_name_alone_is_kept():
    chain = Chain()
    chain.called(done(arguments=json.dumps({"text": "x" * 100_000})))
    call = json.loads(chain.completed(body("c0")).body)["input"][0]
    assert call == {"type": "function_call", "call_id": "c0", "name": "ls"}


def test_calls_of_ours_and_other_items_are_not_kept():
    chain = Chain()
    chain.called(done(name="headroom_retrieve"))
    chain.called(done(type="web_search_call"))
    assert chain.completed(body("c0")) == Completed(body("c0"))


def test_only_the_newest_calls_are_kept():
    chain = chain_with(*(f"c{n}" for n in range(2_000)))
    assert chain.completed(body("c0")).added == 0
    assert chain.completed(body("c1999")).added == 1


def test_what_a_response_has_left_open_is_closed_once():
    chain = Chain()
    chain.left_open("r1", ["ask_1", "ask_2"])
    sent = chain.to_send(body("c0", "ask_2"))
    assert json.loads(sent)["input"][-1] == {
        "type": "function_call_output",
        "call_id": "ask_1",
        "output": ELSEWHERE,
    }
    assert chain.to_send(sent) == sent
    assert chain.to_send(body("c0", previous_response_id="r2")) == body("c0", previous_response_id="r2")


def test_results_come_before_what_the_user_says():
    chain = Chain()
    chain.left_open("r1", ["ask_1"])
    sent = json.loads(chain.to_send(b'{"previous_response_id": "r1", "input": "Go on."}'))
    assert [item.get("call_id") or item["content"] for item in sent["input"]] == ["ask_1", "Go on."]


def test_a_request_goes_on_from_where_the_answer_has_ended():
    chain = Chain()
    chain.goes_by("r1", "r1")
    assert chain.to_send(body("c0")) == body("c0")
    chain.goes_by("r1", "r2")
    chain.goes_by("r1", "r3")
    assert chain.to_send(body("c0")) == body("c0").replace(b'"r1"', b'"r3"')


def test_a_follow_up_needs_a_request():
    with pytest.raises(BodyError):
        Chain().follow_up(b"no json", "r1")


def test_a_provider_that_gives_no_ids_is_told_all_again():
    assert Chain().follow_up(body("ask_1"), "") == body("ask_1")


def test_a_follow_up_leaves_all_but_the_input_as_it_is_spelled():
    chain = Chain()
    chain.left_open("r1", ["ask_1"])
    came = b'{"model":"gpt-5", "temperature":1.00, "n":100000000000000000000, "input":[{"type":"function_call_output","call_id":"c0","output":""},{"type":"function_call_output","call_id":"ask_1","output":"here"}]}'
    assert chain.follow_up(came, "r1") == (
        b'{"model":"gpt-5","temperature":1.00,"n":100000000000000000000,'
        b'"input":[{"type":"function_call_output","call_id":"ask_1","output":"here"}],"previous_response_id":"r1"}'
    )


def test_the_client_is_not_told_that_calls_of_ours_wait():
    chain = Chain()
    chain.left_open("r1", ["ask_1"])
    stub = {"type": "function_call_output", "call_id": "ask_1"}
    theirs = {"type": "function_call_output", "call_id": "c0"}
    assert chain.without_ours(json.dumps({"required_input": [stub]}).encode()) is None
    mixed = chain.without_ours(json.dumps({"required_input": [stub, theirs]}).encode())
    assert json.loads(mixed) == {"required_input": [theirs]}
    for other in ({"required_input": [theirs]}, {"required_input": []}, {"required_input": 3}, {}):
        assert json.loads(chain.without_ours(json.dumps(other).encode())) == other


@pytest.mark.parametrize(
    ("given", "question"),
    [
        ("Why?", "Why?"),
        ("x" * 9_000, "x" * 2_000),
        ([{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}], "Why?"),
        ([{"role": "user", "content": "Why?"}, {"role": "user", "content": " "}], "Why?"),
        ([{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Why?"}]}], "Why?"),
        ([{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}], ""),
        ([{"role": "system", "content": "Be kind."}, None, 3, {"role": ["user"]}], ""),
        (None, ""),
    ],
    ids=str,
)
def test_what_the_user_asked_last_is_known_to_the_requests_that_go_on_from_there(given, question):
    chain = Chain()
    first = chain.completed(json.dumps({"input": given}).encode())
    assert first.question == question
    chain.asked(first.question, "r1")
    second = chain.completed(body("c0"))
    assert second.question == question
    front = [{"role": "user", "content": question}] if question else []
    assert json.loads(second.body)["input"] == [*front, *json.loads(body("c0"))["input"]]
    own = chain.completed(b'{"previous_response_id":"r1","input":[{"role":"user","content":"And now?"}]}')
    assert (own.question, own.added) == ("And now?", 0)


def test_decisions_are_told_as_of_the_request_that_came():
    decisions = [
        Decision(("instructions",), Reason.SYSTEM, 5, 5),
        Decision(("input", 0, "content"), Reason.USER, 7, 7),
        Decision(("input", 2, "output"), Reason.COMPRESSED, 100, 10),
    ]
    outcome = Outcome(b"", tuple(decisions), note="x")
    told = Completed(b"", added=2).as_sent(outcome)
    assert [one.path for one in told.decisions] == [("instructions",), ("input", 0, "output")]
    assert (told.tokens_before, told.tokens_after, told.note) == (105, 15, "x")
    assert Completed(b"").as_sent(outcome) is outcome
    assert Completed(b"", added=2).as_sent(None) is None
