"""The transport, in front of transports that say what they are told: of both libraries, sync and async."""

import asyncio
import gzip
import json
from importlib import import_module
from importlib.util import find_spec

import pytest
from ccr.scripts import Call, said, stream, whole
from support.retrieval import handles_in, long_sample
from support.wires import Step, body_of, encoded, outputs_of

from headroom.ccr.answers.openai_chat import ChatAnswers
from headroom.ccr.streams.openai_chat import ChatWeaver
from headroom.errors import ConfigError
from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.integrations.door import Door
from headroom.integrations.httpx import AsyncHeadroomTransport, HeadroomTransport, shortening
from headroom.integrations.sdk import fronted
from headroom.integrations.sinks import Whole
from headroom.pipeline import CompressionHooks, Pipeline, PipelineStage
from headroom.proxy.config import ProxyConfig
from headroom.state.memory import MemoryStore
from headroom.state.sqlite import SQLiteStore

LIBRARIES = [import_module(name) for name in ("httpx", "httpx2") if find_spec(name)]
URL = "http://provider.test/v1/chat/completions"
OUTPUT = long_sample("long_log")
BODY = encoded(body_of("openai-chat", [Step(OUTPUT)], tools=True))
SHORT = b'{"model": "gpt-5",  "messages": [{"role": "user", "content": "hi"}], "temperature": 1.0}'
JSON = {"content-type": "application/json"}
EVENTS = {"content-type": "text/event-stream"}
CONFIG = ProxyConfig(marker_key="key")


class Chunks:
    """The body of an answer. Tells what was read of it, and whether it was closed."""

    def __init__(self, chunks):
        self.chunks = list(chunks)
        self.taken = 0
        self.closed = False

    def _given(self, chunk):
        self.taken += 1
        if isinstance(chunk, Exception):
            raise chunk
        return chunk

    def __iter__(self):
        for chunk in self.chunks:
            yield self._given(chunk)

    async def __aiter__(self):
        for chunk in self.chunks:
            await asyncio.sleep(0)
            yield self._given(chunk)

    def close(self):
        self.closed = True

    async def aclose(self):
        self.closed = True


class Scripted:
    """A transport of a library, sync and async: answers with what is told next, or raises it."""

    def __init__(self, library, *script):
        self.library = library
        self.script = list(script)
        self.requests = []
        self.responses = []
        self.streams = []
        self.is_closed = False

    def _answer(self, request):
        self.requests.append(request)
        told = self.script.pop(0)
        if isinstance(told, Exception):
            raise told
        status, headers, chunks = told
        kinds = (Chunks, self.library.SyncByteStream, self.library.AsyncByteStream)
        body = type("Body", kinds, {})(chunks)
        self.streams.append(body)
        extensions = {"http_version": b"HTTP/1.1", "reason_phrase": b"Fine"}
        self.responses.append(self.library.Response(status, headers=headers, stream=body, extensions=extensions))
        return self.responses[-1]

    def handle_request(self, request):
        request.read()
        return self._answer(request)

    async def handle_async_request(self, request):
        await request.aread()
        await asyncio.sleep(0)
        return self._answer(request)

    def close(self):
        self.is_closed = True

    async def aclose(self):
        self.is_closed = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.aclose()


class Sync:
    """Sends a request through the transport and reads the whole answer."""

    @staticmethod
    def send(inner, request, config=CONFIG, **settings):
        transport = HeadroomTransport(inner, config, **settings)
        response = transport.handle_request(request)
        try:
            response.read()
        finally:
            response.close()
        return response, transport.get_stats()


class Awaited:
    """The same, awaited."""

    @staticmethod
    def send(inner, request, config=CONFIG, **settings):
        async def send():
            transport = AsyncHeadroomTransport(inner, config, **settings)
            response = await transport.handle_async_request(request)
            try:
                await response.aread()
            finally:
                await response.aclose()
            return response, transport.get_stats()

        return asyncio.run(send())


each_library = pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
each_way = pytest.mark.parametrize("way", [Sync, Awaited], ids=["sync", "async"])


def post(library, body=BODY, url=URL, **headers):
    given = {**JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return library.Request("POST", url, headers=given, content=body, extensions={"timeout": {"read": 7.0}})


def answer(*parts, number=1):
    return 200, JSON, [whole("openai-chat", said(*parts, number=number))]


def sent_output(request):
    return outputs_of("openai-chat", json.loads(request.content))[0]


def asking(inner):
    """Return an answer that asks for what was left out of the request that came last."""
    [handle] = handles_in(sent_output(inner.requests[-1]))
    return said(Call("call_1", arguments=json.dumps({"hash": handle})))


class Retrieving(Scripted):
    """Asks for the original first, then goes on as told."""

    def __init__(self, library, *script, streamed=False):
        super().__init__(library, None, *script)
        self.streamed = streamed

    def _answer(self, request):
        if self.script[0] is None:
            self.requests.append(request)
            told = asking(self)
            self.requests.pop()
            form = stream("openai-chat", told) if self.streamed else [whole("openai-chat", told)]
            self.script[0] = (200, EVENTS if self.streamed else JSON, form)
        return super()._answer(request)


# ---- what passes as it came


@each_library
@each_way
@pytest.mark.parametrize(
    "request_of",
    [
        lambda library: library.Request("GET", "http://provider.test/v1/models"),
        lambda library: library.Request("POST", "http://provider.test/v1/embeddings", headers=JSON, content=BODY),
        lambda library: library.Request("POST", URL, headers={"content-type": "text/plain"}, content=BODY),
        lambda library: post(library, content_digest="sha-256=:x:"),
        lambda library: post(library, x_amz_content_sha256="0"),
        lambda library: post(library, authorization="AWS4-HMAC-SHA256 Credential=x"),
    ],
    ids=["models", "embeddings", "no json", "digest", "aws digest", "aws signature"],
)
def test_what_is_not_ours_is_the_inner_transport_s_alone(request_of, way, library):
    inner = Scripted(library, answer("Hello."))
    request = request_of(library)
    response, stats = way.send(inner, request)
    assert inner.requests == [request]
    assert response is inner.responses[0]
    assert stats["requests"] == 0


@each_library
@each_way
@pytest.mark.parametrize("body", [SHORT, b"no json", b"", b'{"messages": 3}'], ids=["short", "text", "empty", "odd"])
def test_a_request_in_which_nothing_changes_is_sent_itself(body, way, library):
    inner = Scripted(library, answer("Hello."))
    request = post(library, body)
    response, _ = way.send(inner, request)
    assert inner.requests[0] is request
    assert response.content == answer("Hello.")[2][0]


@each_library
@each_way
def test_a_form_answer_passes_chunk_by_chunk_with_status_headers_and_extensions(way, library):
    packed = gzip.compress(b'{"ok": true}')
    headers = [
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
        ("set-cookie", "a"),
        ("set-cookie", "b"),
    ]
    inner = Scripted(library, (201, headers, [packed[:9], b"", packed[9:]]))
    response, _ = way.send(inner, post(library, SHORT))
    assert (response.status_code, response.json()) == (201, {"ok": True})
    assert response.headers.get_list("set-cookie") == ["a", "b"]
    assert response.extensions["reason_phrase"] == b"Fine"
    assert inner.streams[0].closed


# ---- what gets shorter


@each_library
@each_way
def test_a_tool_output_gets_shorter_and_all_else_stands(way, library):
    inner = Scripted(library, answer("Hello."))
    request = post(library, Authorization="Bearer x", X_Own="1")
    response, stats = way.send(inner, request)
    [sent] = inner.requests
    assert len(sent.content) < len(BODY) / 2
    assert sent.headers["content-length"] == str(len(sent.content))
    assert (sent.method, sent.url, sent.extensions) == (request.method, request.url, request.extensions)
    dropped = {b"content-length", b"accept-encoding"}
    assert [h for h in sent.headers.raw if h[0].lower() not in dropped] == [
        h for h in request.headers.raw if h[0].lower() not in dropped
    ]
    assert request.content == BODY
    assert stats["tokens_after"] < stats["tokens_before"]
    assert int(response.headers["x-headroom-tokens-after"]) == stats["tokens_after"]


@each_library
@each_way
def test_headers_for_us_are_read_and_removed_and_those_for_a_proxy_pass(way, library):
    inner = Scripted(library, answer("Hello."))
    request = post(library, x_headroom_bypass="true", X_Headroom_Mode="cache", x_headroom_upstream="http://other.test")
    way.send(inner, request)
    [sent] = inner.requests
    assert sent.content == BODY
    assert [name for name in sent.headers if name.startswith("x-headroom-")] == ["x-headroom-upstream"]


@each_library
@each_way
def test_a_wish_that_is_none_is_refused_before_anything_is_sent(way, library):
    inner = Scripted(library)
    response, _ = way.send(inner, post(library, x_headroom_mode="fast"))
    assert response.status_code == 400
    assert "x-headroom-mode" in response.json()["error"]["message"]
    assert inner.requests == []


@each_library
@each_way
def test_a_body_that_is_large_is_worked_on_beside_the_event_loop_or_without_one(way, library):
    body = encoded(body_of("openai-chat", [Step(long_sample("long_log", seed)) for seed in range(8)], tools=True))
    inner = Scripted(library, answer("Hello."))
    _, stats = way.send(inner, post(library, body))
    assert len(inner.requests[0].content) < len(body) / 2
    assert stats["requests"] == 1


@each_library
@each_way
def test_without_a_place_for_the_key_nothing_is_left_out(way, library, tmp_path):
    (tmp_path / "file").touch()
    inner = Scripted(library, answer("Hello."))
    _, stats = way.send(inner, post(library), ProxyConfig(workspace_dir=tmp_path / "file"))
    assert handles_in(sent_output(inner.requests[0])) == []
    assert stats["tokens_after"] < stats["tokens_before"]


def test_retrieval_that_is_asked_for_by_name_must_have_its_key(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="workspace"):
        HeadroomTransport(None, ProxyConfig(workspace_dir=tmp_path / "file", retrieval="tool"))


# ---- retrieval


@each_library
@each_way
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_call_for_an_original_is_answered_on_the_way_back(streamed, way, library, tmp_path):
    last = said("It was 4711.", number=2)
    told = (200, EVENTS, stream("openai-chat", last)) if streamed else (200, JSON, [whole("openai-chat", last)])
    inner = Retrieving(library, told, streamed=streamed)
    store = SQLiteStore(tmp_path / "store.db")  # one that blocks
    response, stats = way.send(inner, post(library), store=store)
    store.close()
    assert b"headroom_retrieve" not in response.content
    assert b"4711" in response.content
    second = inner.requests[1]
    assert json.loads(second.content)["messages"][-1] == {"role": "tool", "tool_call_id": "call_1", "content": OUTPUT}
    assert second.extensions == {"timeout": {"read": 7.0}}
    assert (stats["requests"], stats["further_requests"], stats["retrievals"]) == (1, 1, 1)
    assert [one.closed for one in inner.streams] == [True, True]


@each_library
@each_way
def test_an_audit_changes_nothing_and_counts_what_would_be_saved(way, library):
    inner = Scripted(library, answer("Hello."))
    request = post(library)
    _, stats = way.send(inner, request, door=Door(CONFIG, audit=True))
    assert inner.requests[0] is request
    assert 0 < stats["tokens_after"] < stats["tokens_before"] / 2


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


class Recorder:
    """Keeps with which error each request ended."""

    stages = frozenset({PipelineStage.RESPONSE_RECEIVED})

    def __init__(self):
        self.errors = []

    def on_pipeline_event(self, event):
        self.errors.append(event.exchange.error)


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
    assert response.json()["choices"][0]["message"]["content"] == "Hello."
    assert len(inner.requests) == 1
    if place != "hook":
        assert inner.requests[0].content == BODY


async def fail_in_a_coroutine(*_):
    raise RuntimeError("ours")


@each_library
@each_way
def test_a_failure_of_ours_before_the_answer_begins_asks_again_as_it_came(way, library, monkeypatch):
    def fail(*_):
        raise RuntimeError("ours")

    monkeypatch.setattr(ChatAnswers, "turn", fail)
    inner = Scripted(library, answer("Lost."), answer("Hello."))
    response, _ = way.send(inner, post(library))
    assert response.json()["choices"][0]["message"]["content"] == "Hello."
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
    assert response.json()["choices"][0]["message"]["content"] == "Hello."
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


# ---- the life of a transport


@each_library
def test_a_client_of_the_library_takes_it(library):
    inner = Scripted(library, answer("Hello."))
    with library.Client(transport=HeadroomTransport(inner, CONFIG)) as client:
        response = client.post(URL, content=BODY, headers=JSON)
        assert response.json()["choices"][0]["message"]["content"] == "Hello."
        assert response.elapsed.total_seconds() > 0
    assert inner.is_closed

    async def awaited():
        inner = Scripted(library, answer("Hello."))
        async with library.AsyncClient(transport=AsyncHeadroomTransport(inner, CONFIG)) as client:
            response = await client.post(URL, content=BODY, headers=JSON)
            assert response.json()["choices"][0]["message"]["content"] == "Hello."
        return inner.is_closed

    assert asyncio.run(awaited())


@each_library
def test_a_client_that_shortens_has_the_settings_of_the_one_behind_it(library):
    """Credentials come last: what signs a request signs what is sent."""
    inner, seen = Scripted(library, (307, {"location": "/v1/chat/completions"}, []), answer("Hello.")), []

    class Signing(library.Auth):
        requires_request_body = True

        def auth_flow(self, request):
            request.headers["x-signature"] = str(len(request.content))
            yield request

    own = library.Client(
        transport=inner,
        auth=Signing(),
        base_url="http://provider.test/v1",
        follow_redirects=True,
        params={"api-version": "7"},
        event_hooks={"response": [lambda response: seen.append(response.status_code)]},
        timeout=4.0,
    )
    with shortening(own, CONFIG) as client:
        assert isinstance(client, library.Client)
        assert client.timeout == own.timeout
        response = client.post("/chat/completions", content=BODY, headers=JSON)
        assert response.json()["choices"][0]["message"]["content"] == "Hello."
        assert not client.is_closed
    first, second = inner.requests
    assert len(first.content) == len(second.content) < len(BODY) / 2
    assert first.headers["x-signature"] == str(len(first.content))
    assert str(first.url) == "http://provider.test/v1/chat/completions?api-version=7"
    assert seen == [307, 200]
    assert client.is_closed
    assert inner.is_closed


@each_library
def test_a_client_in_front_of_an_sdk_s_own_leaves_that_open(library):
    inner, door = Scripted(library), Door(CONFIG)
    own, awaited = library.Client(transport=inner), library.AsyncClient(transport=inner)
    fronted(own, door).close()
    asyncio.run(fronted(awaited, door).aclose())
    assert (own.is_closed, awaited.is_closed, inner.is_closed) == (False, False, False)


@each_library
def test_wishes_of_one_call_reach_the_client_behind(library):
    inner = Scripted(library, (307, {"location": "/v1/chat/completions"}, []))
    with shortening(library.Client(transport=inner, follow_redirects=True), CONFIG) as client:
        response = client.post(URL, content=BODY, headers=JSON, follow_redirects=False, auth=("me", "secret"))
    assert response.status_code == 307
    assert inner.requests[0].headers["authorization"].startswith("Basic ")


@each_library
def test_an_awaited_client_that_shortens_closes_the_one_behind_it(library):
    inner = Scripted(library, answer("Hello."))

    async def ask():
        async with shortening(library.AsyncClient(transport=inner), CONFIG) as client:
            return await client.post(URL, content=BODY, headers=JSON)

    assert asyncio.run(ask()).json()["choices"][0]["message"]["content"] == "Hello."
    assert inner.is_closed
    assert len(inner.requests[0].content) < len(BODY) / 2


@each_library
def test_an_answer_that_a_hook_has_read_can_be_read_again(library):
    packed = gzip.compress(whole("openai-chat", said("Hello.")))
    inner = Scripted(library, (200, {**JSON, "content-encoding": "gzip", "content-length": str(len(packed))}, [packed]))
    own = library.Client(transport=inner, event_hooks={"response": [lambda response: response.read()]})
    with shortening(own, CONFIG) as client:
        response = client.post(URL, content=BODY, headers=JSON)
    assert response.json()["choices"][0]["message"]["content"] == "Hello."


def test_a_client_of_another_library_is_refused():
    with pytest.raises(ConfigError, match="httpx"):
        shortening(object())


@each_library
def test_a_transport_closes_the_one_behind_it_and_leaves_open_a_store_that_was_given(library):
    given = MemoryStore()
    given.put("", "key", b"value")
    inner, awaited = Scripted(library), Scripted(library)
    HeadroomTransport(inner, CONFIG, store=given).close()
    asyncio.run(AsyncHeadroomTransport(awaited, CONFIG, store=given).aclose())
    assert given.get("", "key") == b"value"
    assert inner.is_closed
    assert awaited.is_closed


@each_library
def test_a_sync_client_works_where_an_event_loop_runs(library):
    body = encoded(body_of("openai-chat", [Step(long_sample("long_log", seed)) for seed in range(8)], tools=True))

    async def in_a_notebook():
        inner = Retrieving(library, answer("It was 4711.", number=2))
        response, stats = Sync.send(inner, post(library))
        large = Scripted(library, answer("Hello."))
        Sync.send(large, post(library, body))
        await asyncio.sleep(0)
        return response.json()["choices"][0]["message"]["content"], stats["retrievals"], len(large.requests[0].content)

    text, retrievals, size = asyncio.run(in_a_notebook())
    assert (text, retrievals) == ("It was 4711.", 1)
    assert size < len(body) / 2


@each_library
def test_the_inner_transport_finds_no_event_loop_of_ours(library):
    class Running(Scripted):
        def handle_request(self, request):
            return asyncio.run(self.handle_async_request(request))

    inner = Running(library, answer("Hello."))
    Sync.send(inner, post(library))
    assert len(inner.requests) == 1
