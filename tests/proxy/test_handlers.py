"""Handlers: found by name in three ways, compressed for like any route, and never the cause of an unshaped error."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from proxy.bench import ask, request, through
from proxy.net import Answer, Client, Upstream

from headroom.errors import ConfigError, UpstreamError
from headroom.providers.vendors import OPENAI
from headroom.proxy.extensions import register_handler
from headroom.proxy.handlers import BaseHandlerMixin, ForwardingHandler, find, unregister
from headroom.proxy.handlers.dummy import DummyHandler

JSON = (b"Content-Type", b"application/json")
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}]}).encode()
WAYS = {
    "token": ("/v1/chat/completions", (b"Authorization", b"Bearer dummy")),
    "header": ("/v1/chat/completions", (b"X-Headroom-Upstream", b"Dummy")),
    "prefix": ("/dummy/v1/chat/completions", (b"X-Nothing", b"1")),
}


@pytest.fixture(autouse=True)
def _forget_test_handlers() -> Iterator[None]:
    yield
    unregister("test")


def ask_test_handler(body: bytes = BODY, **options: Any) -> Answer:
    return ask(Upstream(), request("POST", "/test/v1/chat/completions", body, JSON), **options)


@pytest.mark.parametrize("way", WAYS)
def test_a_handler_is_found_by_its_name(way: str) -> None:
    path, header = WAYS[way]
    upstream = Upstream()
    answer = ask(upstream, request("POST", path, BODY, JSON, header))
    assert json.loads(answer.body)["echo"] == json.loads(BODY)
    assert upstream.seen == []


def test_every_step_of_a_handler_is_run_in_order() -> None:
    class Steps(BaseHandlerMixin):
        def prepare_request(self, request_body: dict[str, Any]) -> dict[str, Any]:
            return {"steps": ["prepare"]}

        async def call_provider(self, request_body: dict[str, Any]) -> dict[str, Any]:
            await asyncio.sleep(0)
            return {"steps": [*request_body["steps"], "call"]}

        def postprocess_response(self, response: dict[str, Any]) -> dict[str, Any]:
            return {"steps": [*response["steps"], "postprocess"]}

    register_handler("test", Steps)
    assert json.loads(ask_test_handler().body) == {"steps": ["prepare", "call", "postprocess"]}


def test_a_handler_that_breaks_is_a_502_without_its_text() -> None:
    class Broken(DummyHandler):
        async def call_provider(self, request_body: dict[str, Any]) -> dict[str, Any]:
            raise ZeroDivisionError("secret detail")

    register_handler("test", Broken())
    answer = ask_test_handler()
    assert answer.status == 502
    assert b"secret" not in answer.body


def test_a_handler_may_refuse_in_its_own_words() -> None:
    class Away(DummyHandler):
        async def call_provider(self, request_body: dict[str, Any]) -> dict[str, Any]:
            raise UpstreamError("The model is being loaded.")

    register_handler("test", Away)
    answer = ask_test_handler()
    assert json.loads(answer.body)["error"]["message"] == "The model is being loaded."


class Whole(BaseHandlerMixin):
    """A handler with the least that one must have."""

    async def call_provider(self, request_body: dict[str, Any]) -> dict[str, Any]:
        return {}


@pytest.mark.parametrize("body", [b"no json", b"[1]", b'{"a": "\xff"}', b'{"stream": true}', b"[" * 100_000])
def test_bodies_that_a_handler_cannot_answer_are_a_400(body: bytes) -> None:
    register_handler("test", Whole)
    assert ask_test_handler(body).status == 400


def test_a_streamed_body_is_collected_up_to_the_cap() -> None:
    register_handler("test", DummyHandler)
    head = request("POST", "/test/v1/other", b"", (b"Transfer-Encoding", b"chunked"))
    raw = head + b"".join(b"1\r\n%s\r\n" % bytes([byte]) for byte in b'{"a":1}') + b"0\r\n\r\n"
    assert json.loads(ask(Upstream(), raw).body)["echo"] == {"a": 1}
    assert ask(Upstream(), raw, max_body_bytes=3).status == 413


def test_an_upload_that_is_refused_half_way_is_not_read_to_its_end() -> None:
    register_handler("test", DummyHandler)

    async def act(client: Client) -> Answer:
        await client.send(request("POST", "/test/v1/other", b"", (b"Content-Length", b"300000")) + b"x" * 2000)
        return await client.answer()

    refusal = through(Upstream(), act, max_body_bytes=1000)
    assert (refusal.status, refusal.values(b"connection")) == (413, [b"close"])


def test_a_forwarding_handler_sends_to_its_own_base() -> None:
    class Elsewhere(ForwardingHandler):
        vendor = OPENAI
        base_url = "http://127.0.0.1:9"

    register_handler("test", Elsewhere)
    upstream = Upstream()
    answer = ask(upstream, request("POST", "/test/v1/models", b"{}"), retry_max_attempts=0)
    assert (answer.status, upstream.seen) == (502, [])


ROUTES = {
    "openai": "/v1/chat/completions",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/g:generateContent",
    "vertex": "/v1/projects/p/locations/global/publishers/google/models/g:generateContent",
    "bedrock": "/model/anthropic.claude/invoke",
}


@pytest.mark.parametrize("name", ROUTES)
def test_every_route_goes_through_the_handler_that_is_registered_for_its_provider(name: str) -> None:
    upstream = Upstream()
    built_in = find(name)
    assert built_in is not None
    try:
        assert ask(upstream, request("POST", ROUTES[name], BODY, JSON)).status == 200
        register_handler(name, DummyHandler)
        assert json.loads(ask(upstream, request("POST", ROUTES[name], BODY, JSON)).body)["echo"] == json.loads(BODY)
        unregister(name)
        assert ask(upstream, request("POST", ROUTES[name], BODY, JSON)).status == 403
    finally:
        register_handler(name, built_in)
    assert len(upstream.seen) == 1


STREAM = json.dumps({**json.loads(BODY), "stream": True}).encode()


@pytest.mark.parametrize("way", WAYS)
def test_a_handler_streams_its_events(way: str) -> None:
    path, header = WAYS[way]
    answer = ask(Upstream(), request("POST", path, STREAM, JSON, header))
    assert (answer.status, answer.values(b"content-type")) == (200, [b"text/event-stream"])
    *chunks, done, rest = answer.body.decode().split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    assert [json.loads(chunk.removeprefix("data: "))["object"] for chunk in chunks] == ["chat.completion.chunk"] * 2
    assert json.loads(chunks[0].removeprefix("data: "))["echo"] == json.loads(STREAM)


def test_events_with_a_type_are_sent_under_its_name() -> None:
    class Typed(DummyHandler):
        async def stream_provider(self, request_body: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
            yield {"type": "message_stop"}

    register_handler("test", Typed)
    assert ask_test_handler(STREAM).body == b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


@pytest.mark.parametrize("events", [0, 1])
def test_a_stream_that_breaks_is_a_502_until_it_has_begun_and_cut_afterwards(events: int) -> None:
    class Breaking(DummyHandler):
        async def stream_provider(self, request_body: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
            for number in range(events):
                yield {"number": number}
            raise ZeroDivisionError("secret detail")

    register_handler("test", Breaking)
    answer = ask_test_handler(STREAM)
    assert b"secret" not in answer.body
    assert (answer.status, answer.whole) == ((200, False) if events else (502, True))


@pytest.mark.parametrize("name", ["", "Upper", "a/b", "-x", "a b"])
def test_names_that_cannot_be_part_of_a_path_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="handler name"):
        register_handler(name, DummyHandler)


def test_an_object_that_is_no_handler_is_refused() -> None:
    with pytest.raises(ConfigError, match="derive"):
        register_handler("test", object)  # type: ignore[arg-type]
