"""Handlers: found by name in three ways, compressed for like any route, and never the cause of an unshaped error."""

import asyncio
import json
from collections.abc import Iterator
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


@pytest.mark.parametrize("body", [b"no json", b"[1]", b'{"a": "\xff"}', b'{"stream": true}', b"[" * 100_000])
def test_bodies_that_a_handler_cannot_answer_are_a_400(body: bytes) -> None:
    register_handler("test", DummyHandler)
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


@pytest.mark.parametrize("name", ["openai", "anthropic", "gemini", "dummy"])
def test_the_built_in_handlers_are_registered_as_any_other(name: str) -> None:
    assert find(name) is not None


@pytest.mark.parametrize("name", ["", "Upper", "a/b", "-x", "a b"])
def test_names_that_cannot_be_part_of_a_path_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="handler name"):
        register_handler(name, DummyHandler)


def test_an_object_that_is_no_handler_is_refused() -> None:
    with pytest.raises(ConfigError, match="derive"):
        register_handler("test", object)  # type: ignore[arg-type]
