"""Real `headroom proxy` processes on real sockets, with a provider that misbehaves on command."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from proxy.net import Answer, Call, Client, Upstream, connected, request
from support.processes import environment
from support.retrieval import long_step, readable_by

from headroom.blocks import Channel
from headroom.providers.vendors import VENDORS

JSON = (b"Content-Type", b"application/json")
SSE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
WIRES = {
    "openai": "/v1/chat/completions",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/gemini-2.5-pro:generateContent",
}
BODIES = {
    "openai": {"model": "gpt-5", "messages": [{"role": "user", "content": "hi"}]},
    "anthropic": {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
}
"""One small request in each wire."""

ANSWER = b'{"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}}'
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER)
"""A whole answer."""

PATIENCE = 30.0
"""Seconds after which something that was to come is taken for hanging; the time-outs under test are far shorter."""

_START_SECONDS = 20.0
_SIGN = "listening on "
_RESET = struct.pack("ii", 1, 0)


@dataclass
class Proxy:
    """A running proxy; `log` holds whatever it has printed."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def workers(self) -> set[int]:
        """The processes that it has started."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return {int(child) for child in children.split()}

    @property
    def descriptors(self) -> int:
        """How many file descriptors the process holds."""
        return sum(1 for _ in _links(Path(f"/proc/{self.process.pid}/fd")))

    @property
    def sockets(self) -> int:
        """How many sockets the process holds."""
        return sockets_of(self.process.pid)

    def said(self) -> str:
        return self.log.read_text()

    async def ask(self, wire: str = "openai", body: bytes | None = None, *headers: tuple[bytes, bytes]) -> Answer:
        """Send one request on a connection of its own."""
        async with connected(self.port) as client:
            await client.send(post(wire, body, *headers))
            return await client.answer()

    async def view(self, path: str = "/stats") -> Any:
        """Return what the proxy says of itself."""
        async with connected(self.port) as client:
            await client.send(request("GET", path))
            return json.loads((await client.answer()).body)

    async def forget(self) -> None:
        """Begin a new ledger."""
        async with connected(self.port) as client:
            await client.send(request("POST", "/stats/reset"))
            assert (await client.answer()).status == 200

    async def booked(self, number: int = 1) -> Any:
        """Return the figures once so many requests are in them."""
        view: Any = None
        for _ in range(200):
            view = await self.view()
            if view["requests"]["total"] >= number:
                return view
            await asyncio.sleep(0.02)
        raise AssertionError(f"not booked: {view}")


def sockets_of(process: int) -> int:
    """Return how many sockets a process holds."""
    return sum(name.startswith("socket:") for name in _links(Path(f"/proc/{process}/fd")))


def post(wire: str, body: bytes | None = None, *headers: tuple[bytes, bytes]) -> bytes:
    """Return a request of a wire as bytes."""
    return request("POST", WIRES[wire], body or json.dumps(BODIES[wire]).encode(), JSON, *headers)


def long_body(salt: str) -> bytes:
    """Return a chat with a tool output of which something is left out, and whose answer may be given again."""
    steps = [long_step("long_rows", crc32(salt.encode()))]
    return json.dumps({**readable_by("openai-chat", steps, Channel.TOOL), "temperature": 0}).encode()


@contextmanager
def running(folder: Path, upstream: str, *options: str, before: str = "") -> Iterator[Proxy]:
    """Run the proxy with its workspace and log in a folder, after executing `before` in its process."""
    urls = [part for name in VENDORS for part in (f"--{name}-api-url", upstream)]
    workspace = () if "--workspace-dir" in options else ("--workspace-dir", str(folder / "workspace"))
    arguments = ["proxy", "--port", "0", *urls, *workspace, *options]
    code = f"{before}\nimport sys\nfrom headroom.cli import main\nsys.exit(main({arguments!r}))"
    log = folder / "log"
    with log.open("wb") as said:
        process = subprocess.Popen([sys.executable, "-c", code], stdout=said, stderr=said, env=environment())
    try:
        yield Proxy(process, _port_of(process, log), log)
    finally:
        process.kill()
        process.wait()


def _port_of(process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        said = log.read_text()
        if _SIGN in said and said.endswith("\n"):
            return int(said.split(_SIGN, 1)[1].split()[0].rsplit(":", 1)[1])
        time.sleep(0.01)
    raise AssertionError(f"it does not listen:\n{log.read_text()}")


class Provider(Upstream):
    """A scripted upstream on a socket that outlives it, so that one proxy can meet many of them."""

    @asynccontextmanager
    async def on(self, bound: socket.socket) -> AsyncIterator[None]:
        """Serve at this listening socket."""
        server = await asyncio.start_server(self._tracked, sock=bound.dup())
        self._writers: list[asyncio.StreamWriter] = []
        try:
            yield
        finally:
            server.close()
            for writer in self._writers:
                writer.transport.abort()

    async def _tracked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        await self._serve(reader, writer)


def reset(call: Call) -> None:
    """Break the connection off with a RST, as a crashed process or a firewall does."""
    raw = call.writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    call.writer.transport.abort()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def until(comes: Callable[[], Any]) -> None:
    """Wait for what the processes do not tell; fail if it does not come."""
    deadline = time.monotonic() + PATIENCE
    while not comes():
        if time.monotonic() > deadline:
            raise AssertionError("it does not come")
        await asyncio.sleep(0.02)


def in_time(act: Awaitable[Any]) -> Any:
    """Run an act; fail if it hangs."""

    async def run() -> Any:
        async with asyncio.timeout(PATIENCE):
            return await act

    return asyncio.run(run())


def _links(folder: Path) -> Iterator[str]:
    for one in folder.iterdir():
        try:
            yield str(one.readlink())
        except FileNotFoundError:  # closed meanwhile
            continue


__all__ = ["Call", "Client", "Provider", "Proxy", "connected", "in_time", "request", "reset", "running"]
