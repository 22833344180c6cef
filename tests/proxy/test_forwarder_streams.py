"""Streams are relayed as they come; who leaves ends both sides; a cut is a cut."""

import asyncio
from typing import Any

from proxy.bench import ask, config_for, proxied, request, through
from proxy.net import Answer, Call, Client, Upstream, connected, saying
from support.drive import scope_of

from headroom.proxy.forwarder import Forwarder
from headroom.proxy.upstream import Upstream as Pool

JSON = (b"Content-Type", b"application/json")
SSE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


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
