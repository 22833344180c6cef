"""Clients that leave: at whatever moment, the provider is let go, nothing stays behind, and it is in the ledger."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Iterator

import pytest
from faults.bench import JSON, SSE_HEAD, WIRES, Provider, Proxy, chunk, in_time, post, request, running, until
from proxy.net import Call, Client, connected, saying

SLOW = "import time, headroom.pipeline.run as run\nreal = run.Pipeline.run\n"
"""Compression that takes its time: half a second a body."""
SLOW += "run.Pipeline.run = lambda *given: (time.sleep(0.5), real(*given))[1]"
AGAIN = b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbusy"
LAST_HEAD = SSE_HEAD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
EVERY_WIRE = pytest.mark.parametrize("wire", WIRES)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory, url: str) -> Iterator[Proxy]:
    with running(tmp_path_factory.mktemp("proxy"), url, "--read-timeout", "30") as one:
        yield one


async def waiting(call: Call) -> None:
    await call.until_closed()


async def streaming(call: Call) -> None:
    await call.say(SSE_HEAD + chunk(b'data: {"a": 1}\n\n'))
    await call.until_closed()


async def flooding(call: Call) -> None:
    await call.say(SSE_HEAD)
    while True:  # until the connection breaks
        await call.say(chunk(b"data: " + b"x" * 60_000 + b"\n\n"))
        await asyncio.sleep(0)


def left(
    proxy: Proxy,
    listening: socket.socket,
    provider: Provider,
    act: Callable[[Client], Awaitable[object]],
    *,
    lets_go: bool = False,
) -> dict[str, int]:
    """Leave after an act; return the failures in the ledger once nothing of the request is left in the proxy.

    With `lets_go` a provider that waits for its end is to see it.
    """

    async def run() -> dict[str, int]:
        async with provider.on(listening):
            await proxy.forget()
            before = proxy.sockets
            async with connected(proxy.port) as client:
                await act(client)
            view = await proxy.booked()
            await until(lambda: proxy.sockets <= before)
            if lets_go:
                await provider.seen[0].closed.wait()
            assert view["requests"]["total"] == 1
            failures: dict[str, int] = view["failures"]
            return failures

    found: dict[str, int] = in_time(run())
    return found


@EVERY_WIRE
def test_leaving_while_the_provider_thinks_ends_its_call(proxy: Proxy, listening: socket.socket, wire: str) -> None:
    provider = Provider(waiting)

    async def act(client: Client) -> None:
        await client.send(post(wire))
        await provider.asked.wait()

    assert left(proxy, listening, provider, act, lets_go=True) == {"client_left": 1}


@EVERY_WIRE
def test_leaving_in_mid_stream_ends_the_call(proxy: Proxy, listening: socket.socket, wire: str) -> None:
    provider = Provider(streaming)

    async def act(client: Client) -> None:
        await client.send(post(wire))
        await client.reader.readuntil(b"data: ")

    assert left(proxy, listening, provider, act, lets_go=True) == {"client_left": 1}


@EVERY_WIRE
def test_leaving_without_reading_what_has_come_ends_the_call(proxy: Proxy, listening: socket.socket, wire: str) -> None:
    provider = Provider(flooding)

    async def act(client: Client) -> None:
        await client.send(post(wire))
        await asyncio.sleep(0.3)  # until nothing more goes through

    assert left(proxy, listening, provider, act) == {"client_left": 1}


@EVERY_WIRE
def test_leaving_in_mid_upload_reaches_no_provider(proxy: Proxy, listening: socket.socket, wire: str) -> None:
    provider = Provider()

    async def act(client: Client) -> None:
        whole = post(wire)
        await client.send(whole[:-9])
        await asyncio.sleep(0.1)

    assert left(proxy, listening, provider, act) == {"client_left": 1}
    assert provider.seen == []


def test_leaving_in_mid_upload_of_what_streams_through_ends_the_call(proxy: Proxy, listening: socket.socket) -> None:
    provider = Provider(waiting, reads_bodies=False)

    async def run() -> None:
        async with provider.on(listening):
            before = proxy.sockets
            async with connected(proxy.port) as client:
                await client.send(request("POST", "/v1/files", b"", (b"Content-Length", b"100000")) + b"x" * 1000)
                await provider.asked.wait()
            await provider.seen[0].closed.wait()
            await until(lambda: proxy.sockets <= before)

    in_time(run())


def test_leaving_before_the_request_is_sent_again_leaves_it_at_that(proxy: Proxy, listening: socket.socket) -> None:
    provider = Provider(saying(AGAIN))

    async def act(client: Client) -> None:
        await client.send(post("openai"))
        await provider.asked.wait()
        await asyncio.sleep(0.1)

    assert left(proxy, listening, provider, act) == {"client_left": 1}
    assert len(provider.seen) == 1


def test_leaving_while_the_body_is_compressed_reaches_no_provider(
    tmp_path_factory: pytest.TempPathFactory, listening: socket.socket, url: str
) -> None:
    text = " ".join(f"word{n}" for n in range(8_000))  # large enough for a thread of its own
    body = json.dumps({"model": "gpt-5", "messages": [{"role": "user", "content": text}]}).encode()
    provider = Provider()

    async def run(proxy: Proxy) -> dict[str, int]:
        async with provider.on(listening):
            assert (await proxy.ask()).status == 200  # so that a connection to the provider is at hand
            await proxy.forget()
            async with connected(proxy.port) as client:
                await client.send(request("POST", WIRES["openai"], body, JSON))
                await asyncio.sleep(0.2)
            failures: dict[str, int] = (await proxy.booked())["failures"]
            return failures

    with running(tmp_path_factory.mktemp("slow"), url, before=SLOW) as proxy:
        assert in_time(run(proxy)) == {"client_left": 1}
    assert len(provider.seen) == 1


def test_a_hundred_who_leave_at_all_moments_leave_nothing_behind(proxy: Proxy, listening: socket.socket) -> None:
    async def script(call: Call) -> None:
        await call.say(LAST_HEAD)
        for number in range(20):
            await call.say(chunk(b"data: %d\n\n" % number))
            await asyncio.sleep(0.01)
        await call.say(b"0\r\n\r\n")
        call.writer.close()

    async def one(number: int) -> None:
        whole = post(list(WIRES)[number % 3])
        async with connected(proxy.port) as client:
            await client.send(whole[: len(whole) * (number + 1) // 60])
            await asyncio.sleep(number % 17 / 50)

    async def run() -> None:
        async with Provider(script).on(listening):
            await proxy.forget()
            before = proxy.sockets
            await asyncio.gather(*(one(number) for number in range(100)))
            await until(lambda: proxy.sockets <= before)
            view = await proxy.view()
            assert set(view["failures"]) == {"client_left"}
            assert 41 <= view["requests"]["total"] <= 100  # the rest had not said all that is needed to know a request
            assert (await proxy.ask()).whole

    in_time(run())
