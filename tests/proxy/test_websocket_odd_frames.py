"""Frames whose fields hold anything at all: whoever sends them, the socket goes on and what came passes as it came."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from proxy.sockets import Provider, through

from headroom.proxy.websocket_chain import Chain
from headroom.proxy.websocket_frames import event_in, request_in

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=5,
)
items = st.dictionaries(
    st.sampled_from(["type", "call_id", "output", "role", "content", "name", "id", "arguments"]),
    values | st.sampled_from(["function_call", "function_call_output", "message", "user", "headroom_retrieve", "c0"]),
    max_size=5,
)
frames = st.fixed_dictionaries(
    {},
    optional={
        "type": values
        | st.sampled_from(["response.create", "response.completed", "response.output_item.done", "error"]),
        "stream_id": values,
        "previous_response_id": values | st.just("r"),
        "conversation": values,
        "input": values | st.lists(items | values, max_size=3),
        "item": items | values,
        "response": values | st.dictionaries(st.sampled_from(["id", "status", "input"]), values | st.just("r")),
        "status": values,
        "required_input": values | st.lists(items, max_size=2),
    },
).map(lambda frame: json.dumps(frame).encode())


@given(frames, frames)
@example(
    b'{"type":"response.completed","response":{"status":[]}}', b'{"previous_response_id":"r","input":[{"type":[]}]}'
)
@example(
    b'{"item":{"type":{},"call_id":[]},"required_input":[{"call_id":[]}]}', b'{"input":[{"type":[],"call_id":{}}]}'
)
def test_whatever_stands_in_a_frame_is_read_without_failing(said: bytes, asked: bytes) -> None:
    chain = Chain()
    chain.left_open("r", ["c0"])
    event = event_in(said)
    assert event is not None
    assert event.is_last in (True, False)
    assert event.is_refusal in (True, False)
    chain.called(event)
    chain.asked("What?", event.response_id)
    chain.goes_by("told", event.response_id)
    chain.without_ours(said)
    completed = chain.completed(asked)
    assert completed.taken_out(completed.body) == asked
    chain.redirected(asked)
    request_in(asked)


ASKED: list[dict[str, Any]] = [
    {"type": "response.create", "previous_response_id": "r", "input": [{"type": [], "call_id": {}}]},
    {"type": "response.create", "model": [], "input": {"type": {}}, "stream_id": 5},
]
SAID: list[dict[str, Any]] = [
    {"type": [], "response": {"status": []}},
    {"type": "response.created", "response": {"id": [], "status": {}}, "stream_id": []},
    {"type": "response.output_item.done", "item": {"type": [], "call_id": []}},
    {"type": "response.steer.pending", "required_input": [{"call_id": []}]},
    {"type": "response.completed", "response": {"id": "r", "status": "completed"}},
]


def test_a_socket_goes_on_after_odd_frames_of_both_sides() -> None:
    async def answering(socket: Any) -> None:
        while True:
            await socket.recv()
            await socket.say(*SAID)

    async def act(socket: Any) -> list[list[str]]:
        heard = []
        for frame in ASKED:
            await socket.send(json.dumps(frame))
            heard.append([await socket.recv() for _ in SAID])
        return heard

    provider = Provider(answering)
    assert through(provider, act, optimize=True) == [[*map(json.dumps, SAID)]] * len(ASKED)
    assert provider.got == [*map(json.dumps, ASKED)]
