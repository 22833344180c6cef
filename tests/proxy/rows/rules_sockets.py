"""Rules for WebSockets that are open: what is said, and who ends them. For handshakes the other rules hold."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from proxy.rows.stand import standing
from proxy.rows.table import Row, is_socket, rule
from proxy.sockets import Provider
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

MESSAGES = [
    "",
    " plain ",
    '{"a" : 1.0,\r\n "b":"\\u00e9\\/"}',
    '{"type":"x", "type":"y"}',
    "grün \U0001f600",
    b"",
    b"\x00\xff",
    "x" * 1_000_000,
    b"\x01" * 1_000_000,
]
ENDINGS = [(1000, ""), (1001, "bye"), (1008, "Grüße"), (4321, "x" * 123)]


@asynccontextmanager
async def _open(row: Row, provider: Provider, **options: Any) -> AsyncIterator[ClientConnection]:
    async with (
        standing(provider, **options) as stand,
        connect(f"ws://127.0.0.1:{stand.port}{row.path}", max_size=None, compression=None) as socket,
    ):
        yield socket


async def _echo(socket: Any) -> None:
    while True:
        await socket.send(await socket.recv())


async def _waiting(socket: Any) -> None:
    await socket.wait_closed()


async def _end_of(socket: ClientConnection) -> tuple[int, str]:
    """Return code and reason of the end that is heard next; zero if a message is heard."""
    try:
        await socket.recv()
    except ConnectionClosed as ended:
        return (0, "") if ended.rcvd is None else (ended.rcvd.code, ended.rcvd.reason)
    return 0, ""


@rule(is_socket)
async def messages_pass_as_they_are(row: Row) -> None:
    provider = Provider(_echo)
    async with _open(row, provider, optimize=True) as socket:
        for message in MESSAGES:
            await socket.send(message)
            assert await socket.recv() == message
    assert provider.got == MESSAGES


@rule(is_socket)
async def how_the_provider_closes_reaches_the_client(row: Row) -> None:
    for code, reason in ENDINGS:

        async def closing(socket: Any, code: int = code, reason: str = reason) -> None:
            await socket.close(code, reason)

        async with _open(row, Provider(closing)) as socket:
            assert await _end_of(socket) == (code, reason)


@rule(is_socket)
async def how_the_client_closes_reaches_the_provider(row: Row) -> None:
    for code, reason in ENDINGS:
        provider = Provider(_waiting)
        async with _open(row, provider) as socket:
            await socket.close(code, reason)
            assert await provider.closed.get() == (code, reason)


@rule(is_socket)
async def a_client_that_dies_ends_the_socket_of_the_provider(row: Row) -> None:
    provider = Provider(_echo)
    async with _open(row, provider) as socket:
        await socket.send("alive")
        assert await socket.recv() == "alive"
        socket.transport.abort()
        assert (await provider.closed.get())[0] in (1000, 1011)


@rule(is_socket)
async def a_message_over_the_cap_ends_the_socket(row: Row) -> None:
    async def talking(socket: Any) -> None:
        await socket.send("x" * 2_000)
        await socket.wait_closed()

    async with _open(row, Provider(talking), max_body_bytes=1_000) as socket:
        assert (await _end_of(socket))[0] == 1009
