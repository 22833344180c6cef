"""The event parser against the rules of the WHATWG specification."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.wire.sse import MAX_EVENT_BYTES, Event, EventParser

CASES = {
    "a plain event": (b"data: x\n\n", [Event("message", b"x")]),
    "a typed event": (b"event: ping\ndata: {}\n\n", [Event("ping", b"{}")]),
    "several data lines": (b"data: a\ndata: b\n\n", [Event("message", b"a\nb")]),
    "no space after the colon": (b"data:x\n\n", [Event("message", b"x")]),
    "only one space is cut": (b"data:  x\n\n", [Event("message", b" x")]),
    "carriage returns": (b"data: a\r\rdata: b\r\r", [Event("message", b"a"), Event("message", b"b")]),
    "both line ends": (b"data: a\r\n\r\n", [Event("message", b"a")]),
    "comments": (b": keep-alive\n\ndata: x\n\n", [Event("message", b"x")]),
    "unknown fields": (b"id: 7\nretry: 3\nfoo\ndata: x\n\n", [Event("message", b"x")]),
    "an event without data is none": (b"event: x\n\ndata: y\n\n", [Event("message", b"y")]),
    "an unfinished event is none": (b"data: x\n", []),
    "a byte order mark": (b"\xef\xbb\xbfdata: x\n\n", [Event("message", b"x")]),
    "an empty data line": (b"data\n\n", [Event("message", b"")]),
    "characters of several bytes": ("data: é€😀\n\n".encode(), [Event("message", "é€😀".encode())]),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_events_are_those_of_the_specification_under_every_cut_in_two(name):
    stream, events = CASES[name]
    stream += b"data: end\n\n"
    for cut in range(len(stream)):
        parser = EventParser()
        found = [*parser.feed(stream[:cut]), *parser.feed(stream[cut:])]
        whole = [*events, Event("message", b"end")] if events or name != "an unfinished event is none" else None
        assert found == (whole or [Event("message", b"x\nend")])


@given(st.binary(max_size=200), st.integers(1, 5))
def test_any_bytes_pass_and_the_cut_makes_no_difference(data, size):
    parser = EventParser()
    pieces = [event for start in range(0, len(data), size) for event in parser.feed(data[start : start + size])]
    closed = parser.feed(b"\n\n")
    assert EventParser().feed(data + b"\n\n") == [*pieces, *closed]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: x\r\r", [Event("message", b"x")]),
        (b"data: x\r\n\r", [Event("message", b"x")]),
        (b"data: x\r", []),
        (b"data: x\n", []),
        (b"data: x", []),
        (b"", []),
    ],
)
def test_the_end_of_the_stream_tells_whether_a_carriage_return_ends_an_event(stream, events):
    parser = EventParser()
    assert parser.feed(stream) == []
    assert parser.close() == events
    assert parser.close() == []


def test_an_endless_event_is_dropped_and_the_next_one_is_read():
    parser = EventParser()
    for _ in range(MAX_EVENT_BYTES // 1_000_000 + 2):
        assert parser.feed(b"data: " + b"x" * 1_000_000 + b"\n") == []
    assert parser.feed(b"\ndata: next\n\n") == [Event("message", b"next")]


def test_a_line_without_end_in_many_small_chunks_is_read_once():
    parser = EventParser()
    assert parser.feed(b"data: ") == []
    for _ in range(20_000):
        assert parser.feed(b"x" * 500) == []
    assert parser.feed(b"\n\n") == [Event("message", b"x" * 10_000_000)]


def test_a_line_that_is_too_long_is_dropped_whole():
    parser = EventParser()
    for _ in range(MAX_EVENT_BYTES // 1_000_000 + 2):
        assert parser.feed(b"x" * 1_000_000) == []
    assert parser.feed(b"\n\ndata: next\n\n") == [Event("message", b"next")]
