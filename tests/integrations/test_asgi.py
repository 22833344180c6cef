"""The middleware as an ASGI server sees it, message by message."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.drive import Inner, answer_of, chunked, drive, post, scope_of
from support.samples import sample
from support.wires import Step, body_of, encoded, outputs_of

from headroom.integrations.asgi import MARK, HeadroomASGIMiddleware
from headroom.proxy.config import ProxyConfig
from headroom.transforms.base import Transform
from headroom.transforms.pipeline import DEFAULT_TRANSFORMS

BODY = encoded(body_of("anthropic", [Step(sample("search_lines"))]))
PATH = "/v1/messages"


def _app(inner, **options):
    return HeadroomASGIMiddleware(inner, ProxyConfig(**options))


@given(size=st.integers(1, len(BODY) + 5), empty=st.integers(0, 3))
def test_a_body_in_any_number_of_chunks_is_one_body(size, empty):
    inner = Inner()
    messages = [{"type": "http.request", "more_body": True}] * empty + chunked(BODY, size)
    drive(_app(inner), scope_of(PATH), messages)
    assert len(inner.received) == 1
    assert inner.body != BODY
    assert json.loads(inner.body).keys() == json.loads(BODY).keys()


@pytest.mark.parametrize("chunks", [0, 1, 3])
def test_a_client_that_leaves_while_sending_is_passed_on_without_spinning(chunks):
    asked = 0
    waiting = chunked(BODY, len(BODY) // 5)[:chunks]
    seen = []

    async def inner(scope, receive, send):
        while True:
            seen.append(await receive())
            if seen[-1]["type"] == "http.disconnect":
                return

    async def receive():
        nonlocal asked
        asked += 1
        assert asked < 10
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message):
        raise AssertionError(message)

    import asyncio

    asyncio.run(_app(inner)(scope_of(PATH), receive, send))
    assert len(seen) == chunks + 1
    assert asked == chunks + 1


@pytest.mark.parametrize(
    "scope",
    [
        {"type": "lifespan", "asgi": {"version": "3.0"}},
        {"type": "websocket", "path": "/v1/responses", "headers": [(b"content-type", b"application/json")]},
        {"type": "something.new"},
        *(scope_of(PATH, method) for method in ("GET", "HEAD", "OPTIONS", "PATCH", "PUT", "DELETE")),
        scope_of("/", "POST"),
        scope_of("/v1/embeddings", "POST"),
        scope_of("/v1/messages/x", "POST"),
        scope_of(PATH, headers=[(b"content-type", b"multipart/form-data; boundary=x")]),
        scope_of(PATH, headers=[(b"content-type", b"text/plain")]),
        scope_of(PATH, headers=[]),
    ],
    ids=lambda scope: f"{scope['type']} {scope.get('method', '')} {scope.get('path', '')} {scope.get('headers', '')}",
)
def test_what_is_not_an_llm_call_gets_the_very_same_scope_receive_and_send(scope):
    given = []

    async def inner(*args):
        given.append(args)

    async def receive():
        raise AssertionError("the body is not ours to read")

    async def send(message):
        raise AssertionError(message)

    import asyncio

    asyncio.run(_app(inner)(scope, receive, send))
    assert given[0][0] is scope
    assert given[0][1:] == (receive, send)


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8", "application/vnd.api+json"])
def test_json_content_types_are_known_in_every_spelling(kind):
    inner = Inner()
    drive(_app(inner), scope_of(PATH, headers=[(b"Content-Type", kind.encode())]), chunked(BODY, len(BODY)))
    assert inner.body != BODY


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[1]",
        b"nonsense",
        b'{"messages": null}',
        b'{"messages": {}}',
        b'{"messages": "x"}',
        b'{"messages": [null, 3]}',
        b'{"messages": [{"role": "user", "content": "\\ud800"}]}',
        b'{"messages": "\xc3"}',
        b'{"a":' * 100_000 + b"0" + b"}" * 100_000,
    ],
    ids=lambda body: repr(body[:40]),
)
def test_bodies_that_providers_may_refuse_reach_them_as_they_came(body):
    inner = Inner()
    status, _, _ = answer_of(post(_app(inner), PATH, body))
    assert (status, inner.body) == (200, body)


def test_framing_headers_fit_the_new_body_and_all_others_stay_in_order():
    given = [
        (b"Host", b"h"),
        (b"content-type", b"application/json"),
        (b"X-Twice", b"1"),
        (b"Content-Length", str(len(BODY)).encode()),
        (b"x-twice", b"2"),
        (b"Transfer-Encoding", b"chunked"),
        (b"anthropic-beta", b"a,b"),
    ]
    inner = Inner()
    drive(_app(inner), scope_of(PATH, headers=given), chunked(BODY, 999))
    kept = [pair for pair in given if pair[0].lower() not in {b"content-length", b"transfer-encoding"}]
    assert inner.scope["headers"] == [*kept, (b"content-length", str(len(inner.body)).encode())]


def test_an_unchanged_body_keeps_every_header_as_it_came():
    inner = Inner()
    scope = scope_of(PATH, headers=[(b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")])
    drive(_app(inner), scope, chunked(b'{"messages":[]}', 4))
    assert inner.scope["headers"] == scope["headers"]
    assert inner.received == [{"type": "http.request", "body": b'{"messages":[]}', "more_body": False}]


def test_routes_of_the_host_app_are_ours_if_the_config_says_so():
    body = encoded(body_of("openai-chat", [Step(sample("search_lines"))]))
    config = {"paths": {"/chat": "auto", "/agents/*": "openai-chat"}}
    for path, ours in (("/chat", True), ("/agents/seven/run", True), ("/chats", False)):
        inner = Inner()
        post(_app(inner, **config), path, body)
        assert (inner.body != body) is ours, path
    for wire in ("anthropic", "gemini", "openai-responses"):
        inner = Inner()
        body = encoded(body_of(wire, [Step(sample("search_lines"))]))
        post(_app(inner, **config), "/chat", body)
        assert outputs_of(wire, json.loads(inner.body)) != outputs_of(wire, json.loads(body))


def test_a_route_of_the_host_with_another_shape_of_body_is_left_alone():
    inner = Inner()
    post(_app(inner, paths={"/chat": "auto"}), "/chat", b'{"question": "why?"}')
    assert inner.body == b'{"question": "why?"}'


class Signed(Transform):
    name = "signed"

    def apply_response(self, payload):
        return {**payload, "id": "ours"}


def test_a_transform_that_wants_answers_changes_whole_json_answers_and_nothing_else():
    config = {"transforms": [*DEFAULT_TRANSFORMS, Signed()]}
    answer = b'{ "id" : "theirs", "n": 1.0 }'
    json_headers = ((b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode()))
    sent = post(_app(Inner(headers=json_headers, chunks=(answer[:9], answer[9:])), **config), PATH, b"{}")
    status, headers, body = answer_of(sent)
    assert (status, body) == (200, b'{ "id" : "ours", "n": 1.0 }')
    assert headers[b"content-length"] == str(len(body)).encode()
    stream = ((b"content-type", b"text/event-stream"),)
    _, _, body = answer_of(post(_app(Inner(headers=stream, chunks=(answer,)), **config), PATH, b"{}"))
    assert body == answer
    garbage = ((b"content-type", b"application/json"), (b"content-length", b"7"))
    _, _, body = answer_of(post(_app(Inner(headers=garbage, chunks=(b"garbage",)), **config), PATH, b"{}"))
    assert body == b"garbage"


def test_transforms_are_switched_per_app_while_it_runs():
    config, other = ProxyConfig(), ProxyConfig()
    inner = Inner()
    app, neighbour = HeadroomASGIMiddleware(inner, config), HeadroomASGIMiddleware(inner, other)

    def changed(door):
        inner.received.clear()
        post(door, PATH, BODY)
        return inner.body != BODY

    assert changed(app)
    config.transforms.disable("search")
    assert not changed(app)
    assert changed(neighbour)
    config.transforms.enable("search_compressor")
    assert changed(app)


def test_the_exchange_is_where_the_inner_app_finds_it():
    inner = Inner()
    post(_app(inner), PATH, BODY)
    assert inner.scope[MARK].model == "claude-sonnet-4-5"
    assert inner.scope[MARK].outcome.tokens_saved > 0
