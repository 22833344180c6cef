"""`python -m benchmarks.soak_provider`: a provider for hours of load, which keeps nothing of what it is sent.

Bodies are counted, not held. The header `x-soak` says what is wanted: nothing is one whole answer; `paced` is a stream
with an event every now and then, as a model talks; `flood` is a long one that comes as fast as it is taken.
"""

from __future__ import annotations

import asyncio
import json
import re

from benchmarks.upstream import WHOLE

PACED_EVENTS = 60
PACED_SECONDS = 0.25
"""Between two events of a paced stream: it lasts 15 seconds."""
FLOOD_EVENTS = 512

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_KIND = re.compile(rb"\r\nx-soak: *(\w+)", re.IGNORECASE)
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_LAST = b"data: [DONE]\n\n"


def _event(letters: int) -> bytes:
    delta = {
        "id": "c1",
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": {"content": "x" * letters}}],
    }
    return b"data: " + json.dumps(delta).encode() + b"\n\n"


PACED, FLOOD = _event(1_000), _event(16_000)


def body_of(kind: str) -> bytes:
    """Return the whole body of a stream of a kind, as a client sees it."""
    return (PACED * PACED_EVENTS if kind == "paced" else FLOOD * FLOOD_EVENTS) + _LAST


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


class Provider(asyncio.Protocol):
    """One connection; requests on it are answered one after the other."""

    def __init__(self) -> None:
        self._head = b""
        self._missing = 0
        self._kind = ""
        self._events = 0
        self._may_write = True
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Say no more."""
        del exc
        self._transport = None

    def pause_writing(self) -> None:
        """Wait until the other side has taken what is written."""
        self._may_write = False

    def resume_writing(self) -> None:
        """Go on with a flood."""
        self._may_write = True
        if self._kind == "flood":
            self._flood()

    def data_received(self, data: bytes) -> None:
        """Read the head, count the body; answer once it is whole."""
        if self._missing:
            self._missing -= len(data)
        else:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            length, kind = _LENGTH.search(self._head, 0, end + 2), _KIND.search(self._head, 0, end + 2)
            self._missing = (int(length[1]) if length else 0) - (len(self._head) - end - 4)
            self._kind = kind[1].decode() if kind else ""
            self._head = b""
        if self._missing <= 0:
            self._missing = 0
            self._answer()

    def _answer(self) -> None:
        if not self._kind:
            self._write(WHOLE)
            return
        self._write(_HEAD)
        self._events = PACED_EVENTS if self._kind == "paced" else FLOOD_EVENTS
        if self._kind == "paced":
            self._pace()
        else:
            self._flood()

    def _pace(self) -> None:
        self._say(PACED)
        if self._events:
            asyncio.get_running_loop().call_later(PACED_SECONDS, self._pace)

    def _flood(self) -> None:
        while self._events and self._may_write and self._transport is not None:
            self._say(FLOOD)

    def _say(self, event: bytes) -> None:
        self._events -= 1
        self._write(_chunk(event))
        if not self._events:
            self._kind = ""
            self._write(_chunk(_LAST) + b"0\r\n\r\n")

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


async def serve() -> None:
    """Serve on a free loopback port until cancelled; prints the address."""
    server = await asyncio.get_running_loop().create_server(Provider, "127.0.0.1", 0, backlog=1024)
    host, port = server.sockets[0].getsockname()[:2]
    print(f"listening on http://{host}:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
