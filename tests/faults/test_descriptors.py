"""A process without file descriptors: it says so, goes on serving what it has, and recovers when they are free."""

from __future__ import annotations

import asyncio
import json
import resource
import socket
from pathlib import Path

from faults.bench import OK, WIRES, Provider, Proxy, in_time, post, running, until
from faults.test_disks import statuses
from proxy.net import Answer, Client, saying

SPARE = 8


async def limited(proxy: Proxy) -> None:
    """Leave the process a few descriptors more than it has when it is idle."""
    idle = proxy.sockets
    await proxy.view()  # what is loaded at first use is loaded
    await until(lambda: proxy.sockets <= idle)
    _, hard = resource.prlimit(proxy.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(proxy.process.pid, resource.RLIMIT_NOFILE, (proxy.descriptors + SPARE, hard))


async def come(proxy: Proxy, number: int) -> list[Client]:
    """Open so many connections to the proxy."""
    return [Client(*await asyncio.open_connection("127.0.0.1", proxy.port)) for _ in range(number)]


async def refused(client: Client) -> bool:
    """Whether the proxy ends a connection without a word."""
    try:
        return not await client.reader.read(1)
    except ConnectionError:
        return True


def test_without_descriptors_for_providers_a_request_is_a_503_that_says_when_to_ask_again(
    tmp_path: Path, listening: socket.socket, url: str
) -> None:
    async def run(proxy: Proxy) -> None:
        async with Provider(saying(OK)).on(listening):
            await limited(proxy)
            clients = await come(proxy, SPARE)  # all that are left
            await until(lambda: proxy.sockets >= SPARE)
            for client, wire in zip(clients, WIRES, strict=False):
                await client.send(post(wire))
                check(await client.answer(), wire)
            assert "503: gateway_overloaded" in proxy.said()
            # Whoever comes now is turned away at once: nobody waits for what does not come.
            (late,) = await come(proxy, 1)
            assert await refused(late)
            for client in (late, *clients):
                await client.leave()
            await until(lambda: proxy.sockets < SPARE)
            assert statuses([await proxy.ask(wire) for wire in WIRES]) == [200] * 3
            assert (await proxy.view())["failures"] == {"gateway_overloaded": 3}

    with running(tmp_path, url, "--retry-max-attempts", "0") as proxy:
        in_time(run(proxy))


def check(answer: Answer, wire: str) -> None:
    """Fail unless the answer says in the provider's words that the gateway is overloaded."""
    assert (answer.status, answer.values(b"retry-after")) == (503, [b"1"])
    error = json.loads(answer.body)["error"]
    assert error["message"] == "The gateway has too many open connections at this moment."
    kinds = {"openai": "server_error", "anthropic": "api_error", "gemini": "UNAVAILABLE"}
    assert error["status" if wire == "gemini" else "type"] == kinds[wire]


def test_a_short_want_of_descriptors_is_waited_out(tmp_path: Path, listening: socket.socket, url: str) -> None:
    async def run(proxy: Proxy) -> None:
        async with Provider(saying(OK)).on(listening):
            await limited(proxy)
            first, *others = await come(proxy, SPARE)
            await until(lambda: proxy.sockets >= SPARE)
            await first.send(post("openai"))
            await asyncio.sleep(0.1)
            for client in others:
                await client.leave()
            assert (await first.answer()).status == 200
            await first.leave()

    with running(tmp_path, url, "--retry-max-attempts", "3") as proxy:
        in_time(run(proxy))


def test_a_proxy_uses_all_the_descriptors_that_it_may_have(tmp_path: Path, url: str) -> None:
    few = "import resource\n_, most = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
    few += "resource.setrlimit(resource.RLIMIT_NOFILE, (256, min(most, 4096)))"
    with running(tmp_path, url, before=few) as proxy:
        soft, hard = resource.prlimit(proxy.process.pid, resource.RLIMIT_NOFILE)
    assert 256 < soft == hard
