"""An ASGI app driven message by message."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

Message = dict[str, Any]
App = Callable[[Any, Any, Any], Awaitable[None]]


def scope_of(
    path: str, method: str = "POST", headers: Iterable[tuple[bytes, bytes]] = ((b"content-type", b"application/json"),)
) -> dict[str, Any]:
    """Return an HTTP scope as uvicorn makes it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": list(headers),
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }


def chunked(body: bytes, size: int) -> list[Message]:
    """Return a body as request messages of at most `size` bytes."""
    pieces = [body[i : i + size] for i in range(0, len(body), size)] or [b""]
    return [
        {"type": "http.request", "body": piece, "more_body": number < len(pieces) - 1}
        for number, piece in enumerate(pieces)
    ]


@dataclass
class Inner:
    """An inner app that keeps what it was given and answers with the messages it was told."""

    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ((b"content-type", b"application/json"),)
    chunks: tuple[bytes, ...] = (b"{}",)
    scope: dict[str, Any] = field(default_factory=dict)
    received: list[Message] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        while True:
            message = await receive()
            self.received.append(message)
            if message["type"] != "http.request" or not message.get("more_body", False):
                break
        if self.received[-1]["type"] == "http.disconnect":
            return
        await send({"type": "http.response.start", "status": self.status, "headers": list(self.headers)})
        for number, chunk in enumerate(self.chunks):
            more = number < len(self.chunks) - 1
            await send({"type": "http.response.body", "body": chunk, "more_body": more})

    @property
    def body(self) -> bytes:
        """The request body as the inner app saw it."""
        return b"".join(message.get("body", b"") for message in self.received)

    def header(self, name: bytes) -> bytes | None:
        """The last value of a request header."""
        values = [value for key, value in self.scope["headers"] if key.lower() == name]
        return values[-1] if values else None


def drive(app: App, scope: dict[str, Any], messages: list[Message]) -> list[Message]:
    """Run one connection: the messages in order, then a disconnect each time more is asked for."""
    sent: list[Message] = []
    waiting = list(messages)

    async def receive() -> Message:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent


def post(app: App, path: str, body: bytes, *headers: tuple[bytes, bytes]) -> list[Message]:
    """Send a JSON body as one message."""
    given = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *headers]
    return drive(app, scope_of(path, headers=given), chunked(body, max(1, len(body))))


def answer_of(sent: list[Message]) -> tuple[int, dict[bytes, bytes], bytes]:
    """Return status, headers and body of what was sent."""
    start = next(message for message in sent if message["type"] == "http.response.start")
    body = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    return start["status"], dict(start["headers"]), body
