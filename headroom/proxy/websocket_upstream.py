"""The provider's side of a relayed WebSocket (RFC 6455): the handshake, then messages as they come.

Each socket has a session of its own over the connections of the pool, so that a handshake can be watched: a refusal
has a status and a body, which the client is to see, and redirects are refusals too.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import aiohttp
from yarl import URL

from headroom.errors import UpstreamTimeoutError, UpstreamUnreachableError
from headroom.proxy.helpers import Headers
from headroom.proxy.upstream import Upstream, requesting

NO_STATUS, ABNORMAL, INTERNAL_ERROR = 1005, 1006, 1011
_NEVER_SENT = {NO_STATUS: 1000, ABNORMAL: INTERNAL_ERROR, 1015: INTERNAL_ERROR}
"""Close codes that only say how a socket ended, and what is said to the other side instead (RFC 6455, 7.4.1)."""

_SWITCHING_PROTOCOLS = 101
_MAX_REFUSAL_BYTES = 1_048_576
_CLOSING_SECONDS = 1.0
"""How long a provider may take to hear, and to confirm, that a socket is closed."""


@dataclass(frozen=True, slots=True)
class Close:
    """How one side has ended a socket."""

    code: int
    reason: str = ""

    @property
    def code_to_send(self) -> int:
        """The code with which the other side is told."""
        return _NEVER_SENT.get(self.code, self.code)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer to a handshake that is no WebSocket: status, header lines, and the body, undecoded."""

    status: int
    headers: Headers
    body: bytes


class UpstreamSocket:
    """An open socket to a provider. `headers` are those of its answer to the handshake. Must be closed."""

    def __init__(
        self, socket: aiohttp.ClientWebSocketResponse, session: aiohttp.ClientSession, headers: Headers, stall: float
    ) -> None:
        self.headers = headers
        self.subprotocol = socket.protocol
        self._socket = socket
        self._session = session
        self._stall = stall

    async def receive(self) -> str | bytes | Close:
        """Return the next message, or how the socket has ended."""
        message = await self._socket.receive()
        if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
            data: str | bytes = message.data
            return data
        if message.type is aiohttp.WSMsgType.CLOSE:
            return Close(message.data or NO_STATUS, message.extra or "")
        return Close(self._socket.close_code or ABNORMAL)

    async def send(self, data: str | bytes) -> None:
        """Send a text (str) or binary message. Raises `UpstreamUnreachableError` or `UpstreamTimeoutError`."""
        try:
            async with asyncio.timeout(self._stall):
                await (self._socket.send_str(data) if isinstance(data, str) else self._socket.send_bytes(data))
        except TimeoutError as error:
            raise UpstreamTimeoutError("The upstream did not take the message in time.") from error
        except (aiohttp.ClientError, OSError) as error:
            raise UpstreamUnreachableError("The upstream has closed the socket.") from error

    async def close(self, close: Close) -> None:
        """Close the socket, unless it is closed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING_SECONDS):
                await self._socket.close(code=close.code_to_send, message=close.reason.encode())
        await self._session.close()


async def connect(
    pool: Upstream,
    base: str,
    target: str,
    headers: list[tuple[str, str]],
    *,
    subprotocols: list[str],
    max_bytes: int,
    stall: float,
) -> UpstreamSocket | Refusal:
    """Open a socket to path and query `target` under the URL `base`, or return why there is none.

    Messages over `max_bytes` end the socket with code 1009; `stall` is how many seconds the provider may leave a
    message untaken. Raises `NotConnectedError`, `UpstreamUnreachableError` or
    `UpstreamTimeoutError`.
    """
    handshake = _Handshake()
    session = pool.watched_by(handshake.watched)
    url = URL(base + target, encoded=True)
    socket = None
    try:
        with requesting():
            socket = await session.ws_connect(
                url,
                headers=headers,
                protocols=subprotocols,
                proxy=pool.proxy_for(url),
                autoclose=False,
                max_msg_size=max_bytes,
            )
        return UpstreamSocket(socket, session, handshake.headers, stall)
    except _RefusedError as refused:
        return refused.refusal
    finally:
        if socket is None:
            await session.close()


class _RefusedError(Exception):
    """Carries a refusal past the HTTP client, which would drop its body."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


class _Handshake:
    """One handshake, watched from within the HTTP client."""

    headers: Headers = ()

    async def watched(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Send the request; keep the headers of the answer, or raise it if it is a refusal."""
        response = await handler(request)
        self.headers = response.raw_headers
        if response.status != _SWITCHING_PROTOCOLS:
            async with response:
                body = await _beginning_of(response)
            raise _RefusedError(Refusal(response.status, response.raw_headers, body))
        return response


async def _beginning_of(response: aiohttp.ClientResponse) -> bytes:
    parts = bytearray()
    while len(parts) < _MAX_REFUSAL_BYTES:
        part = await response.content.readany()
        if not part:
            break
        parts += part
    return bytes(parts[:_MAX_REFUSAL_BYTES])
