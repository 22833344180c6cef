"""A worker that is killed under load: the others answer, it is replaced, and what it had published stays counted."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from pathlib import Path

from faults.bench import OK, SSE_HEAD, Provider, Proxy, chunk, in_time, post, running, sockets_of, until
from proxy.net import Call, connected, saying

from headroom.proxy.ledgers import PUBLISH_SECONDS

CLIENTS = 6
UNPUBLISHED = PUBLISH_SECONDS + 1.0
"""Seconds before a death of which nothing may be known, on a machine that is busy."""


class Load:
    """Clients that ask all the time, and once more where a connection breaks, as the SDKs do."""

    def __init__(self, proxy: Proxy) -> None:
        self.answered: list[float] = []
        self.broken = 0
        self._proxy = proxy
        self._ends = False
        self._clients = [asyncio.create_task(self._ask()) for _ in range(CLIENTS)]

    async def _ask(self) -> None:
        while not self._ends:
            try:
                answer = await self._proxy.ask()
            except (ConnectionError, asyncio.IncompleteReadError):
                self.broken += 1
                continue
            assert (answer.status, answer.whole) == (200, True)
            self.answered.append(time.monotonic())
            await asyncio.sleep(0.05)

    async def end(self) -> None:
        self._ends = True
        await asyncio.gather(*self._clients)


def test_a_worker_that_is_killed_under_load_takes_with_it_what_it_has_under_way_and_no_more(
    tmp_path: Path, listening: socket.socket, url: str
) -> None:
    async def run(proxy: Proxy) -> None:
        async with Provider(saying(OK)).on(listening):
            await until(lambda: len(proxy.workers) == 2)
            before = proxy.workers
            load = Load(proxy)
            await asyncio.sleep(UNPUBLISHED + 0.5)
            victim = min(before)
            os.kill(victim, signal.SIGKILL)
            killed = time.monotonic()
            await until(lambda: len(proxy.workers - before) == 1)
            await asyncio.sleep(0.5)
            await load.end()
            assert max(load.answered) > killed
            assert load.broken <= CLIENTS
            lost = sum(killed - UNPUBLISHED < moment <= killed for moment in load.answered)
            known = len(load.answered) - lost
            assert known > 0
            counted = (await proxy.booked(known))["requests"]["total"]
            assert counted <= len(load.answered) + load.broken
            assert f"worker {victim} has ended with -9 and is replaced" in proxy.said()

    with running(tmp_path, url, "--workers", "2") as proxy:
        in_time(run(proxy))


def test_streams_of_the_other_workers_go_on(tmp_path: Path, listening: socket.socket, url: str) -> None:
    go_on = asyncio.Event()

    async def script(call: Call) -> None:
        await call.say(SSE_HEAD + chunk(b"data: 1\n\n"))
        await go_on.wait()
        await call.say(chunk(b"data: 2\n\n") + b"0\r\n\r\n")

    async def one(proxy: Proxy) -> bool:
        """Whether a stream comes to its end."""
        async with connected(proxy.port) as client:
            await client.send(post("anthropic"))
            try:
                return (await client.answer()).whole
            except (ConnectionError, asyncio.IncompleteReadError):
                return False

    async def run(proxy: Proxy) -> None:
        provider = Provider(script)
        async with provider.on(listening):
            await until(lambda: len(proxy.workers) == 2)
            await asyncio.sleep(0.5)  # until both serve
            idle = {worker: sockets_of(worker) for worker in proxy.workers}
            streams: list[asyncio.Task[bool]] = []
            while any(sockets_of(worker) < sockets + 4 for worker, sockets in idle.items()):
                streams.append(asyncio.create_task(one(proxy)))
                await until(lambda: len(provider.seen) == len(streams))
            os.kill(min(proxy.workers), signal.SIGKILL)
            await asyncio.sleep(0.2)
            go_on.set()
            ended = await asyncio.gather(*streams)
            assert 0 < sum(ended) < len(streams)

    with running(tmp_path, url, "--workers", "2") as proxy:
        in_time(run(proxy))
