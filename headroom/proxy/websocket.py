"""WebSockets: a client's socket and one to the provider, whose messages go from one to the other as they come.

One message at a time is under way in each direction: whoever reads slowly slows down the other side. Whichever side
ends, ends the other in the same way. On a socket of the Responses API, requests and their answers take the way of
HTTP requests instead, see `headroom.proxy.websocket_turns`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from headroom.errors import RequestError, UpstreamError, UpstreamTimeoutError
from headroom.integrations.body import ASGIApp, Message, Receive, Scope, Send
from headroom.pipeline.interception import InterceptedError, fails_closed
from headroom.pipeline.plugins import interceptors_of
from headroom.providers.routes import route_of
from headroom.proxy.config import ProxyConfig
from headroom.proxy.helpers import TO_CLIENT, TO_UPSTREAM, end_to_end, texts
from headroom.proxy.interceptors.base import Interceptors
from headroom.proxy.refusals import refuse
from headroom.proxy.target import Answered, Targets, Upward, vendor_for
from headroom.proxy.upstream import Upstream
from headroom.proxy.websocket_turn import Socket
from headroom.proxy.websocket_turns import Turns
from headroom.proxy.websocket_upstream import (
    ABNORMAL,
    INTERNAL_ERROR,
    NO_STATUS,
    Close,
    Refusal,
    UpstreamSocket,
    connect,
)

T = TypeVar("T")

# What each hop negotiates for itself (RFC 6455, 11.3), and the length of what is sent anew.
_OF_THE_HOP = frozenset(
    {
        b"sec-websocket-key",
        b"sec-websocket-version",
        b"sec-websocket-extensions",
        b"sec-websocket-protocol",
        b"sec-websocket-accept",
        b"content-length",
    }
)
_CLIENT, _UPSTREAM, _GATEWAY = "client_left", "upstream_closed", "failed"
"""Who has ended a socket."""

_DENIAL = "websocket.http.response"
_POLICY_VIOLATION = 1008
_log = logging.getLogger("headroom.proxy")


class WebSockets:
    """Relays WebSockets to the provider that path, header or credentials name.

    `front` is the application that requests on Responses sockets go through; without one they are relayed as they are.
    """

    def __init__(self, config: ProxyConfig, targets: Targets, pool: Upstream) -> None:
        self.front: ASGIApp | None = None
        self._targets = targets
        self._pool = pool
        self._max_bytes = config.max_body_bytes
        self._stall = config.read_timeout
        self._policies = Interceptors(interceptors_of(config.interceptors))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket."""
        if (await receive())["type"] != "websocket.connect":
            return
        following = asyncio.ensure_future(receive())
        try:
            opened = await _unless_left(following, self._opened(scope))
            if isinstance(opened, Refusal):
                await _deny(opened, scope, send)
            elif opened is not None:
                guarded = fails_closed(self._policies)
                await _Relay(
                    scope, _beginning_with(following, receive), send, opened, self.front, guarded=guarded
                ).run()
        except (RequestError, UpstreamError) as error:
            request_id = await refuse(error, scope, send)
            _log.warning("WebSocket %s: %s (%s)", error.status, error.code, request_id)
        finally:
            following.cancel()

    async def _opened(self, scope: Scope) -> UpstreamSocket | Refusal:
        if fails_closed(self._policies) and not (self.front and _speaks_responses(scope)):
            raise InterceptedError  # nothing that is said on it could be seen by them
        target = self._targets.of(scope, vendor_for(scope))
        if isinstance(target, Answered):
            raise RequestError("This handler has no WebSocket.")
        return await self._connected(scope, target)

    async def _connected(self, scope: Scope, target: Upward) -> UpstreamSocket | Refusal:
        headers = end_to_end(scope["headers"], TO_UPSTREAM | _OF_THE_HOP)
        return await connect(
            self._pool,
            target.base,
            target.target,
            target.dressed(texts(headers)),
            subprotocols=list(scope.get("subprotocols", ())),
            max_bytes=self._max_bytes,
            stall=self._stall,
        )


class _Relay:
    """One client's socket and the provider's. On a guarded one the client may send nothing but requests."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        upstream: UpstreamSocket,
        front: ASGIApp | None,
        *,
        guarded: bool,
    ) -> None:
        self._receive = receive
        self._send = send
        self._upstream = upstream
        self._guarded = guarded
        self._ended: asyncio.Future[tuple[str, Close]] = asyncio.get_running_loop().create_future()
        self._turns: Turns | None = None
        if front is not None and _speaks_responses(scope):
            self._turns = Turns(Socket(scope, front, self._to_provider, self._to_client), self._done)

    async def run(self) -> None:
        """Relay until one side ends, then end the other; both, if we fail."""
        who, close = _GATEWAY, Close(INTERNAL_ERROR)
        try:
            await self._send(_acceptance(self._upstream))
            who, close = await self._relayed()
        except OSError:  # the server's way to say that the client has gone
            who = _CLIENT
        finally:
            await self._upstream.close(close)
            if who != _CLIENT:
                with suppress(OSError):
                    await self._send({"type": "websocket.close", "code": close.code_to_send, "reason": close.reason})

    async def _relayed(self) -> tuple[str, Close]:
        """Relay in both directions; return which side has ended, and how."""
        directions = [asyncio.create_task(self._up()), asyncio.create_task(self._down())]
        for direction in directions:
            direction.add_done_callback(self._done)
        who = _GATEWAY
        try:
            who, close = await self._ended
        finally:
            for direction in directions:
                direction.cancel()
            await asyncio.wait(directions)
            if self._turns is not None:
                await self._turns.end(who)
        return who, close

    def _end(self, who: str, close: Close) -> None:
        if not self._ended.done():
            self._ended.set_result((who, close))

    def _done(self, task: asyncio.Task[None]) -> None:
        """Let a failure of ours end the sockets: nobody waits for what runs beside the relay."""
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._ended.done():
            self._ended.set_exception(error)

    async def _up(self) -> None:
        """Relay what the client says. If the provider takes no more, how it has ended is told by `_down`."""
        with suppress(UpstreamError):
            while True:
                message = await self._receive()
                if message["type"] == "websocket.disconnect":
                    self._end(_CLIENT, Close(message.get("code", NO_STATUS), message.get("reason") or ""))
                    return
                data = message.get("bytes")
                await self._take(message["text"] if data is None else data)

    async def _take(self, data: str | bytes) -> None:
        if self._turns is not None and isinstance(data, str) and await self._turns.begin(data):
            return
        if self._guarded:
            self._end(_GATEWAY, Close(_POLICY_VIOLATION, str(InterceptedError())))
        else:
            await self._to_provider(data)

    async def _down(self) -> None:
        """Relay what the provider says."""
        while True:
            data = await self._upstream.receive()
            if isinstance(data, Close):
                self._end(_UPSTREAM, data)
                return
            if self._turns is None or isinstance(data, bytes) or not await self._turns.go_on(data):
                await self._to_client(data)

    async def _to_provider(self, data: str | bytes) -> None:
        try:
            await self._upstream.send(data)
        except UpstreamTimeoutError as error:
            self._end(_UPSTREAM, Close(INTERNAL_ERROR, str(error)))
            raise

    async def _to_client(self, data: str | bytes) -> None:
        kind = "bytes" if isinstance(data, bytes) else "text"
        try:
            await self._send({"type": "websocket.send", kind: data})
        except OSError:
            self._end(_CLIENT, Close(ABNORMAL))


async def _unless_left(following: asyncio.Future[Message], work: Coroutine[Any, Any, T]) -> T | None:
    """Return what the work gives; None, and the work is cancelled, if what follows first is that the client leaves."""
    working = asyncio.create_task(work)
    try:
        await asyncio.wait((working, following), return_when=asyncio.FIRST_COMPLETED)
        if not working.done() and following.result()["type"] == "websocket.disconnect":
            return None
        return await working
    finally:
        if not working.done():
            working.cancel()
            await asyncio.wait((working,))


def _beginning_with(first: asyncio.Future[Message], receive: Receive) -> Receive:
    """Return a receive whose first message somebody waits for already."""
    waiting = [first]

    async def received() -> Message:
        return await (waiting.pop() if waiting else receive())

    return received


def _speaks_responses(scope: Scope) -> bool:
    row = route_of("POST", scope["path"])
    return row is not None and row.wire == "openai-responses"


def _acceptance(upstream: UpstreamSocket) -> Message:
    headers = end_to_end(upstream.headers, TO_CLIENT | _OF_THE_HOP)
    return {"type": "websocket.accept", "subprotocol": upstream.subprotocol, "headers": headers}


async def _deny(refusal: Refusal, scope: Scope, send: Send) -> None:
    """Answer the handshake with the provider's refusal, or, where the server has no way to, with one of its own."""
    if _DENIAL not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        return
    headers = end_to_end(refusal.headers, TO_CLIENT | _OF_THE_HOP)
    await send({"type": f"{_DENIAL}.start", "status": refusal.status, "headers": headers})
    await send({"type": f"{_DENIAL}.body", "body": refusal.body, "more_body": False})
