"""`python -m benchmarks.upstream`: a provider that costs next to nothing, so that what is measured is the proxy.

It reads HTTP/1.1 requests whose bodies have a length or come in chunks, and gives constant answers: one JSON
document, or a stream of events to requests that accept one.
"""

from __future__ import annotations

import asyncio
import json
import re

EVENTS = 6
PAUSE_SECONDS = 0.002
"""Between the first event of a stream and the others, so that the first is seen to arrive alone."""

_USAGE = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}
_CHOICE = {"index": 0, "message": {"role": "assistant", "content": "Done, and checked."}, "finish_reason": "stop"}
_ANSWER = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [_CHOICE], "usage": _USAGE}
_DELTA = {"id": "c1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "word "}}]}
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def _whole() -> bytes:
    body = json.dumps(_ANSWER).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


WHOLE = _whole()
_EVENT = _chunk(b"data: " + json.dumps(_DELTA).encode() + b"\n\n")
FIRST = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n" + _EVENT
REST = _EVENT * (EVENTS - 2) + _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"


class Provider(asyncio.Protocol):
    """One connection; requests on it are answered one after the other."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._needed = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Collect a request; answer it once its body is whole."""
        self._buffer += data
        if len(self._buffer) < self._needed:
            return
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._buffer[:end])
        length = _LENGTH.search(head)
        self._needed = end + 4 + (int(length[1]) if length else 0)
        if length is None and b"chunked" in head and not self._buffer.endswith(b"0\r\n\r\n"):
            self._needed = 0
            return
        if len(self._buffer) >= self._needed:
            self._buffer.clear()
            self._needed = 0
            self._answer(b"text/event-stream" in head)

    def _answer(self, streamed: bool) -> None:  # noqa: FBT001 - two kinds of answers, and no third
        assert self._transport is not None
        if not streamed:
            self._transport.write(WHOLE)
            return
        self._transport.write(FIRST)
        asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._transport.write, REST)


async def serve() -> None:
    """Serve on a free loopback port until cancelled; prints the address."""
    server = await asyncio.get_running_loop().create_server(Provider, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    print(f"listening on http://{host}:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
