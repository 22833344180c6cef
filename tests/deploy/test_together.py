"""What compose.yaml puts together, with real processes: store, two proxies, the balancer with its own configuration."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from deploy.test_files import PORT, ROOT, compose, free_port
from proxy.net import Answer, Call, Upstream, connected, request
from proxy.test_server_process import SSE_HEAD, Process, started
from proxy.test_workers import BODY, JSON, answering
from state.redis_process import RedisProcess

TOKEN = (b"X-Headroom-Token", b"sesame")
KEY = (b"Authorization", b"Bearer sk-one")


def options(store: RedisProcess, upstream: str, tmp_path: Path, **also: str) -> tuple[str, ...]:
    """Return the options of the services as flags, with what is different on one machine put in its place."""
    given = dict(compose()["x-proxy"]["environment"])
    given |= {"HEADROOM_TOKEN": "sesame", "HEADROOM_STORE": store.url, "HEADROOM_RPM": "0", "HEADROOM_BUDGET": "0"}
    given |= {"HEADROOM_WORKSPACE_DIR": str(tmp_path / "workspace"), "HEADROOM_OPENAI_API_URL": upstream, **also}
    flags = ((f"--{name.removeprefix('HEADROOM_').lower().replace('_', '-')}", value) for name, value in given.items())
    return tuple(part for pair in flags for part in pair)


@asynccontextmanager
async def balancer(tmp_path: Path, *proxies: Process) -> AsyncIterator[int]:
    """Run HAProxy with the configuration of the deployment, addresses apart; yield its port."""
    program = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        pytest.fail("haproxy is missing: `make system-packages` installs it")
    port = free_port()
    text = (ROOT / "deploy" / "haproxy.cfg").read_text(encoding="utf-8")
    text = text.replace(f"bind :{PORT}", f"bind 127.0.0.1:{port}")
    for number, proxy in enumerate(proxies, 1):
        text = text.replace(f"proxy-{number}:{PORT}", f"127.0.0.1:{proxy.port}")
    file = tmp_path / "haproxy.cfg"
    file.write_text(text)
    process = await asyncio.create_subprocess_exec(program, "-db", "-f", str(file), stderr=subprocess.DEVNULL)
    try:
        await until_connected(port)
        yield port
    finally:
        process.kill()
        await process.wait()


async def until_connected(port: int) -> None:
    for _ in range(100):
        try:
            async with connected(port):
                return
        except ConnectionError:
            await asyncio.sleep(0.05)
    raise AssertionError("nobody listens")


@asynccontextmanager
async def together(upstream: Upstream, tmp_path: Path, **also: str) -> AsyncIterator[tuple[int, list[Process]]]:
    """Run all of it; yield the balancer's port and the proxies."""
    store = RedisProcess(tmp_path)
    try:
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(upstream.listening())
            flags = options(store, url, tmp_path, **also)
            proxies = [await stack.enter_async_context(started(*flags)) for _ in range(2)]
            yield await stack.enter_async_context(balancer(tmp_path, *proxies)), proxies
    finally:
        store.kill()


async def asked(port: int, method: str = "POST", path: str = "/v1/chat/completions", body: bytes = BODY) -> Answer:
    async with connected(port) as client:
        await client.send(request(method, path, body, JSON, TOKEN, KEY))
        return await client.answer()


async def booked(proxy: Process) -> int:
    return int(json.loads((await asked(proxy.port, "GET", "/stats", b"")).body)["requests"]["total"])


def test_a_proxy_that_is_stopped_is_missed_by_nobody(tmp_path: Path) -> None:
    async def run() -> None:
        async with together(Upstream(answering), tmp_path) as (port, proxies):
            answers = await asyncio.gather(*(asked(port) for _ in range(20)))
            assert {answer.status for answer in answers} == {200}
            await asyncio.sleep(1.2)  # until the workers have published
            counts = [await booked(proxy) for proxy in proxies]
            assert min(counts) > 0
            assert sum(counts) == 20
            proxies[0].terminate()
            while proxies[0].process.returncode is None:
                assert (await asked(port)).status == 200
            assert {(await asked(port)).status for _ in range(10)} == {200}

    asyncio.run(run())


def test_limits_hold_over_all_proxies_and_workers(tmp_path: Path) -> None:
    async def run() -> None:
        async with together(Upstream(answering), tmp_path, HEADROOM_RPM="12", HEADROOM_NOTICE_SECONDS="0") as (port, _):
            answers = await asyncio.gather(*(asked(port) for _ in range(30)))
            statuses = [answer.status for answer in answers]
            # One more may have become free while they came in.
            assert 12 <= statuses.count(200) <= 13
            assert statuses.count(200) + statuses.count(429) == 30

    asyncio.run(run())


def test_streams_pass_the_balancer_as_they_come(tmp_path: Path) -> None:
    go_on = asyncio.Event()

    async def script(call: Call) -> None:
        await call.say(SSE_HEAD + b"9\r\ndata: 1\n\n\r\n")
        await go_on.wait()
        await call.say(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n")

    async def run() -> None:
        async with (
            together(Upstream(script), tmp_path, HEADROOM_NOTICE_SECONDS="0") as (port, _),
            connected(port) as client,
        ):
            await client.send(request("POST", "/v1/chat/completions", b'{"stream":true}', JSON, TOKEN))
            await client.reader.readuntil(b"data: 1\n\n")
            go_on.set()
            assert (await client.reader.readuntil(b"0\r\n\r\n")).endswith(b"data: 2\n\n\r\n0\r\n\r\n")

    asyncio.run(run())


def test_without_a_token_nobody_passes(tmp_path: Path) -> None:
    async def run() -> None:
        async with (
            together(Upstream(answering), tmp_path, HEADROOM_NOTICE_SECONDS="0") as (port, _),
            connected(port) as client,
        ):
            await client.send(request("POST", "/v1/chat/completions", BODY, JSON, KEY))
            assert (await client.answer()).status == 401

    asyncio.run(run())
