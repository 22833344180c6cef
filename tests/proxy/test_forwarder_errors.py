"""Errors of ours: the provider's shape, a request id, no internal text, nothing sent where it was refused."""

import asyncio
import json
import socket

import pytest
from proxy.bench import ask, config_for, request
from proxy.net import OK, Answer, Call, Upstream, connected, saying, serving

from headroom.providers.routes import ROUTES
from headroom.providers.vendors import GEMINI, OPENAI, Vendor
from headroom.proxy.server import create_app
from headroom.proxy.upstream import Upstream as Pool

JSON = (b"Content-Type", b"application/json")
ROWS = [(row.example, row.vendor) for row in ROUTES] + [("/v1/embeddings", OPENAI), ("/v1beta/files", GEMINI)]


def shape(vendor: Vendor, body: bytes) -> tuple[object, str]:
    """Return the provider's own word for the kind of error, and the message."""
    error = json.loads(body)["error"]
    if vendor.name == "gemini":
        return error["status"], error["message"]
    if vendor.name == "anthropic":
        assert json.loads(body)["type"] == "error"
    return error["type"], error["message"]


def refused(path: str) -> Answer:
    """Ask through a proxy whose upstream does not listen."""

    async def run() -> Answer:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            config = config_for(f"http://127.0.0.1:{closed.getsockname()[1]}", retry_max_attempts=0)
            pool = Pool(config)
            async with serving(create_app(config, upstream=pool)) as port, connected(port) as client:
                await client.send(request("POST", path, b"{}", JSON))
                answer = await client.answer()
            await pool.aclose()
            return answer

    return asyncio.run(run())


@pytest.mark.parametrize(("path", "vendor"), ROWS)
def test_an_upstream_that_is_not_there_is_a_502_in_the_providers_shape(path: str, vendor: Vendor) -> None:
    answer = refused(path)
    kind, message = shape(vendor, answer.body)
    assert answer.status == 502
    assert kind == {"openai": "server_error", "anthropic": "api_error", "gemini": "UNAVAILABLE"}[vendor.name]
    assert message == "The upstream could not be reached."
    assert len(answer.values(b"x-headroom-request-id")) == 1
    assert json.loads(answer.body)["request_id"].encode() == answer.values(b"x-headroom-request-id")[0]


@pytest.mark.parametrize(("path", "vendor"), ROWS)
def test_an_upstream_that_does_not_answer_is_a_504(path: str, vendor: Vendor) -> None:
    async def script(call: Call) -> None:
        await call.until_closed()

    answer = ask(Upstream(script), request("POST", path, b"{}", JSON), read_timeout=0.1)
    kind, _ = shape(vendor, answer.body)
    assert answer.status == 504
    assert kind == {"openai": "server_error", "anthropic": "timeout_error", "gemini": "DEADLINE_EXCEEDED"}[vendor.name]


@pytest.mark.parametrize("said", [b"", b"no HTTP at all\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Le"])
def test_an_upstream_that_answers_no_http_is_a_502_and_is_not_asked_again(said: bytes) -> None:
    async def script(call: Call) -> None:
        await call.say(said)
        call.writer.close()

    upstream = Upstream(script)
    answer = ask(upstream, request("POST", "/v1/messages", b"{}", JSON))
    assert answer.status == 502
    assert len(upstream.seen) == 1
    assert b"Error" not in answer.body.replace(b"api_error", b"")


def test_an_upstream_that_takes_no_bytes_is_given_up_after_the_timeout() -> None:
    async def script(call: Call) -> None:
        await asyncio.sleep(0.6)

    upstream = Upstream(script, reads_bodies=False)
    answer = ask(upstream, request("POST", "/v1/messages", b"{" + b" " * 12_000_000 + b"}", JSON), read_timeout=0.2)
    assert answer.status == 504


@pytest.mark.parametrize("path", [row.example for row in ROUTES])
def test_a_body_over_the_cap_is_a_413_and_nothing_is_sent(path: str) -> None:
    upstream = Upstream()
    answer = ask(upstream, request("POST", path, b"x" * 2000, JSON), max_body_bytes=1000)
    assert answer.status == 413
    assert upstream.seen == []


def test_the_cap_is_for_bodies_that_are_read_not_for_those_that_stream_through() -> None:
    upstream = Upstream()
    assert ask(upstream, request("POST", "/v1/files", b"x" * 2000), max_body_bytes=1000).status == 200
    assert len(upstream.seen[0].body) == 2000


def test_a_target_that_is_no_path_is_refused() -> None:
    upstream = Upstream()
    assert ask(upstream, request("OPTIONS", "*")).status == 400
    assert upstream.seen == []


@pytest.mark.parametrize("status", [429, 503, 529])
def test_a_request_that_was_not_accepted_is_sent_again(status: int) -> None:
    busy = saying(b"HTTP/1.1 %d Busy\r\nRetry-After: 0\r\nContent-Length: 4\r\n\r\nbusy" % status)
    upstream = Upstream(busy, saying(OK))
    answer = ask(upstream, request("POST", "/v1/messages", b'{"a":1}', JSON))
    assert (answer.status, answer.body) == (200, b"{}")
    assert [seen.body for seen in upstream.seen] == [b'{"a":1}'] * 2


@pytest.mark.parametrize(
    "head",
    [b"429 Busy\r\nRetry-After: 30\r\n", b"503 Down\r\nX-Should-Retry: false\r\n", b"500 Broken\r\n", b"400 Bad\r\n"],
)
def test_an_answer_that_is_no_invitation_is_relayed_at_once(head: bytes) -> None:
    upstream = Upstream(saying(b"HTTP/1.1 " + head + b"Content-Length: 2\r\n\r\nno"))
    answer = ask(upstream, request("POST", "/v1/messages", b"{}", JSON))
    assert (answer.status, answer.body) == (int(head[:3]), b"no")
    assert len(upstream.seen) == 1


def test_a_body_that_was_streamed_is_never_sent_twice() -> None:
    upstream = Upstream(saying(b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"))
    raw = request("POST", "/v1/files", b"", (b"Transfer-Encoding", b"chunked"))
    assert ask(upstream, raw + b"1\r\nx\r\n0\r\n\r\n").status in (200, 503)
    large = request("POST", "/v1/files", b"x" * 300_000)
    assert ask(upstream, large).status == 503
    assert sum(len(seen.body) == 300_000 for seen in upstream.seen) == 1


def test_retries_end_after_the_configured_number() -> None:
    upstream = Upstream(saying(b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"))
    assert ask(upstream, request("POST", "/v1/messages", b"{}", JSON), retry_max_attempts=2).status == 503
    assert len(upstream.seen) == 3
