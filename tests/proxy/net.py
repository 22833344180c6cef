"""Both ends of the proxy, byte by byte: a scripted upstream, a raw client, and a server in the same event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

Pairs = list[tuple[bytes, bytes]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@dataclass
class Seen:
    """A request as it arrived, and whether its connection was closed by the other side before the answer ended."""

    line: bytes
    headers: Pairs
    body: bytes = b""
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    def values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.headers if key.lower() == name]


@dataclass
class Call:
    """One request at the upstream, for a script to answer."""

    seen: Seen
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def until_closed(self) -> None:
        with suppress(ConnectionError):
            while await self.reader.read(65_536):
                pass
        self.seen.closed.set()


Script = Callable[[Call], Awaitable[None]]


def saying(*parts: bytes) -> Script:
    """A script that answers every request with these bytes."""

    async def script(call: Call) -> None:
        for part in parts:
            await call.say(part)

    return script


class Upstream:
    """A provider whose every byte is scripted. `seen` holds the requests in order."""

    def __init__(self, *scripts: Script, reads_bodies: bool = True) -> None:
        self._scripts = scripts or (saying(OK),)
        self.seen: list[Seen] = []
        self.connections = 0
        self.asked = asyncio.Event()
        self.reads_bodies = reads_bodies

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while not reader.at_eof():
                seen = await read_request_head(reader)
                if self.reads_bodies:
                    seen.body = await read_body(reader, seen.headers)
                self.seen.append(seen)
                self.asked.set()
                script = self._scripts[min(len(self.seen), len(self._scripts)) - 1]
                await script(Call(seen, reader, writer))
                if writer.is_closing():
                    break
        with suppress(ConnectionError):
            writer.close()


async def read_request_head(reader: asyncio.StreamReader) -> Seen:
    head = await reader.readuntil(b"\r\n\r\n")
    line, *lines = head[:-4].split(b"\r\n")
    return Seen(line, [_pair(one) for one in lines])


async def read_body(reader: asyncio.StreamReader, headers: Pairs) -> bytes:
    known = {name.lower(): value for name, value in headers}
    if known.get(b"transfer-encoding", b"").lower() == b"chunked":
        return await _read_chunks(reader)
    return await reader.readexactly(int(known.get(b"content-length", b"0")))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int(await reader.readline(), 16):
        parts.append((await reader.readexactly(size + 2))[:-2])
    await reader.readline()
    return b"".join(parts)


def _pair(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name, value.strip()


@dataclass
class Answer:
    """What the client got. `whole` says that the answer came to its proper end."""

    status: int
    headers: Pairs
    body: bytes
    whole: bool = True

    def values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.headers if key.lower() == name]


class Client:
    """A raw connection to the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, *, head: bool = False) -> Answer:
        """Read one answer; `head` if it is one to HEAD, which has no body."""
        raw = await self.reader.readuntil(b"\r\n\r\n")
        line, *lines = raw[:-4].split(b"\r\n")
        answer = Answer(int(line.split()[1]), [_pair(one) for one in lines], b"")
        if head or answer.status in (204, 304):
            return answer
        try:
            answer.body = await read_body(self.reader, answer.headers)
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            answer.whole = False
        return answer

    async def leave(self) -> None:
        self.writer.transport.abort()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Client]:
    client = Client(*await asyncio.open_connection("127.0.0.1", port))
    try:
        yield client
    finally:
        await client.leave()


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    """Serve an app with uvicorn's HTTP protocol in this loop, without its ticking server; yield the port."""
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, date_header=False, lifespan="off"
    )
    config.load()
    state = ServerState()

    def protocol() -> asyncio.Protocol:
        return HttpToolsProtocol(config=config, server_state=state, app_state={})

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        if state.tasks:
            await asyncio.wait(state.tasks, timeout=2)


def request(method: str, target: str, body: bytes = b"", *headers: tuple[bytes, bytes]) -> bytes:
    """Return a request as bytes; a length is given wherever there is a body."""
    lines = [f"{method} {target} HTTP/1.1".encode(), b"Host: proxy.localhost"]
    lines += [name + b": " + value for name, value in headers]
    if body:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
