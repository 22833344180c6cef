"""Methods, targets and answers of all kinds pass as they are; bodies of every row: tests/proxy/rows."""

import gzip
import json

import pytest
from proxy.bench import ask, request, through
from proxy.net import OK, Call, Client, Upstream, saying

JSON = (b"Content-Type", b"application/json")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_method_passes(method: str) -> None:
    upstream = Upstream()
    answer = ask(upstream, request(method, "/v1/files/f-1?purpose=x", b"" if method == "GET" else b"payload"))
    assert answer.body == b"{}"
    assert upstream.seen[0].line == f"{method} /v1/files/f-1?purpose=x HTTP/1.1".encode()
    assert upstream.seen[0].body == (b"" if method == "GET" else b"payload")


def test_head_has_the_length_of_the_answer_and_no_body() -> None:
    upstream = Upstream(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: x\r\n\r\n"))
    answer = ask(upstream, request("HEAD", "/v1/models"), head=True)
    assert (answer.status, answer.values(b"content-length"), answer.values(b"etag")) == (200, [b"5"], [b"x"])


@pytest.mark.parametrize("head", [b"204 No Content\r\n", b"304 Not Modified\r\nContent-Length: 9\r\n"])
def test_answers_without_a_body_leave_the_connection_usable(head: bytes) -> None:
    upstream = Upstream(saying(b"HTTP/1.1 " + head + b"\r\n"), saying(OK))

    async def act(client: Client) -> tuple[int, int]:
        await client.send(request("GET", "/v1/models"))
        first = await client.answer()
        await client.send(request("GET", "/v1/models"))
        return first.status, (await client.answer()).status

    assert through(upstream, act) == (int(head[:3]), 200)


@pytest.mark.parametrize(
    "target",
    [
        "/v1/a%2Fb/%zz/../x//y?q=%20+b&q=2&empty=&;=",
        "/v1beta/models/gemini-3:streamGenerateContent?alt=sse&key=a%2Fb",
        "//double/slash",
        "/v1/models/@evil.example:80/",
    ],
)
def test_path_and_query_pass_as_they_were_written(target: str) -> None:
    upstream = Upstream()
    ask(upstream, request("POST", target, b"{}"))
    assert upstream.seen[0].line == f"POST {target} HTTP/1.1".encode()


def test_compressed_answers_pass_undecoded() -> None:
    packed = gzip.compress(b'{"usage": {"prompt_tokens": 5}}')
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    answer = ask(Upstream(saying(head % len(packed) + packed)), request("POST", "/v1/messages", b"{}", JSON))
    assert (answer.body, answer.values(b"content-encoding")) == (packed, [b"gzip"])


def test_an_answer_that_ends_with_its_connection_passes_whole() -> None:
    async def script(call: Call) -> None:
        await call.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end")
        call.writer.close()

    answer = ask(Upstream(script), request("GET", "/v1/models"))
    assert (answer.body, answer.whole) == (b"to the end", True)


def test_large_bodies_pass_both_ways() -> None:
    body = json.dumps({"model": "m", "x": "y" * 3_000_000}).encode()

    async def script(call: Call) -> None:
        await call.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    upstream = Upstream(script)
    for path in ("/v1/chat/completions", "/v1/files"):
        assert ask(upstream, request("POST", path, body, JSON)).body == body
        assert upstream.seen[-1].body == body


def test_the_body_of_an_unknown_route_goes_up_while_it_is_still_coming() -> None:
    async def script(call: Call) -> None:
        call.seen.body = await call.reader.readexactly(4)
        call.seen.closed.set()
        call.seen.body += await call.reader.readexactly(4)
        await call.say(OK)

    upstream = Upstream(script, reads_bodies=False)

    async def act(client: Client) -> int:
        await client.send(request("POST", "/v1/files", b"", (b"Content-Length", b"8")) + b"1234")
        await upstream.asked.wait()
        await upstream.seen[0].closed.wait()
        await client.send(b"5678")
        return (await client.answer()).status

    assert through(upstream, act) == 200
    assert upstream.seen[0].body == b"12345678"
    assert upstream.seen[0].values(b"content-length") == [b"8"]
