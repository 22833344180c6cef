"""Upstreams that fail, and what is tried again. The shape of errors of ours on every row: tests/proxy/rows."""

import asyncio

import pytest
from proxy.bench import ask, request
from proxy.net import OK, Call, Upstream, saying

JSON = (b"Content-Type", b"application/json")


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
