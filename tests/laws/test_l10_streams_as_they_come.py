"""L10: answers are relayed unbuffered and unchanged; usage is read from a copy."""

import asyncio
import gzip
import json
import zlib
from itertools import pairwise

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from support.drive import Inner, drive, post, scope_of
from support.samples import sample
from support.wires import Step, body_of, encoded

from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.pipeline import PipelineStage
from headroom.providers import Usage
from headroom.providers.routes import ROUTES
from headroom.proxy.config import ProxyConfig

SSE = (b"content-type", b"text/event-stream; charset=utf-8")
JSON = (b"content-type", b"application/json")


def _event(kind, data):
    return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


STREAMS = {
    "openai-chat": 'data: {"choices":[{"delta":{"content":"é€"}}]}\r\n\r\ndata: {"choices":[],"usage":'
    '{"prompt_tokens":11,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":2}}}\r\n\r\n'
    "data: [DONE]\r\n\r\n",
    "openai-responses": _event("response.created", {"type": "response.created"})
    + _event(
        "response.completed",
        {"response": {"usage": {"input_tokens": 11, "output_tokens": 3, "input_tokens_details": {"cached_tokens": 2}}}},
    ),
    "anthropic": _event(
        "message_start",
        {"message": {"usage": {"input_tokens": 8, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 1}}},
    )
    + ": ping\n\n"
    + _event("message_delta", {"usage": {"output_tokens": 3}}),
    "anthropic-batches": "data: {}\n\n",
    "gemini": 'data: {"candidates":[]}\n\ndata: {"usageMetadata":{"promptTokenCount":11,"candidatesTokenCount":2,'
    '"thoughtsTokenCount":1,"cachedContentTokenCount":2}}\n\n',
}
USAGE = {
    "openai-chat": Usage(11, 3, 2, None),
    "openai-responses": Usage(11, 3, 2, None),
    "anthropic": Usage(11, 3, 2, 1),
    "anthropic-batches": None,
    "gemini": Usage(11, 3, 2, None),
}
CODINGS = {
    b"gzip": gzip.compress,
    b"deflate": zlib.compress,
    b"br": brotli.compress,
    b"zstd": zstandard.ZstdCompressor().compress,
    b"unknown": bytes,
}


class Last:
    stages = frozenset({PipelineStage.RESPONSE_RECEIVED})

    def on_pipeline_event(self, event):
        self.exchange = event.exchange


def _relay(route, chunks, *headers):
    last = Last()
    inner = Inner(headers=headers, chunks=tuple(chunks))
    app = HeadroomASGIMiddleware(inner, ProxyConfig(pipeline_extensions=[last]))
    sent = post(app, route.example, encoded(body_of(route.wire, [Step("x")])))
    return sent, last.exchange


def _cut(data, places):
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


@pytest.mark.parametrize("route", ROUTES, ids=lambda row: row.name)
@settings(max_examples=20)
@given(places=st.lists(st.integers(0, 2000), max_size=12))
def test_a_stream_passes_chunk_by_chunk_under_every_cut(route, places):
    chunks = _cut(STREAMS[route.wire].encode(), places)
    sent, exchange = _relay(route, chunks, SSE)
    assert [message["body"] for message in sent[1:]] == chunks
    assert exchange.usage == USAGE[route.wire]
    assert exchange.streamed


@pytest.mark.parametrize("coding", sorted(CODINGS))
@pytest.mark.parametrize("route", ROUTES, ids=lambda row: row.name)
def test_coded_streams_pass_undecoded_and_are_read_all_the_same(route, coding):
    data = CODINGS[coding](STREAMS[route.wire].encode())
    chunks = _cut(data, range(0, len(data), 7))
    sent, exchange = _relay(route, chunks, SSE, (b"content-encoding", coding))
    assert b"".join(message["body"] for message in sent[1:]) == data
    assert exchange.usage == (None if coding == b"unknown" else USAGE[route.wire])


@pytest.mark.parametrize("route", ROUTES, ids=lambda row: row.name)
def test_a_whole_answer_is_not_held_back_either(route):
    sent, _ = _relay(route, [b'{"a":', b"1", b"}"], JSON, (b"content-length", b"7"))
    assert [message.get("body") for message in sent] == [None, b'{"a":', b"1", b"}"]


@pytest.mark.parametrize("damage", [b"\xff\xfe", b"data: {\n\n", b"data\n\n\n", b"\r\r\r", b"data: [1,2]\n\n", b""])
@pytest.mark.parametrize("route", ROUTES, ids=lambda row: row.name)
def test_garbage_passes_as_it_came(route, damage):
    for kind in (SSE, JSON, (b"content-type", b"")):
        sent, exchange = _relay(route, [damage, damage], kind)
        assert [message["body"] for message in sent[1:]] == [damage, damage]
        assert exchange.usage is None


def test_status_and_headers_are_the_inner_apps_with_ours_after_them():
    headers = ((b"X-Twice", b"1"), (b"x-twice", b"2"), JSON, (b"Retry-After", b"3"))
    inner = Inner(status=429, headers=headers)
    sent = post(HeadroomASGIMiddleware(inner, ProxyConfig()), "/v1/messages", b"{}")
    assert sent[0]["status"] == 429
    assert tuple(sent[0]["headers"][:4]) == headers
    assert all(name.startswith(b"x-headroom-") for name, _ in sent[0]["headers"][4:])


@pytest.mark.parametrize("route", ROUTES, ids=lambda row: row.name)
def test_each_chunk_is_with_the_client_before_the_next_is_made(route):
    seen = []

    async def inner(scope, receive, send):
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [SSE]})
        for number in range(3):
            await send({"type": "http.response.body", "body": b"data: %d\n\n" % number, "more_body": True})
            assert seen[-1]["body"] == b"data: %d\n\n" % number
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def receive():
        return {"type": "http.request", "body": encoded(body_of(route.wire, [Step(sample("json_rows"))]))}

    async def send(message):
        seen.append(message)

    app = HeadroomASGIMiddleware(inner, ProxyConfig())
    asyncio.run(app(scope_of(route.example), receive, send))
    assert len(seen) == 5


def test_a_client_that_leaves_while_streaming_stops_the_inner_app():
    class GoneError(Exception):
        pass

    async def inner(scope, receive, send):
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [SSE]})
        assert (await receive())["type"] == "http.disconnect"
        raise GoneError

    last = Last()
    app = HeadroomASGIMiddleware(inner, ProxyConfig(pipeline_extensions=[last]))
    with pytest.raises(GoneError):
        drive(app, scope_of("/v1/messages"), [{"type": "http.request", "body": b"{}"}])
    assert last.exchange.error == "GoneError"
