"""The proxy under the servers of others: `uvicorn` and `gunicorn` as their own commands, configured by the environment."""

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from proxy.net import Call, Upstream, connected, request
from proxy.test_server_process import SSE_HEAD
from proxy.test_workers import JSON, answering, chats
from support.processes import environment

from headroom.cli.doctor import conversation

APP = "headroom.proxy.server:app"
SERVERS = {
    "uvicorn": ["uvicorn", APP, "--port", "0", "--no-server-header", "--no-date-header"],
    "gunicorn": [
        "gunicorn",
        APP,
        "-k",
        "uvicorn_worker.UvicornWorker",
        "-w",
        "2",
        "-b",
        "127.0.0.1:0",
        "--log-level",
        "info",
    ],
}
LISTENING = re.compile(rb"(?:Listening at:|running on) http://127\.0\.0\.1:([0-9]+)")


@asynccontextmanager
async def serving(name: str, upstream: str, **also: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """Run a server; yield its process and port."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *SERVERS[name]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment(HEADROOM_OPENAI_API_URL=upstream, **also),
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(30):
            while not (said := LISTENING.search(line := await process.stderr.readline())):
                assert line, "the process ended before it listened"
        yield process, int(said[1])
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


@pytest.mark.parametrize("name", SERVERS)
def test_requests_are_compressed_and_answered(name: str) -> None:
    body = json.dumps({"model": "gpt-5", "messages": conversation()}).encode()

    async def run() -> None:
        upstream = Upstream(answering)
        async with upstream.listening() as url, serving(name, url) as (_, port):
            async with connected(port) as client:
                await client.send(request("POST", "/v1/chat/completions", body, JSON))
                answer = await client.answer()
            assert answer.status == 200
            assert int(answer.values(b"x-headroom-tokens-saved")[0]) > 0
            assert len(upstream.seen[0].body) < len(body)
            assert await chats(port, 20) == 20

    asyncio.run(run())


@pytest.mark.parametrize("name", SERVERS)
def test_what_the_environment_says_holds(name: str, tmp_path: Path) -> None:
    file = tmp_path / "headroom.toml"
    file.write_text('token = "sesame"\nmin_tokens_to_compress = 77\n')

    async def run() -> None:
        async with (
            serving(name, "http://127.0.0.1:9", HEADROOM_CONFIG=str(file)) as (_, port),
            connected(port) as client,
        ):
            await client.send(request("GET", "/health"))
            assert (await client.answer()).status == 401
            await client.send(request("GET", "/health", b"", (b"X-Headroom-Token", b"sesame")))
            assert json.loads((await client.answer()).body)["config"]["min_tokens_to_compress"] == 77

    asyncio.run(run())


@pytest.mark.parametrize("name", SERVERS)
def test_running_streams_finish_after_sigterm(name: str) -> None:
    go_on = asyncio.Event()

    async def script(call: Call) -> None:
        await call.say(SSE_HEAD + b"9\r\ndata: 1\n\n\r\n")
        await go_on.wait()
        await call.say(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n")

    async def run() -> None:
        async with Upstream(script).listening() as url, serving(name, url) as (process, port):
            async with connected(port) as client:
                await client.send(request("POST", "/v1/chat/completions", b'{"stream":true}', JSON))
                await client.reader.readuntil(b"data: 1\n\n")
                process.send_signal(signal.SIGTERM)
                await asyncio.sleep(0.3)
                go_on.set()
                assert (await client.reader.readuntil(b"0\r\n\r\n")).endswith(b"data: 2\n\n\r\n0\r\n\r\n")
            assert await process.wait() in (0, -signal.SIGTERM)

    asyncio.run(run())
