"""Streams are relayed as they come; who leaves ends both sides; a cut is a cut."""

import asyncio
from typing import Any

import pytest
from proxy.bench import ask, config_for, proxied, request, through
from proxy.net import Answer, Call, Client, Upstream, connected, saying
from support.drive import scope_of

from headroom.providers.routes import ROUTES
from headroom.proxy.forwarder import Forwarder
from headroom.proxy.upstream import Upstream as Pool

JSON = (b"Content-Type", b"application/json")
PATHS = [row.example for row in ROUTES] + ["/v1/files"]
SSE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@pytest.mark.parametrize("path", PATHS)
def test_every_chunk_reaches_the_client_before_the_upstream_sends_the_next(path: str) -> None:
    taken = asyncio.Event()
    parts = [b'data: {"a":', b' "\xc3', b'\xa9"}\n\n', b"data: [DONE]\n\n"]

    async def script(call: Call) -> None:
        await call.say(SSE_HEAD)
        for part in parts:
            await call.say(chunk(part))
            await taken.wait()
            taken.clear()
        await call.say(b"0\r\n\r\n")

    async def act(client: Client) -> list[bytes]:
        await client.send(request("POST", path, b'{"stream":true}', JSON))
        await client.reader.readuntil(b"\r\n\r\n")
        got = []
        for _ in parts:
            size = int(await client.reader.readline(), 16)
            got.append((await client.reader.readexactly(size + 2))[:-2])
            taken.set()
        assert await client.reader.readexactly(5) == b"0\r\n\r\n"
        return got

    assert through(Upstream(script), act) == parts


@pytest.mark.parametrize("path", PATHS)
def test_a_client_that_leaves_in_mid_stream_ends_the_upstream_call(path: str) -> None:
    async def script(call: Call) -> None:
        await call.say(SSE_HEAD + chunk(b"data: 1\n\n"))
        await call.until_closed()

    assert asyncio.run(_left(Upstream(script), path, b"data: 1\n\n"))


@pytest.mark.parametrize("path", PATHS)
def test_a_client_that_leaves_while_waiting_ends_the_upstream_call(path: str) -> None:
    async def script(call: Call) -> None:
        await call.until_closed()

    assert asyncio.run(_left(Upstream(script), path, b""))


async def _left(upstream: Upstream, path: str, until: bytes) -> bool:
    """Leave once `until` has come, or the upstream has the request; say whether the upstream noticed."""
    async with asyncio.timeout(10), proxied(upstream) as port:
        async with connected(port) as client:
            await client.send(request("POST", path, b"{}", JSON))
            await upstream.asked.wait()
            if until:
                await client.reader.readuntil(until)
        await upstream.seen[0].closed.wait()
    return True


def test_a_client_that_leaves_in_mid_upload_ends_the_upstream_call() -> None:
    async def script(call: Call) -> None:
        await call.until_closed()

    upstream = Upstream(script, reads_bodies=False)

    async def run() -> None:
        async with asyncio.timeout(10), proxied(upstream) as port:
            async with connected(port) as client:
                await client.send(request("POST", "/v1/files", b"", (b"Content-Length", b"100000")) + b"x" * 1000)
                await upstream.asked.wait()
            await upstream.seen[0].closed.wait()

    asyncio.run(run())


def test_a_client_that_leaves_before_its_body_is_whole_reaches_no_upstream() -> None:
    upstream = Upstream()

    async def run() -> None:
        async with asyncio.timeout(10), proxied(upstream) as port:
            async with connected(port) as client:
                await client.send(request("POST", "/v1/messages", b"", JSON, (b"Content-Length", b"9")) + b"{")
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.05)

    asyncio.run(run())
    assert upstream.seen == []


@pytest.mark.parametrize("path", PATHS)
def test_an_upstream_that_breaks_off_in_mid_stream_is_seen_as_a_cut(path: str) -> None:
    async def script(call: Call) -> None:
        await call.say(SSE_HEAD + chunk(b"data: 1\n\n"))
        call.writer.close()

    answer = ask(Upstream(script), request("POST", path, b"{}", JSON))
    assert (answer.status, answer.whole) == (200, False)


def test_an_answer_shorter_than_its_length_is_seen_as_a_cut() -> None:
    async def script(call: Call) -> None:
        await call.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
        call.writer.close()

    answer = ask(Upstream(script), request("POST", "/v1/messages", b"{}", JSON))
    assert (answer.status, answer.whole) == (200, False)


def test_an_upstream_that_stops_in_mid_stream_is_given_up_after_the_read_timeout() -> None:
    async def script(call: Call) -> None:
        await call.say(SSE_HEAD + chunk(b"data: 1\n\n"))
        await call.until_closed()

    upstream = Upstream(script)
    answer = ask(upstream, request("POST", "/v1/messages", b"{}", JSON), read_timeout=0.2)
    assert not answer.whole


def test_an_early_refusal_reaches_a_client_that_is_still_uploading() -> None:
    upstream = Upstream(
        saying(b"HTTP/1.1 413 No\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig"), reads_bodies=False
    )

    async def act(client: Client) -> Answer:
        await client.send(request("PUT", "/v1/files", b"", (b"Content-Length", b"100000")) + b"x" * 1000)
        return await client.answer()

    answer = through(upstream, act)
    assert (answer.status, answer.body) == (413, b"big")


def test_one_connection_serves_one_request_after_another() -> None:
    upstream = Upstream()

    async def act(client: Client) -> list[int]:
        statuses = []
        for _ in range(5):
            await client.send(request("POST", "/v1/messages", b"{}", JSON))
            statuses.append((await client.answer()).status)
        return statuses

    assert through(upstream, act) == [200] * 5
    assert upstream.connections == 1


def test_the_end_that_a_server_reports_after_the_answer_is_no_leaving() -> None:
    ended = asyncio.Event()
    accounted = []

    async def run() -> None:
        messages = [{"type": "http.request", "body": b"{}", "more_body": False}]

        async def receive() -> Any:
            if messages:
                return messages.pop()
            await ended.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.body" and not message["more_body"]:
                ended.set()
                await asyncio.sleep(0.01)  # as a middleware that accounts after the last part
                accounted.append(message["body"])

        upstream = Upstream()
        async with upstream.listening() as url:
            pool = Pool(config_for(url))
            await Forwarder(config_for(url), pool)(scope_of("/v1/messages"), receive, send)
            await pool.aclose()

    asyncio.run(run())
    assert accounted == [b"{}"]
