"""Reading a request body out of ASGI messages, once, for every route."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from headroom.integrations.threads import in_thread

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


def route_path(scope: Scope) -> str:
    """Return the path as the app's routes have it: without the prefix that its server or host has put before it.

    ASGI, HTTP connection scope: `path` begins with `root_path`, which not every server does.
    """
    path, root = scope["path"], scope.get("root_path", "").rstrip("/")
    below: str = path[len(root) :] if root and path.startswith(root + "/") else path
    return below


_LARGE = 1_048_576
"""Bodies above this size are put together in a thread: CPython lets other threads run while it joins so much."""


class BodyReader:
    """Takes a body off `receive` up to a size.

    After `read`: `body` is the whole body, or None if it did not come whole; then `gone` says that the client
    left, else it is larger than the cap. `replay` gives the inner app what was taken, so that nothing is lost.
    """

    __slots__ = ("_max_bytes", "_receive", "_taken", "body", "gone")

    def __init__(self, receive: Receive, max_bytes: int) -> None:
        self._receive = receive
        self._max_bytes = max_bytes
        self._taken: list[Message] = []
        self.body: bytes | None = None
        self.gone = False

    async def read(self) -> bytes | None:
        """Return the body, or None if it did not come whole."""
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            self._taken.append(message)
            if message["type"] != "http.request":
                self.gone = True
                return None
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > self._max_bytes:
                return None
            if not message.get("more_body", False):
                self.body = await _joined(chunks, size)
                self._taken = [_whole(self.body)]
                return self.body

    async def replay(self) -> Message:
        """Give back what was taken, in order, then whatever the server sends next."""
        return self._taken.pop(0) if self._taken else await self._receive()

    def replaced(self, body: bytes) -> Receive:
        """Return a receive that gives this body as one message, then whatever the server sends next."""
        waiting = [_whole(body)]
        further = self._receive  # and not the reader, which holds the body that came

        async def receive() -> Message:
            return waiting.pop() if waiting else await further()

        return receive


def _whole(body: bytes) -> Message:
    """Return the one message of a body."""
    return {"type": "http.request", "body": body, "more_body": False}


async def _joined(chunks: list[bytes], size: int) -> bytes:
    if len(chunks) == 1:
        return chunks[0]
    return b"".join(chunks) if size <= _LARGE else await in_thread(b"".join, chunks)
