"""SIGTERM under load, behind a balancer: nothing that was accepted fails, no stream is cut, and the exit status is 0."""

from __future__ import annotations

import asyncio
import signal
import socket
from pathlib import Path

import pytest
from faults.bench import OK, SSE_HEAD, Provider, Proxy, chunk, in_time, post, request, running, until
from proxy.net import Answer, Call, Client, connected

PER_SECOND = 200
STREAMS = 50
LOOK_SECONDS = 0.1
NOTICE_SECONDS = 1.5
"""Longer than a balancer takes to see that it should turn away, on a machine that is busy."""


class Balancer:
    """Sends requests at a steady pace over connections that it keeps, for as long as `/readyz` says 200."""

    def __init__(self, proxy: Proxy) -> None:
        self.answers: list[Answer | BaseException] = []
        self.sent = 0
        self._proxy = proxy
        self._ready = True
        self._idle: list[Client] = []
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Send until the proxy is not ready any more; return when all is answered."""
        looking = asyncio.create_task(self._look())
        began = asyncio.get_running_loop().time()
        while self._ready:
            due = int((asyncio.get_running_loop().time() - began) * PER_SECOND)
            for _ in range(due - self.sent):
                self.send()
            await asyncio.sleep(1 / PER_SECOND)
        await looking
        await asyncio.gather(*self._under_way)
        for client in self._idle:
            await client.leave()

    def send(self) -> None:
        self.sent += 1
        task = asyncio.create_task(self._ask())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _ask(self) -> None:
        try:
            client = self._idle.pop() if self._idle else await self._come()
            await client.send(post("openai"))
            self.answers.append(await client.answer())
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            self.answers.append(error)
        else:
            self._idle.append(client)

    async def _come(self) -> Client:
        return Client(*await asyncio.open_connection("127.0.0.1", self._proxy.port))

    async def _look(self) -> None:
        while self._ready:
            async with connected(self._proxy.port) as client:
                await client.send(request("GET", "/readyz"))
                self._ready = (await client.answer()).status == 200
            await asyncio.sleep(LOOK_SECONDS)


STILL = 5
"""Requests that come in after the signal whatever happens, however soon the balancer hears of it."""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_proxy_that_is_told_to_stop_under_load_fails_nobody(
    workers: int, tmp_path: Path, listening: socket.socket, url: str
) -> None:
    go_on = asyncio.Event()

    async def script(call: Call) -> None:
        if b"/v1/messages" not in call.seen.line:
            await call.say(OK)
            return
        await call.say(SSE_HEAD + chunk(b"data: 1\n\n"))
        await go_on.wait()
        await call.say(chunk(b"data: 2\n\n") + b"0\r\n\r\n")

    async def stream(proxy: Proxy) -> Answer:
        async with connected(proxy.port) as client:
            await client.send(post("anthropic"))
            return await client.answer()

    async def run(proxy: Proxy) -> None:
        provider = Provider(script)
        async with provider.on(listening):
            if workers > 1:
                await until(lambda: len(proxy.workers) == workers)
            streams = [asyncio.create_task(stream(proxy)) for _ in range(STREAMS)]
            await until(lambda: len(provider.seen) == STREAMS)
            balancer = Balancer(proxy)
            load = asyncio.create_task(balancer.run())
            await until(lambda: len(balancer.answers) > PER_SECOND // 2)
            proxy.process.send_signal(signal.SIGTERM)
            for _ in range(STILL):
                balancer.send()
            await load
            go_on.set()
            ended = await asyncio.gather(*streams)
            assert [(one.whole, one.body) for one in ended] == [(True, b"data: 1\n\ndata: 2\n\n")] * STREAMS
            assert {getattr(one, "status", one) for one in balancer.answers} == {200}
            assert len(balancer.answers) == balancer.sent
            await until(lambda: proxy.process.poll() is not None)
            assert proxy.process.returncode == 0

    with running(tmp_path, url, "--workers", str(workers), "--notice-seconds", str(NOTICE_SECONDS)) as proxy:
        in_time(run(proxy))
