"""What a request has used, by the report of its provider, or by what came back of it."""

import json

import pytest
from proxy.metered import reported

from headroom.providers.wire import Usage
from headroom.proxy.asked import Asked
from headroom.proxy.meter import Meter

ASKED = Asked(("gpt-5",), input_tokens=100, output_tokens=50)
JSON, EVENTS = b"application/json", b"text/event-stream"


def used(
    *parts, kind=JSON, status=200, whole=True, asked=ASKED, told=None, reads="openai", start="http.response.start"
):
    meter = Meter(asked, reads=reads)
    if status:
        meter.feed({"type": start, "status": status, "headers": [(b"Content-Type", kind)]})
    for number, part in enumerate(parts):
        more = not whole or number < len(parts) - 1
        meter.feed({"type": "http.response.body", "body": part, "more_body": more})
    meter.usage = told
    return meter.used()


def test_what_was_reported_counts():
    assert used(reported(12, 3, 8)) == Usage(12, 3, 8, None)
    assert used(reported(12, 3, 8, 2), reads="anthropic") == Usage(12, 3, 8, 2)
    assert used(reported(12, 3), reads="gemini") == Usage(12, 3)
    assert used(b"{}", told=Usage(7, 8)) == Usage(7, 8)
    assert used(*[b"%c" % byte for byte in reported(12, 3)]) == Usage(12, 3, 0, None)


def test_the_pipeline_knows_better():
    assert used(reported(12, 3), told=Usage(7, 8)) == Usage(7, 8)


@pytest.mark.parametrize("status", [400, 429, 500, 529])
def test_an_error_has_used_nothing(status):
    assert used(b"{}", status=status) == Usage(0, 0)
    assert used(status=status, start="websocket.http.response.start") == Usage(0, 0)


def test_when_nothing_came_it_is_what_was_reserved():
    assert used(status=0) == Usage(100, 50)
    assert used(b'{"usa', whole=False) == Usage(100, 50)


def test_an_answer_without_a_report_has_used_what_went_by():
    assert used(b"x" * 40) == Usage(100, 10)
    assert used(b"x" * 4_000) == Usage(100, 50)
    assert used(b"data: {}\n\n", b"data: [DONE]\n\n", kind=EVENTS) == Usage(100, 6)


def test_the_receipt_of_a_batch_tells_nothing():
    assert used(b"{}", asked=Asked(("m",), 100, 50, 0.5, is_batch=True), reads="anthropic") == Usage(100, 50)


def event(**values):
    return b"data: " + json.dumps(values).encode() + b"\n\n"


def test_of_a_stream_that_is_cut_the_input_is_known_and_the_output_what_went_by():
    begun = event(
        type="message_start", message={"usage": {"input_tokens": 30, "cache_read_input_tokens": 5, "output_tokens": 1}}
    )
    text = event(type="content_block_delta", delta={"type": "text_delta", "text": "word " * 10})
    end = event(type="message_delta", usage={"output_tokens": 12})
    cut = used(begun, text, kind=EVENTS, whole=False, reads="anthropic")
    assert (cut.input, cut.output, cut.cache_read) == (35, min(50, -(-len(begun + text) // 4)), 5)
    whole = used(begun, text, end, kind=EVENTS, reads="anthropic")
    assert (whole.input, whole.output, whole.cache_read) == (35, 12, 5)


def test_a_cut_stream_has_used_no_less_than_it_reported():
    told = Usage(30, 400)
    assert used(b"data: {}\n\n", kind=EVENTS, whole=False, told=told) == told
