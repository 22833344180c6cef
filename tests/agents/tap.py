"""A tap in a line: it hands bytes on as they come, both ways, and tells afterwards what was said.

So what an agent sends to the proxy and what the proxy sends to the provider are heard in the same way.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httptools
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from headroom.wire.codings import decode_body

_PIECE = 65_536
_MOST_BYTES = 1 << 26
_SWITCHED = 101


@dataclass
class Heard:
    """A request, or the message of a socket (`method` is WS): body without coding, and the status of its answer."""

    method: str = ""
    target: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    status: int = 0

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


@dataclass
class _Line:
    """What one connection has carried."""

    up: bytearray = field(default_factory=bytearray)
    down: bytearray = field(default_factory=bytearray)

    def heard(self) -> list[Heard]:
        """Return its requests with the statuses of their answers, then the messages of the socket it became."""
        statuses = _statuses(bytes(self.down))
        heard: list[Heard] = []
        rest = bytes(self.up)
        while rest:
            requests, rest = _requests(rest)
            for request, status in zip(requests, statuses[len(heard) :], strict=False):
                request.status = status
            heard += requests
            if heard[-1].status == _SWITCHED:
                return [*heard, *_messages(heard[-1], rest)]
        return heard


class Tap:
    """Listens on `url`; everything goes on to another address."""

    def __init__(self, onward: str) -> None:
        self.url = ""
        self._onward = urlsplit(onward)
        self._lines: list[_Line] = []
        self._writers: list[asyncio.StreamWriter] = []
        self._carrying: list[asyncio.Task[None]] = []

    def heard(self) -> list[Heard]:
        """Return all that was asked so far; requests of one connection in order."""
        return [request for line in self._lines for request in line.heard()]

    async def serve(self, ready: threading.Event, done: asyncio.Event) -> None:
        """Listen until `done`, then hang up."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await done.wait()
        server.close()
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*self._carrying)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._carrying.append(asyncio.create_task(self._carry(reader, writer)))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = _Line()
        self._lines.append(line)
        far_reader, far_writer = await asyncio.open_connection(self._onward.hostname, self._onward.port)
        self._writers += (writer, far_writer)
        await asyncio.gather(_pump(reader, far_writer, line.up), _pump(far_reader, writer, line.down))


@contextmanager
def tapped(onward: str) -> Iterator[Tap]:
    """Put a tap before an address, in a thread of its own."""
    tap, ready, done = Tap(onward), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=_run, args=(loop, tap.serve(ready, done)))
    thread.start()
    try:
        assert ready.wait(10)
        yield tap
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()


def _run(loop: asyncio.AbstractEventLoop, serving: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(serving)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray) -> None:
    """Hand on until one side has no more."""
    try:
        while piece := await reader.read(_PIECE):
            kept += piece
            writer.write(piece)
            await writer.drain()
    except OSError:  # either side may leave without a word
        pass
    finally:
        writer.close()


class _Requests:
    """What the parser calls back: it collects requests and the place where the line stops being HTTP."""

    def __init__(self) -> None:
        self.all: list[Heard] = []
        self.parser = httptools.HttpRequestParser(self)

    def on_message_begin(self) -> None:
        self.all.append(Heard())

    def on_url(self, url: bytes) -> None:
        self.all[-1].target += url.decode()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.all[-1].headers[name.decode().lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.all[-1].method = self.parser.get_method().decode()

    def on_body(self, body: bytes) -> None:
        self.all[-1].body += body


def _requests(said: bytes) -> tuple[list[Heard], bytes]:
    """Return the requests of a line up to one that would change the protocol, and what follows that one."""
    calls = _Requests()
    rest = b""
    try:
        calls.parser.feed_data(said)
    except httptools.HttpParserUpgrade as upgrade:
        rest = said[upgrade.args[0] :]
    for request in calls.all:
        request.body = decode_body(request.body, request.headers.get("content-encoding", ""), _MOST_BYTES)
    return calls.all, rest


def _statuses(said: bytes) -> list[int]:
    """Return the statuses of the answers on a line."""
    statuses: list[int] = []

    class Calls:
        def on_headers_complete(self) -> None:
            statuses.append(parser.get_status_code())

    parser = httptools.HttpResponseParser(Calls())
    with suppress(httptools.HttpParserUpgrade, httptools.HttpParserError):  # what follows an upgrade is not HTTP
        parser.feed_data(said)
    return statuses


def _messages(handshake: Heard, frames: bytes) -> list[Heard]:
    """Return the text messages that a client has said on a socket."""
    protocol = ServerProtocol(extensions=[ServerPerMessageDeflateFactory()], max_size=None)
    lines = [f"{name}: {value}" for name, value in handshake.headers.items()]
    protocol.receive_data("\r\n".join([f"GET {handshake.target} HTTP/1.1", *lines, "", ""]).encode())
    (request,) = protocol.events_received()
    assert isinstance(request, Request)
    protocol.send_response(protocol.accept(request))
    protocol.receive_data(frames)
    said: list[bytearray] = []
    for frame in protocol.events_received():
        if frame.opcode is Opcode.TEXT:
            said.append(bytearray(frame.data))
        elif frame.opcode is Opcode.CONT:
            said[-1] += frame.data
    return [Heard("WS", handshake.target, handshake.headers, bytes(body), _SWITCHED) for body in said]
