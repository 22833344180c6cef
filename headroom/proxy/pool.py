"""Connections to the providers, as they are kept for the next request, and how the end of one is noticed.

Both rules mend what aiohttp leaves open: an answer may only be one to the request that was sent, and one whose
connection is gone cannot go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import WeakSet

import aiohttp
from aiohttp.client_proto import ResponseHandler


class PooledConnector(aiohttp.TCPConnector):
    """Never hands out a connection again on which something has come that nobody asked for.

    It would be taken for the answer to the next request, whoever's that is (RFC 9112, 9.2: a response without a
    request is none). Upstreams do so that announce the end of an idle connection with a 408, or send more than
    they said.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._known: WeakSet[ResponseHandler] = WeakSet()

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's form
    ) -> aiohttp.connector.Connection:
        """Return a connection of the pool that is as it was left, or a new one."""
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            if protocol is None or protocol not in self._known:
                break
            if not protocol.should_close:
                return connection
            connection.close()
        if protocol is not None:
            self._known.add(protocol)
            if protocol.closed is not None:
                protocol.closed.add_done_callback(_heard)
        return connection


def end_with_connection(response: aiohttp.ClientResponse) -> None:
    """Let the body of a response fail when its connection ends before it.

    aiohttp closes the connection when a body turns out to be garbage (a chunk without a size), but forgets the reader.
    """
    connection, content = response.connection, response.content
    if connection is None or connection.protocol is None:
        return  # the body has come whole

    def lost(_: object) -> None:
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError("the connection ended before the body"))

    closed = connection.protocol.closed
    if closed is None:
        lost(None)
    else:
        closed.add_done_callback(lost)
        content.on_eof(partial(_forget, closed, lost))


def _forget(closed: asyncio.Future[None], callback: Callable[[object], None]) -> None:
    closed.remove_done_callback(callback)


def _heard(closed: asyncio.Future[None]) -> None:
    """Take note of how a connection has ended, so that asyncio does not report it as overlooked."""
    if not closed.cancelled():
        closed.exception()
