"""Several worker processes: one address, one sum of all ledgers, workers that come and go."""

import asyncio
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from proxy.net import Answer, Call, Upstream, connected, request
from proxy.test_server_process import SSE_HEAD, Process, started

from headroom.errors import ConfigError
from headroom.proxy.config import ProxyConfig
from headroom.proxy.workers import STORE_FILE, listener, with_shared_store

JSON = (b"Content-Type", b"application/json")
BODY = json.dumps({"model": "gpt-5", "messages": [{"role": "user", "content": "hi"}]}).encode()
ANSWER = b'{"model":"gpt-5","choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3}}'
SAYS = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER)


async def answering(call: Call) -> None:
    await call.say(SAYS)


async def asked(port: int, raw: bytes) -> Answer:
    async with connected(port) as client:
        await client.send(raw)
        return await client.answer()


async def chatted(port: int) -> bool:
    """Whether one chat on a connection of its own is answered."""
    try:
        return (await asked(port, request("POST", "/v1/chat/completions", BODY, JSON))).status == 200
    except (ConnectionError, asyncio.IncompleteReadError):
        return False


async def chats(port: int, number: int, at_a_time: int = 10) -> int:
    """Ask that often; return how many were answered."""
    turn = asyncio.Semaphore(at_a_time)

    async def one() -> bool:
        async with turn:
            return await chatted(port)

    return sum(await asyncio.gather(*(one() for _ in range(number))))


async def stats(port: int) -> Any:
    return json.loads((await asked(port, request("GET", "/stats"))).body)


async def total(port: int, expected: int) -> int:
    """Return the number of requests as soon as it is what is expected, or what it is after a while."""
    found = -1
    for _ in range(100):
        found = (await stats(port))["requests"]["total"]
        if found == expected:
            break
        await asyncio.sleep(0.1)
    return found


def workers_of(proxy: Process) -> set[int]:
    children = Path(f"/proc/{proxy.process.pid}/task/{proxy.process.pid}/children").read_text()
    return {int(child) for child in children.split()}


def is_running(process: int) -> bool:
    return Path(f"/proc/{process}/exe").exists()


async def until(comes: Callable[[], bool]) -> None:
    """Wait for what the processes do not tell; fail if it does not come."""
    for _ in range(400):
        if comes():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it does not come")


def alone(tmp_path: Path, *more: str) -> tuple[str, ...]:
    return ("--workers", "4", "--workspace-dir", str(tmp_path), *more)


def test_whichever_worker_is_asked_the_figures_are_those_of_all(tmp_path: Path) -> None:
    async def run() -> None:
        async with Upstream(answering).listening() as url, started(*alone(tmp_path, "--openai-api-url", url)) as proxy:
            assert await chats(proxy.port, 200) == 200
            assert await total(proxy.port, 200) == 200
            await asyncio.sleep(1.2)  # until everybody has published
            views = [await stats(proxy.port) for _ in range(12)]
            assert {view["requests"]["total"] for view in views} == {200}
            assert {view["provider_tokens"]["openai"]["input"] for view in views} == {2400}
            assert {view["latency"]["total"]["count"] for view in views} == {200}
            text = (await asked(proxy.port, request("GET", "/metrics"))).body.decode()
            assert (
                'headroom_requests_total{model="gpt-5",provider="openai",route="openai.chat",status="200"} 200.0'
                in text
            )
            assert views[0]["workers"] == len(workers_of(proxy)) == 4

    asyncio.run(run())


def test_a_reset_is_one_of_all_workers(tmp_path: Path) -> None:
    async def run() -> None:
        async with Upstream(answering).listening() as url, started(*alone(tmp_path, "--openai-api-url", url)) as proxy:
            assert await chats(proxy.port, 40) == 40
            assert await total(proxy.port, 40) == 40
            assert (await asked(proxy.port, request("POST", "/stats/reset"))).status == 200
            await asyncio.sleep(1.2)  # until everybody has heard of it
            assert {(await stats(proxy.port))["requests"]["total"] for _ in range(8)} == {0}
            assert await chats(proxy.port, 20) == 20
            assert await total(proxy.port, 20) == 20

    asyncio.run(run())


def test_a_worker_that_is_killed_under_load_is_replaced_and_what_it_published_stays_counted(tmp_path: Path) -> None:
    async def run() -> None:
        async with Upstream(answering).listening() as url, started(*alone(tmp_path, "--openai-api-url", url)) as proxy:
            assert await chats(proxy.port, 60) == 60
            assert await total(proxy.port, 60) == 60
            await asyncio.sleep(1.2)  # until everybody has published
            before = workers_of(proxy)
            load = asyncio.create_task(chats(proxy.port, 100))
            await asyncio.sleep(0.05)
            victims = sorted(before)[:3]
            for victim in victims:
                os.kill(victim, signal.SIGKILL)
            assert await load >= 100 - 10  # only what was under way in them
            await until(lambda: len(workers_of(proxy) - before) == len(victims))
            await asyncio.sleep(1.2)  # until everybody has published
            counted = (await stats(proxy.port))["requests"]["total"]
            assert 60 <= counted <= 160
            assert await chats(proxy.port, 20) == 20
            assert await total(proxy.port, counted + 20) == counted + 20

    asyncio.run(run())


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_all_workers(sent: signal.Signals, tmp_path: Path) -> None:
    go_on = asyncio.Event()

    async def script(call: Call) -> None:
        await call.say(SSE_HEAD + b"9\r\ndata: 1\n\n\r\n")
        await go_on.wait()
        await call.say(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n")

    async def run() -> None:
        async with Upstream(script).listening() as url, started(*alone(tmp_path, "--openai-api-url", url)) as proxy:
            workers = workers_of(proxy)
            async with connected(proxy.port) as client:
                await client.send(request("POST", "/v1/chat/completions", b'{"stream":true}', JSON))
                await client.reader.readuntil(b"data: 1\n\n")
                proxy.process.send_signal(sent)
                await until(lambda: len(workers_of(proxy)) == 1)  # the others have nothing to do
                go_on.set()
                assert (await client.reader.readuntil(b"0\r\n\r\n")).endswith(b"data: 2\n\n\r\n0\r\n\r\n")
            assert await proxy.process.wait() == 0
            assert not any(map(is_running, workers))

    asyncio.run(run())


@pytest.mark.parametrize("count", ["1", "2"])
def test_while_balancers_are_given_notice_requests_still_come_in(count: str, tmp_path: Path) -> None:
    async def run() -> None:
        options = ("--workers", count, "--notice-seconds", "1.5", "--workspace-dir", str(tmp_path))
        async with Upstream(answering).listening() as url, started(*options, "--openai-api-url", url) as proxy:
            assert await proxy.readiness() == 200
            await asyncio.sleep(0.5)  # until all of them serve
            proxy.terminate()
            await asyncio.sleep(0.5)
            assert await proxy.readiness() == 503
            assert await chats(proxy.port, 5) == 5
            assert await proxy.process.wait() == 0

    asyncio.run(run())


def test_a_second_signal_ends_them(tmp_path: Path) -> None:
    async def script(call: Call) -> None:
        await call.say(SSE_HEAD + b"9\r\ndata: 1\n\n\r\n")
        await call.until_closed()

    async def run() -> None:
        async with (
            Upstream(script).listening() as url,
            started(*alone(tmp_path, "--openai-api-url", url)) as proxy,
            connected(proxy.port) as client,
        ):
            await client.send(request("POST", "/v1/chat/completions", b'{"stream":true}', JSON))
            await client.reader.readuntil(b"data: 1\n\n")
            proxy.terminate()
            await until(lambda: len(workers_of(proxy)) == 1)
            proxy.terminate()
            assert await proxy.process.wait() == 0

    asyncio.run(run())


@pytest.mark.parametrize("are_serving", [True, False])
def test_workers_do_not_outlive_a_supervisor_that_is_killed(are_serving: bool, tmp_path: Path) -> None:
    async def run() -> None:
        async with started(*alone(tmp_path)) as proxy:
            if are_serving:
                await asyncio.sleep(1)
            await until(lambda: len(workers_of(proxy)) == 4)
            workers = workers_of(proxy)
            proxy.process.kill()
            await proxy.process.wait()
            await until(lambda: not any(map(is_running, workers)))

    asyncio.run(run())


def test_the_start_says_where_the_workers_keep_what_they_share(tmp_path: Path) -> None:
    async def run() -> list[str]:
        async with started(*alone(tmp_path)) as proxy:
            return proxy.banner

    banner = asyncio.run(run())
    (line,) = (line for line in banner if line.split()[0] == "state")
    assert line.split(maxsplit=1)[1] == f"sqlite, {STORE_FILE} in {tmp_path}: shared by the workers"


def test_only_a_store_of_one_process_is_replaced() -> None:
    assert with_shared_store(ProxyConfig()).store == "memory:"
    assert with_shared_store(ProxyConfig(workers=2, store="sqlite:/srv/x.db")).store == "sqlite:/srv/x.db"
    shared = with_shared_store(ProxyConfig(workers=2, workspace_dir=Path("/srv/ws")))
    assert shared.store == f"sqlite:/srv/ws/{STORE_FILE}"


def test_an_address_that_is_taken_is_named() -> None:
    with listener(ProxyConfig(port=0)) as first:
        port = first.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port}: "):
            listener(ProxyConfig(port=port))
