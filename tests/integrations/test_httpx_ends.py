"""How answers end that come through the transport: read, closed, cut off, cancelled, or failed by us."""

import asyncio

import pytest
from ccr.scripts import said, stream
from support.transports import (
    BODY,
    CONFIG,
    EVENTS,
    JSON,
    SHORT,
    Recorder,
    Retrieving,
    Scripted,
    Sync,
    answer,
    each_library,
    each_way,
    post,
    text_of,
)

from headroom.ccr.answers.openai_chat import ChatAnswers
from headroom.ccr.streams.openai_chat import ChatWeaver
from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.integrations.httpx import AsyncHeadroomTransport, HeadroomTransport
from headroom.integrations.sinks import Whole
from headroom.pipeline import CompressionHooks, Pipeline
from headroom.proxy.config import ProxyConfig

# ---- streams and their ends


@each_library
def test_a_stream_is_taken_no_faster_than_it_is_read(library):
    chunks = stream("openai-chat", said("Hello, world."))
    inner = Scripted(library, (200, EVENTS, chunks))
    response = HeadroomTransport(inner, CONFIG).handle_request(post(library))
    taken = []
    for _ in response.stream:
        taken.append(inner.streams[0].taken)
    assert taken[0] == 1
    assert taken == sorted(taken)
    assert len(taken) >= len(chunks)
    response.close()


@each_library
@each_way
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_closing_an_answer_early_closes_the_one_behind_it(streamed, way, library):
    headers, chunks = (EVENTS, stream("openai-chat", said("Hello."))) if streamed else (JSON, [b"{", b"}", b" "])
    inner = Scripted(library, (200, headers, chunks))
    events = Recorder()
    config = ProxyConfig(marker_key="key", retrieval="tool" if streamed else "off", pipeline_extensions=[events])

    async def close_early():
        response = await AsyncHeadroomTransport(inner, config).handle_async_request(post(library))
        async for _ in response.stream:
            break
        await response.aclose()

    if way is Sync:
        response = HeadroomTransport(inner, config).handle_request(post(library))
        next(iter(response.stream))
        response.close()
    else:
        asyncio.run(close_early())
    assert inner.streams[0].closed
    assert inner.streams[0].taken < len(chunks)
    assert events.errors == ["GoneError"]


@each_library
@each_way
def test_an_answer_that_is_closed_at_its_last_event_has_ended_well(way, library):
    """So do the SDKs: they stop reading at [DONE]."""
    last = stream("openai-chat", said("Done.", number=2))
    inner, events = Retrieving(library, (200, EVENTS, last), streamed=True), Recorder()
    config = ProxyConfig(marker_key="key", retrieval="tool", pipeline_extensions=[events])

    async def read():
        transport = AsyncHeadroomTransport(inner, config)
        response = await transport.handle_async_request(post(library))
        async for chunk in response.stream:
            if b"[DONE]" in chunk:
                break
        await response.aclose()
        return transport.get_stats()

    if way is Sync:
        transport = HeadroomTransport(inner, config)
        response = transport.handle_request(post(library))
        assert any(b"[DONE]" in chunk for chunk in response.stream)
        response.close()
        stats = transport.get_stats()
    else:
        stats = asyncio.run(read())
    assert events.errors == [""]
    assert stats["further_requests"] == 1


@each_library
@each_way
@pytest.mark.parametrize("body", [BODY, SHORT], ids=["with tools", "short"])
def test_what_the_transport_raises_is_raised_itself(body, way, library):
    for script in (
        [library_error(library)],
        [(200, JSON, [b"{", library_error(library)])],
        [(200, EVENTS, [library_error(library)])],
    ):
        error = script[0] if isinstance(script[0], Exception) else script[0][2][-1]
        inner, events = Scripted(library, *script), Recorder()
        with pytest.raises(library.ReadError) as raised:
            way.send(inner, post(library, body), ProxyConfig(marker_key="key", pipeline_extensions=[events]))
        assert raised.value is error
        assert len(inner.requests) == 1
        assert events.errors == ["ReadError"]
        assert all(body.closed for body in inner.streams)


def library_error(library):
    return library.ReadError("cut")


@each_library
@each_way
def test_what_the_transport_raises_in_a_further_round_is_raised_itself(way, library):
    error = library.ConnectError("gone")
    inner = Retrieving(library, error)
    with pytest.raises(library.ConnectError) as raised:
        way.send(inner, post(library))
    assert raised.value is error
    assert len(inner.requests) == 2


@each_library
def test_a_request_that_is_cancelled_lets_go_of_everything(library):
    asked_again = asyncio.Event()

    class Hanging(Retrieving):
        async def handle_async_request(self, request):
            if self.requests:
                asked_again.set()
                await asyncio.Event().wait()
            return await super().handle_async_request(request)

    inner, events = Hanging(library), Recorder()

    async def cancel():
        transport = AsyncHeadroomTransport(inner, ProxyConfig(marker_key="key", pipeline_extensions=[events]))
        task = asyncio.create_task(transport.handle_async_request(post(library)))
        await asked_again.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert events.errors == ["CancelledError"]
    assert inner.streams[0].closed


# ---- failures of ours


@each_library
@each_way
@pytest.mark.parametrize("place", ["middleware", "pipeline", "hook"])
def test_a_failure_of_ours_sends_the_request_as_it_came(place, way, library, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("ours")

    class Hooks(CompressionHooks):
        pre_compress = fail

    if place == "middleware":
        monkeypatch.setattr(HeadroomASGIMiddleware, "__call__", fail_in_a_coroutine)
    elif place == "pipeline":
        monkeypatch.setattr(Pipeline, "run", fail)
    inner = Scripted(library, answer("Hello."))
    config = ProxyConfig(marker_key="key", hooks=Hooks() if place == "hook" else None)
    response, _ = way.send(inner, post(library), config)
    assert text_of(response) == "Hello."
    assert len(inner.requests) == 1
    if place != "hook":
        assert inner.requests[0].content == BODY


async def fail_in_a_coroutine(*_):
    raise RuntimeError("ours")


class Policy:
    fail_closed = True

    def intercept(self, payload):
        return payload


@each_library
@each_way
def test_a_failure_of_ours_sends_nothing_where_a_policy_fails_closed(way, library, monkeypatch):
    config = ProxyConfig(marker_key="key", interceptors=[Policy()])
    fine = Scripted(library, answer("Hello."), answer("Hello."))
    way.send(fine, post(library), config)
    way.send(fine, library.Request("GET", "http://provider.test/v1/models"), config)
    monkeypatch.setattr(HeadroomASGIMiddleware, "__call__", fail_in_a_coroutine)
    inner = Scripted(library)
    with pytest.raises(library.RemoteProtocolError):
        way.send(inner, post(library), config)
    assert inner.requests == []


@each_library
@each_way
def test_a_failure_of_ours_before_the_answer_begins_asks_again_as_it_came(way, library, monkeypatch):
    def fail(*_):
        raise RuntimeError("ours")

    monkeypatch.setattr(ChatAnswers, "turn", fail)
    inner = Scripted(library, answer("Lost."), answer("Hello."))
    response, _ = way.send(inner, post(library))
    assert text_of(response) == "Hello."
    assert inner.requests[1].content == BODY
    assert inner.streams[0].closed


@each_library
@each_way
def test_an_answer_that_a_failure_of_ours_leaves_unread_is_closed(way, library, monkeypatch):
    def fail(*_):
        raise RuntimeError("ours")

    monkeypatch.setattr(Whole, "body", fail)
    inner = Scripted(library, answer("Lost."), answer("Hello."))
    response, _ = way.send(inner, post(library))
    assert text_of(response) == "Hello."
    assert inner.streams[0].closed


@each_library
@each_way
def test_a_failure_of_ours_in_the_middle_of_a_stream_is_told_as_a_broken_connection(way, library, monkeypatch):
    def fail(*_):
        raise RuntimeError("ours")

    monkeypatch.setattr(ChatWeaver, "end", fail)
    inner = Scripted(library, (200, EVENTS, stream("openai-chat", said("Hello."))))
    with pytest.raises(library.RemoteProtocolError):
        way.send(inner, post(library))
