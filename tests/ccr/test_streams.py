"""Streams: untouched as long as nothing is asked of us, one answer for the client if something is."""

import json

import pytest
from ccr.reading import read, read_whole
from ccr.scripts import HANDLE, THEIRS, WIRES, Call, said, stream, usage, whole, wire_of
from ccr.weaving import CUTS, OTHER, each_form, pieces, play, stop, thinking, woven
from hypothesis import given
from hypothesis import strategies as st

from headroom.ccr.streams import weaver
from headroom.ccr.streams.framing import MAX_FRAME_BYTES

# ---- what must not change


@each_form
@given(sizes=CUTS)
def test_a_stream_without_our_call_is_the_same_bytes_however_it_is_cut(form, sizes):
    answer = said(*thinking(form), "It is läte \U0001f600.", OTHER)
    out, turns = play(form, answer, sizes=sizes)
    assert out == b"".join(stream(form, answer))
    assert turns == [None]


@each_form
def test_every_event_passes_as_soon_as_it_is_whole(form):
    one = woven(form)
    for event in stream(form, said(*thinking(form), "It is late.", OTHER)):
        assert one.feed(event).rstrip() == event.rstrip()  # white space behind an array belongs to nothing


@pytest.mark.parametrize("form", ["anthropic", "openai-responses"])
def test_of_an_event_whose_name_passes_every_byte_passes_at_once(form):
    one = woven(form)
    for event in stream(form, said("It is late.")):
        line = event.index(b"\n") + 1
        out = one.feed(event[:line])
        name = event[:line].decode().split()[1]
        inspected = name in (
            "content_block_start",
            "response.output_item.added",
            "response.output_item.done",
            "response.completed",
        )
        assert out == (b"" if inspected else event[:line])
        for start in range(line, len(event) - 1):
            assert inspected or one.feed(event[start : start + 1]) == event[start : start + 1]
        rest = event[line:] if inspected else event[-1:]
        assert one.feed(rest) == (event if inspected else rest)


STRANGE = [
    b": OPENROUTER PROCESSING\n\n",
    b"\xef\xbb\xbfdata: {}\n\n",
    b"data: not json\n\n",
    b"data: [1]\n\n",
    b"data: null\r\rid: 7\r\r",
    b'event: ping\r\ndata: {"type":\r\ndata: "ping"}\r\n\r\n',
    b'data: {"type": 1, "index": "x", "choices": [null], "candidates": 3, "output_index": null, "usage": [], "delta": 1}\n\n',
    b'data: {"choices": [{"delta": {"tool_calls": [null, {"index": "x", "function": 3}, {}]}}]}\n\n',
    b'data: {"type": "content_block_start", "index": 0, "content_block": 3}\n\n',
    b'data: {"type": "response.output_item.done", "output_index": 0, "item": 3}\n\n',
    b'data: {"candidates": [{"content": {"parts": [1, null, {"functionCall": 3}]}}]}\n\n',
    b'[}{]]]{{{["\\',
    b'[{"a": "]}"}, 7, [{"b": {}}]]\n[',
    b"event: unfinished\ndata: ",
    b"\xff\xfe\n\n\n",
]


@each_form
@given(parts=st.lists(st.sampled_from(STRANGE) | st.binary(max_size=40)), sizes=CUTS)
def test_whatever_comes_passes_unchanged(form, parts, sizes):
    data = b"".join(parts)
    one = woven(form)
    out = [one.feed(piece) for piece in pieces(data, sizes)]
    assert one.end() is None
    assert b"".join([*out, one.finish()]) == data


@each_form
@given(st.data())
def test_a_stream_that_breaks_off_passes_to_its_last_byte(form, data):
    whole_stream = b"".join(stream(form, said("It is late.", OTHER)))
    cut = data.draw(st.integers(0, len(whole_stream)))
    one = woven(form)
    out = one.feed(whole_stream[:cut])
    one.end()
    assert out + one.finish() == whole_stream[:cut]


@each_form
def test_an_event_that_is_too_large_ends_the_weaving(form):
    start = b'[{"a": "' if form.endswith("array") else b"data: "
    data = start + b"x" * (MAX_FRAME_BYTES + 1)
    one = woven(form)
    assert one.feed(data) + one.feed(b"and more") == data + b"and more"
    assert one.end() is None
    assert one.finish() == b""


@pytest.mark.parametrize(
    ("wire", "also"),
    [
        ("openai-chat", {"n": 2}),
        ("gemini", {"generationConfig": {"candidateCount": 2}}),
        ("gemini", {"generation_config": {"candidate_count": 2}}),
        ("anthropic-batches", {}),
    ],
)
def test_several_choices_and_wires_without_streams_are_not_woven(wire, also):
    assert weaver(wire, json.dumps(also).encode()) is None
    assert weaver("openai-chat", b'{"n": 1}') is not None
    assert weaver("openai-chat", b"{}", is_array=True) is None


# ---- one answer out of several


@each_form
@given(sizes=CUTS)
def test_a_round_is_woven_in_however_the_streams_are_cut(form, sizes):
    first = said(*thinking(form), "Let me see.", Call("ask_a"))
    out, (turn, last) = play(form, first, said("It is läte.", number=2), sizes=sizes)
    seen = read(form, out)
    assert last is None
    assert turn.waits_for_us
    assert json.loads(turn.ours[0].arguments) == {"hash": HANDLE}
    assert seen["ended"]
    assert seen["stop"] == stop(form)
    assert "".join(part[1] for part in seen["parts"] if part[0] == "text") == "Let me see.It is läte."
    assert b"ask_a" not in out
    assert b"headroom_retrieve" not in out


@each_form
def test_several_calls_and_several_rounds_make_one_message_with_one_usage(form):
    first = said(*thinking(form), "One.", Call("ask_a"), Call("ask_c"))
    second = said("Two.", Call("ask_d"), number=2)
    third = said("Three.", OTHER, number=4)
    out, turns = play(form, first, second, third)
    seen = read(form, out)
    assert [[call.id for call in turn.ours] for turn in turns if turn] == [["ask_a", "ask_c"], ["ask_d"]]
    assert seen["parts"][-1] == ("call", "call_b", THEIRS, {"all": True})
    assert "".join(part[1] for part in seen["parts"] if part[0] == "text") == "One.Two.Three."
    assert {**usage(wire_of(form), 7), **seen["usage"]} == usage(wire_of(form), 7)
    assert seen["usage"].keys() >= {key for key in usage(wire_of(form), 7) if "etails" not in key}
    assert seen["id"] == read(form, b"".join(stream(form, first)))["id"]


@each_form
def test_an_answer_that_only_asks_leaves_nothing_behind(form):
    out, _ = play(form, said(Call("ask_a")), said("Done.", number=2))
    assert read(form, out)["parts"] == [("text", "Done.")]


@each_form
def test_the_turn_of_a_stream_is_that_of_the_same_answer_whole(form):
    answer = said(*thinking(form), "Let me see: Grüße.", Call("ask_a"), Call("ask_c"))
    _, (turn,) = play(form, answer)
    wire = wire_of(form)
    from headroom.ccr.answers import ANSWERS

    expected = ANSWERS[wire].turn(whole(wire, answer))
    assert (turn.theirs, turn.whole) == (expected.theirs, expected.whole)
    assert [(c.id, json.loads(c.arguments)) for c in turn.ours] == [
        (c.id, json.loads(c.arguments)) for c in expected.ours
    ]
    if wire == "gemini":  # texts come in pieces, each a part
        (mine,), (theirs,) = turn.said, expected.said
        assert [p for p in json.loads(mine)["parts"] if "text" not in p] == json.loads(theirs)["parts"][1:]
        assert "".join(p.get("text", "") for p in json.loads(mine)["parts"]) == "Let me see: Grüße."
    else:
        drop = {"refusal": None}
        assert [drop | json.loads(value) for value in turn.said] == [
            drop | json.loads(value) for value in expected.said
        ]


@each_form
def test_beside_a_call_of_the_client_ours_is_taken_out_and_the_rest_numbered_through(form):
    answer = said(*thinking(form), "Let me see.", Call("ask_a"), OTHER, Call("ask_c"))
    out, (turn,) = play(form, answer)
    seen = read(form, out)
    assert turn.theirs == ("call_b",)
    assert len(turn.ours) == 2
    assert seen["ended"]
    assert [part[0] for part in seen["parts"]] == [*(["thought"] if thinking(form) else []), "text", "call"]
    assert seen["parts"][-1] == ("call", "call_b", THEIRS, {"all": True})
    assert seen["stop"] == read(form, b"".join(stream(form, answer)))["stop"]
    assert b"ask_a" not in out
    assert b"ask_c" not in out


@each_form
def test_an_answer_that_keeps_asking_ends_by_itself(form):
    out, _ = play(form, said("One.", Call("ask_a")), said("Two.", Call("ask_c"), number=2))
    seen = read(form, out)
    assert seen["ended"]
    assert seen["stop"] == stop(form)
    assert "".join(part[1] for part in seen["parts"]) == "One.Two."


@each_form
def test_an_answer_that_was_cut_off_in_our_call_says_so(form):
    answer = said("Hm.", Call("ask_a"), is_cut=True)
    out, (turn,) = play(form, answer)
    assert not turn.waits_for_us
    assert read(form, out)["stop"] == read_whole(wire_of(form), whole(wire_of(form), answer))["stop"]
    assert read(form, out)["parts"] == [("text", "Hm.")]


@each_form
def test_a_stream_that_breaks_off_after_our_call_waits_for_nobody_and_has_no_end(form):
    one = woven(form)
    events = stream(form, said("Hm.", Call("ask_a")))
    out = b"".join(one.feed(event) for event in events[: -3 if form == "openai-chat" else -2])
    turn = one.end()
    out += one.finish()
    assert turn is None or not turn.waits_for_us
    assert b"Hm" in out.replace(b'H"', b'Hm"')
    assert b"".join(events[-2:]) not in out
    assert b"ask_a" not in out


@each_form
def test_a_further_round_that_breaks_off_leaves_the_message_without_an_end(form):
    one = woven(form)
    out = one.feed(b"".join(stream(form, said("One.", Call("ask_a")))))
    one.end()
    out += one.go_on()
    events = stream(form, said("Two.", number=2))
    out += one.feed(b"".join(events[:-2])[:-1])
    one.end()
    out += one.finish()
    if form == "gemini-array":
        with pytest.raises(json.JSONDecodeError):
            json.loads(out)
    else:
        whole_events = out.replace(b"\r\n", b"\n").rpartition(b"\n\n")[0] + b"\n\n"
        assert not read(form, whole_events)["ended"]


ERRORS = {
    "anthropic": {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
    "openai-chat": {"error": {"message": "Overloaded", "type": "server_error", "param": None, "code": "busy"}},
    "openai-responses": {"error": {"message": "Overloaded", "type": "server_error", "param": None, "code": "busy"}},
    "gemini": {"error": {"code": 503, "message": "Overloaded", "status": "UNAVAILABLE"}},
    "gemini-array": {"error": {"code": 503, "message": "Overloaded", "status": "UNAVAILABLE"}},
}


@each_form
@pytest.mark.parametrize("body", ["given", b"<html>", b"", b"{}", b'{"error": "plain"}'])
def test_a_further_round_that_is_refused_becomes_the_providers_error_event(form, body):
    one = woven(form)
    out = one.feed(b"".join(stream(form, said("One.", Call("ask_a")))))
    assert one.end().waits_for_us
    out += one.go_on()
    out += one.failed(529, json.dumps(ERRORS[form]).encode() if body == "given" else body)
    seen = read(form, out)
    assert not seen["ended"]
    assert "".join(part[1] for part in seen["parts"]) == "One."
    if body == "given":
        assert seen["error"]["message"] == "Overloaded"
    else:
        assert "plain" in str(seen["error"]) or "status 529" in seen["error"]["message"]


@pytest.mark.parametrize("form", WIRES)  # an array has no room for comments
def test_comments_and_pings_go_on_in_every_round(form):
    one = woven(form)
    for event in stream(form, said("One.", Call("ask_a"))):
        one.feed(event)
        assert one.feed(b": alive\n\n") == b": alive\n\n"
    one.end()
    one.go_on()
    for event in stream(form, said("Two.", number=2)):
        one.feed(event)
        assert one.feed(b": alive\n\n") == b": alive\n\n"
