"""One request on a Responses socket and its answer, as the POST that they would be over HTTP.

    client ─► run ─► front, as a POST ─────► ask ─► provider
    client ◄─ front, as server-sent events ◄─ ask ◄─ provider, event by event

The front is the application that requests of HTTP come to; at its end `ask` is called in the place of the way to the
provider, once for the request, and again for every further one that the front makes of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from headroom.ccr.answers.openai_responses import is_ours
from headroom.errors import BodyError, UpstreamError
from headroom.integrations.asgi import INLINE_BYTES, MARK
from headroom.integrations.body import ASGIApp, Message, Receive, Scope, Send
from headroom.pipeline import Exchange
from headroom.providers.wire import string
from headroom.proxy.websocket_chain import Chain
from headroom.proxy.websocket_frames import (
    ITEM_DONE,
    Event,
    Request,
    as_server_sent,
    error_frame,
    from_server_sent,
)
from headroom.proxy.websocket_requests import Completed

T = TypeVar("T")

TURN = "headroom.turn"
"""Key of the scope under which the application at the end of the front finds the turn that it is to ask for."""

_EVENTS, _JSON = b"text/event-stream", b"application/json"
_OF_THE_SOCKET = b"sec-websocket-"
_OF_A_BODY = frozenset({b"connection", b"upgrade", b"content-type", b"content-length", b"content-encoding"})


@dataclass(slots=True)
class Socket:
    """What the requests of one socket have in common. `ended_by` says who has ended it, once it has ended."""

    scope: Scope
    front: ASGIApp
    to_provider: Callable[[str], Awaitable[None]]
    to_client: Callable[[str], Awaitable[None]]
    chain: Chain = field(default_factory=Chain)
    ended_by: str = ""


class Turn:
    """One request and its answer. With `is_under_way`, the provider answers already, without having been asked.

    `is_asking` says that the provider may answer; `sent`, that the request is on its way, or will never be; `over`,
    that nothing more follows.
    """

    def __init__(self, socket: Socket, request: Request, *, is_under_way: bool = False) -> None:
        self.request = request
        self.is_asking = is_under_way
        self.sent = asyncio.Event()
        self.over = asyncio.Event()
        self.events = _Handover()
        self._socket = socket
        self._is_under_way = is_under_way
        self._request = Completed(b"")
        self._rounds = 0
        self._first_id = self._response_id = ""
        self._open_calls: list[str] = []
        self._frame = self._data = b""  # the event under way, as it came and as it stands in the stream
        self._start: Message = {}
        self._is_refused_by_provider = False

    async def run(self) -> None:
        """Send the request through the front as a POST, and its answer to the client."""
        chain, request = self._socket.chain, self.request
        self._request = await apart(lambda: chain.completed(request.body), len(request.frame))
        body = self._request.body
        await self._socket.front(_scope_for(self, self._socket.scope, len(body)), _receive_of(body), self._deliver)

    def close(self) -> None:
        """Let nobody wait for this turn any more."""
        self.events.close()
        self.sent.set()
        self.over.set()

    # ---- the end of the front: the provider

    async def ask(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask the provider, as an ASGI application; a further call of it goes on from the response before."""
        exchange: Exchange = scope[MARK]
        body = (await receive())["body"]
        if not self._rounds:
            exchange.outcome = self._request.as_sent(exchange.outcome)
        if self._socket.ended_by:
            exchange.error = self._socket.ended_by
            return
        if self._rounds or not self._is_under_way:
            frame = await apart(lambda: self._frame_for(body), len(body))
            self.is_asking = True
            try:
                await self._socket.to_provider(frame)
            except UpstreamError as error:
                exchange.error = error.code
                return
        self.sent.set()
        self._rounds += 1
        try:
            await self._answer(exchange, send)
        finally:
            self.events.release()

    def _frame_for(self, body: bytes) -> str:
        """Return the frame for a body of the front; where that cannot be read, the request as it came."""
        chain, request = self._socket.chain, self.request
        if self._rounds:
            return request.with_body(chain.follow_up(body, self._response_id)).decode()
        try:
            return request.with_body(chain.to_send(self._request.taken_out(body))).decode()
        except BodyError:
            return request.frame.decode()

    async def _answer(self, exchange: Exchange, send: Send) -> None:
        event = await self.events.take()
        if event is not None and event.is_refusal and self._rounds == 1:
            self._is_refused_by_provider = True
            await send(_start(event.status, _JSON))
            await send({"type": "http.response.body", "body": event.frame, "more_body": False})
            return
        if event is not None:
            await send(_start(200, _EVENTS))
        while event is not None:
            await self._pass(event, send)
            if event.is_last:
                return
            event = await self.events.take()
        exchange.error = self._socket.ended_by

    async def _pass(self, event: Event, send: Send) -> None:
        self._note(event)
        framed, self._data = as_server_sent(event.frame)
        self._frame = event.frame
        await send({"type": "http.response.body", "body": framed, "more_body": not event.is_last})

    def _note(self, event: Event) -> None:
        if event.response_id:
            self._response_id = event.response_id
            self._first_id = self._first_id or event.response_id
            self._socket.chain.goes_by(self._first_id, event.response_id)
            self._socket.chain.asked(self._request.question, event.response_id)
        if event.type == ITEM_DONE and is_ours(event.item):
            self._open_calls.append(string(event.item.get("call_id")))
        elif event.type == ITEM_DONE:
            self._socket.chain.called(event)
        if event.is_last:
            self._socket.chain.left_open(self._response_id, self._open_calls)
            self._open_calls = []

    # ---- the other end: the client

    async def _deliver(self, message: Message) -> None:
        """Take a message of the front's answer; its server-sent events, or its error, become frames."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        body = message.get("body", b"")
        if self._start["status"] == 200:
            for data in from_server_sent(body):
                await self._socket.to_client((self._frame if data == self._data else data).decode())
        elif body:
            own = self._is_refused_by_provider
            frame = body if own else error_frame(self._start, body, self.request.lane)
            await self._socket.to_client(frame.decode())


class _Handover:
    """Hands one event at a time to whoever takes it."""

    def __init__(self) -> None:
        self._event: Event | None = None
        self._given = asyncio.Event()
        self._free = asyncio.Event()
        self._is_closed = False

    async def give(self, event: Event) -> bool:
        """Wait until the event is taken and done with; return whether it was taken at all."""
        if self._is_closed:
            return False
        self._event = event
        self._free.clear()
        self._given.set()
        await self._free.wait()
        return self._event is not event

    async def take(self) -> Event | None:
        """Be done with the event taken last; return the next one, None if there will be none."""
        self.release()
        await self._given.wait()
        if self._is_closed:
            return None
        self._given.clear()
        event, self._event = self._event, None
        return event

    def release(self) -> None:
        """Be done with the event taken last."""
        if self._event is None:
            self._free.set()

    def close(self) -> None:
        """Let nobody wait any more."""
        self._is_closed = True
        self._free.set()
        self._given.set()


async def apart(work: Callable[[], T], size: int) -> T:
    """Return what the work on so many bytes gives; on many, it is done in a thread, so that the event loop goes on."""
    return work() if size <= INLINE_BYTES else await asyncio.to_thread(work)


def _scope_for(turn: Turn, socket: Scope, length: int) -> Scope:
    """Return the scope of the POST that the request would be over HTTP, with the headers of the handshake."""
    kept = [
        (name, value)
        for name, value in socket["headers"]
        if name.lower() not in _OF_A_BODY and not name.lower().startswith(_OF_THE_SOCKET)
    ]
    own = [(b"content-type", _JSON), (b"content-length", str(length).encode())]
    return {**socket, "type": "http", "method": "POST", "headers": [*kept, *own], TURN: turn}


def _receive_of(body: bytes) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    return receive


def _start(status: int, kind: bytes) -> Message:
    return {"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]}
