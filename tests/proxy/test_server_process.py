"""The real process: it says where it listens, serves, drains on SIGTERM and exits with 0."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from proxy.net import Call, Client, Upstream, connected, request

JSON = (b"Content-Type", b"application/json")
SSE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


class Process:
    """A running `headroom proxy`."""

    def __init__(self, process: asyncio.subprocess.Process, banner: list[str], port: int) -> None:
        self.process = process
        self.banner = banner
        self.port = port

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    async def readiness(self) -> int:
        async with connected(self.port) as client:
            await client.send(request("GET", "/readyz"))
            return (await client.answer()).status


@asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[Process]:
    command = [sys.executable, "-m", "headroom.cli", "proxy", "--port", "0", *arguments]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_env())
    assert process.stdout is not None
    lines = []
    try:
        async with asyncio.timeout(20):
            while not (lines and lines[-1].startswith("listening on ")):
                line = await process.stdout.readline()
                assert line, "the process ended before it listened"
                lines.append(line.decode().rstrip("\n"))
            yield Process(process, lines, int(lines[-1].rsplit(":", 1)[1]))
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def _env() -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("HEADROOM_")}
    return env | {"PYTHONPATH": os.pathsep.join(sys.path)}


async def _begun(client: Client, upstream: Upstream) -> None:
    await client.send(request("POST", "/v1/chat/completions", b'{"stream":true}', JSON))
    await client.reader.readuntil(b"data: 1\n\n")


def test_running_streams_finish_after_sigterm_while_readyz_says_503_and_the_exit_status_is_0() -> None:
    go_on = asyncio.Event()

    async def script(call: Call) -> None:
        await call.say(SSE_HEAD + b"9\r\ndata: 1\n\n\r\n")
        await go_on.wait()
        await call.say(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n")

    async def run() -> None:
        upstream = Upstream(script)
        async with upstream.listening() as url, started("--openai-api-url", url) as proxy:
            assert await proxy.readiness() == 200
            async with connected(proxy.port) as client:
                await _begun(client, upstream)
                proxy.terminate()
                while await proxy.readiness() == 200:  # noqa: ASYNC110 - the process tells nothing else
                    await asyncio.sleep(0.02)
                assert await proxy.readiness() == 503
                go_on.set()
                assert (await client.reader.readuntil(b"0\r\n\r\n")).endswith(b"data: 2\n\n\r\n0\r\n\r\n")
            assert await proxy.process.wait() == 0

    asyncio.run(run())


def test_streams_that_outlast_the_drain_are_cut_and_the_process_ends() -> None:
    async def script(call: Call) -> None:
        await call.say(SSE_HEAD + b"9\r\ndata: 1\n\n\r\n")
        await call.until_closed()

    async def run() -> None:
        upstream = Upstream(script)
        async with upstream.listening() as url, started("--openai-api-url", url, "--drain-seconds", "0.3") as proxy:
            async with connected(proxy.port) as client:
                await _begun(client, upstream)
                proxy.terminate()
                assert await proxy.process.wait() == 0
                assert b"0\r\n\r\n" not in await client.reader.read()
            await upstream.seen[0].closed.wait()

    asyncio.run(run())


def test_an_idle_process_ends_at_once() -> None:
    async def run() -> None:
        async with started() as proxy:
            proxy.terminate()
            assert await proxy.process.wait() == 0

    asyncio.run(run())


def test_the_start_says_what_is_on_and_where_requests_go() -> None:
    async def run() -> str:
        async with started("--openai-api-url", "http://o.test/v1", "--no-optimize", "--read-timeout", "7") as proxy:
            return "\n".join(proxy.banner)

    banner = asyncio.run(run())
    assert "http://o.test" in banner
    assert "https://api.anthropic.com" in banner
    assert "off (--no-optimize)" in banner
    assert "read 7 s" in banner


def test_a_port_that_is_taken_is_an_error_not_a_hang() -> None:
    async def run() -> int | None:
        async with started() as proxy:
            command = [sys.executable, "-m", "headroom.cli", "proxy", "--port", str(proxy.port)]
            second = await asyncio.create_subprocess_exec(
                *command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_env()
            )
            _, errors = await second.communicate()
            assert b"address already in use" in errors
            return second.returncode

    assert asyncio.run(run()) != 0
