"""Frames of a Responses socket: what is a request, what is the end of an answer, and events that survive a stream."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.proxy.websocket_frames import as_server_sent, error_frame, event_in, from_server_sent, request_in


@pytest.mark.parametrize(
    ("frame", "body", "lane"),
    [
        ({"type": "response.create", "input": []}, None, ""),
        ({"type": "response.create", "input": [], "stream_id": "a"}, None, "a"),
        ({"type": "response.create", "input": [], "stream_id": 7}, None, ""),
        ({"type": "response.create", "response": {"input": [1.0]}}, {"input": [1.0]}, ""),
        ({"type": "response.create", "model": "m", "response": {"input": []}}, None, ""),
        ({"type": "response.create", "response": None}, None, ""),
        ({"type": "response.create"}, None, ""),
    ],
)
def test_a_request_is_read_where_it_stands(frame, body, lane):
    spelled = json.dumps(frame, indent=1).encode()
    request = request_in(spelled)
    assert json.loads(request.body) == (frame if body is None else body)
    assert request.lane == lane
    assert request.with_body(request.body) == spelled
    replaced = request.with_body(b'{"input":"new"}')
    assert json.loads(replaced) == ({"input": "new"} if body is None else {**frame, "response": {"input": "new"}})


@pytest.mark.parametrize(
    "frame",
    [b"", b"{", b"[]", b"null", b"{}", b'{"type": "response.steer"}', b'{"type": ["response.create"]}', b"[" * 9999],
)
def test_other_frames_are_no_requests(frame):
    assert request_in(frame) is None


def test_a_request_with_nothing_to_say_is_the_same_but_for_its_input():
    frame = b'{"type":"response.create","input" : [{"role":"user"}], "tools":[1.0]}'
    assert request_in(frame).without_input().frame == b'{"type":"response.create","input" : [], "tools":[1.0]}'
    assert request_in(b'{"type":"response.create"}').without_input().frame == b'{"type":"response.create"}'


@pytest.mark.parametrize(
    ("event", "is_last"),
    [
        *(
            ({"type": f"response.{state}", "response": {"status": state}}, True)
            for state in ("completed", "incomplete")
        ),
        ({"type": "response.failed", "response": {"id": "r", "status": "failed"}}, True),
        ({"type": "response.some_new_end", "response": {"status": "cancelled"}}, True),
        ({"type": "error"}, True),
        ({"type": "response.created", "response": {"status": "in_progress"}}, False),
        ({"type": "response.queued", "response": {"status": "queued"}}, False),
        ({"type": "response.output_item.done", "item": {"status": "completed"}}, False),
        ({"type": "response.odd", "response": [], "item": 3, "status": "x", "stream_id": None}, False),
        ({}, False),
    ],
    ids=str,
)
def test_an_answer_ends_with_an_error_or_a_response_in_its_final_state(event, is_last):
    assert event_in(json.dumps(event).encode()).is_last is is_last


def test_what_is_no_json_object_is_no_event():
    assert [event_in(frame) for frame in (b"", b"[]", b"no json", b"[" * 9999)] == [None] * 4


TEXTS = st.text(max_size=20)
VALUES = st.none() | st.integers() | TEXTS | st.lists(TEXTS, max_size=3) | st.dictionaries(TEXTS, TEXTS, max_size=3)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@given(value=st.dictionaries(TEXTS, VALUES, max_size=4), indent=st.none() | st.integers(0, 2), end=ENDS)
def test_every_json_text_survives_as_a_server_sent_event(value, indent, end):
    frame = json.dumps(value, indent=indent, ensure_ascii=False).replace("\n", end).encode("utf-8", "surrogatepass")
    event, data = as_server_sent(frame)
    assert from_server_sent(event) == [data]
    assert from_server_sent(event + event) == [data, data]
    assert data.split() == frame.split()
    assert len(data) == len(frame)


def test_a_refusal_becomes_an_error_event_with_what_a_client_waits_by():
    start = {"status": 429, "headers": [(b"content-type", b"application/json"), (b"retry-after", b"7")]}
    body = b'{"error":{"message":"Slow down.","type":"rate_limited","code":"x"}}'
    assert json.loads(error_frame(start, body, "a")) == {
        "type": "error",
        "status": 429,
        "error": {"message": "Slow down.", "type": "rate_limited", "code": "x", "headers": {"retry-after": "7"}},
        "stream_id": "a",
    }
    assert json.loads(error_frame({"status": 400}, body, "")) == {
        "type": "error",
        "status": 400,
        "error": {"message": "Slow down.", "type": "rate_limited", "code": "x"},
    }
