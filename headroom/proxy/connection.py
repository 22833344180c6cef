"""The server's side of a client's connection: what is said in one turn of the event loop leaves in one piece.

The head of an answer and the first part of its body come as two ASGI messages. Written one by one they cost two
system calls and wake the client for a head without a body.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class GatheringTransport:
    """A transport that collects what is written until the event loop turns; all else is the one beneath it."""

    def __init__(self, beneath: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._beneath = beneath
        self._loop = loop
        self._parts: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._beneath, name)

    def write(self, data: bytes) -> None:
        """Write the data before the event loop waits again, behind what was written before."""
        self.writelines((data,))

    def writelines(self, parts: Iterable[bytes]) -> None:
        """Write several pieces of data."""
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.extend(parts)

    def write_eof(self) -> None:
        """Say that nothing more will be written."""
        self._flush()
        self._beneath.write_eof()

    def close(self) -> None:
        """Close the connection once all is out."""
        self._flush()
        self._beneath.close()

    def _flush(self) -> None:
        parts, self._parts = self._parts, []
        if parts and not self._beneath.is_closing():
            self._beneath.writelines(parts)


class Connection(HttpToolsProtocol):
    """Uvicorn's HTTP protocol over a gathering transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to serve a connection."""
        super().connection_made(cast("asyncio.Transport", GatheringTransport(transport, self.loop)))
