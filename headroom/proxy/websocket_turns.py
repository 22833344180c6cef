"""Requests on a Responses socket: each of them and its answer go through the same application as those of HTTP.

    client ─► Turns.begin ─► front, as a POST ─► Turn.ask ─► provider
    client ◄─────────────── front, as a stream ◄─ Turn.ask ◄─ Turns.go_on ◄─ provider

So what holds for requests of HTTP holds here: compression, retrieval, accounting, headers of ours, who may refuse.
The events of a response are handed through one by one; the socket is read on when one of them is done with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from headroom.ccr.answers.openai_responses import is_ours
from headroom.errors import BodyError, UpstreamError
from headroom.integrations.asgi import INLINE_BYTES, MARK
from headroom.integrations.body import ASGIApp, Message, Receive, Scope, Send
from headroom.pipeline import Exchange
from headroom.providers.wire import string
from headroom.proxy.websocket_chain import Chain, follow_up, without_calls
from headroom.proxy.websocket_frames import (
    ITEM_DONE,
    Event,
    Request,
    as_server_sent,
    error_frame,
    event_in,
    from_server_sent,
    request_in,
)

TURN = "headroom.turn"
"""Key of the scope under which the application at the end of `front` finds the turn that it is to ask for."""

_MAX_WAITING_BYTES = 1_048_576
"""Of requests that wait for their lane; a client that says more is not listened to until they are on their way."""

_LEAVING_SECONDS = 5.0
"""How long the answers of a socket that has ended may take to be booked."""

_EVENTS, _JSON = b"text/event-stream", b"application/json"
_OF_THE_SOCKET = b"sec-websocket-"
_OF_A_BODY = frozenset({b"connection", b"upgrade", b"content-type", b"content-length", b"content-encoding"})


class Turns:
    """The requests of one socket that are under way, one a lane.

    `ended_by` says who has ended the socket, once it has ended. What fails unforeseen, `watch` is told of as a task.
    """

    def __init__(
        self,
        scope: Scope,
        front: ASGIApp,
        to_provider: Callable[[str], Awaitable[None]],
        to_client: Callable[[str], Awaitable[None]],
        watch: Callable[[asyncio.Task[None]], None],
    ) -> None:
        self.scope = scope
        self.front = front
        self.to_provider = to_provider
        self.to_client = to_client
        self.chain = Chain()
        self.ended_by = ""
        self._watch = watch
        self._newest: dict[str, Turn] = {}
        self._asking: dict[str, Turn] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting = 0

    async def begin(self, data: str) -> bool:
        """Take a client's message if it is a request; return once it is on its way, or whether it is none.

        A request that finds its lane busy waits, for what a gateway asks on its own must come before it.
        """
        request = await _request_in(data)
        if request is None:
            return False
        turn, previous = Turn(self, request), self._newest.get(request.lane)
        self._newest[request.lane] = turn
        self._waiting += len(request.frame)
        task = asyncio.create_task(self._run(turn, previous))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(self._watch)
        if previous is None or self._waiting > _MAX_WAITING_BYTES:
            await turn.sent.wait()
        return True

    async def _run(self, turn: Turn, previous: Turn | None) -> None:
        lane = turn.request.lane
        try:
            if previous is not None:
                await previous.over.wait()
            self._waiting -= len(turn.request.frame)
            self._asking[lane] = turn
            if not self.ended_by:
                await turn.run()
        finally:
            for turns in (self._asking, self._newest):
                if turns.get(lane) is turn:
                    del turns[lane]
            turn.close()

    async def go_on(self, data: str) -> bool:
        """Take a provider's message if it is of an answer; return once it is done with, or whether it is none."""
        event = event_in(data.encode()) if self._asking else None
        turn = self._asking.get(event.lane) if event is not None else None
        return event is not None and turn is not None and turn.sent.is_set() and await turn.events.give(event)

    async def end(self, who: str) -> None:
        """End all answers: what is known of them is booked."""
        self.ended_by = who
        for turn in self._asking.values():
            turn.events.close()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=_LEAVING_SECONDS)
            for task in late:
                task.cancel()


class Turn:
    """One request and its answer.

    `sent` says that the request is on its way, or will never be; `over`, that nothing more follows.
    """

    def __init__(self, turns: Turns, request: Request) -> None:
        self.request = request
        self.sent = asyncio.Event()
        self.over = asyncio.Event()
        self.events = _Handover()
        self._turns = turns
        self._calls_added = 0
        self._rounds = 0
        self._first_id = self._response_id = ""
        self._open_calls: list[str] = []
        self._frame = self._data = b""  # the event under way, as it came and as it stands in the stream
        self._status = 0
        self._is_refused_by_provider = False

    async def run(self) -> None:
        """Send the request through the front as a POST, and its answer to the client."""
        body, self._calls_added = self._turns.chain.completed(self.request.body)
        await self._turns.front(_scope_for(self, self._turns.scope, len(body)), _receive_of(body), self._deliver)

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
        try:
            await self._turns.to_provider(self._frame_for(body).decode())
        except UpstreamError as error:
            exchange.error = error.code
            return
        self.sent.set()
        self._rounds += 1
        try:
            await self._answer(exchange, send)
        finally:
            self.events.release()

    def _frame_for(self, body: bytes) -> bytes:
        try:
            if self._rounds:
                return self.request.with_body(follow_up(body, self._response_id))
            return self.request.with_body(self._turns.chain.to_send(without_calls(body, self._calls_added)))
        except BodyError:
            return self.request.frame

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
        exchange.error = self._turns.ended_by

    async def _pass(self, event: Event, send: Send) -> None:
        self._note(event)
        framed, self._data = as_server_sent(event.frame)
        self._frame = event.frame
        await send({"type": "http.response.body", "body": framed, "more_body": not event.is_last})

    def _note(self, event: Event) -> None:
        if event.response_id:
            self._response_id = event.response_id
            self._first_id = self._first_id or event.response_id
        if event.type == ITEM_DONE and is_ours(event.item):
            self._open_calls.append(string(event.item.get("call_id")))
        elif event.type == ITEM_DONE:
            self._turns.chain.called(event)
        if event.is_last:
            self._turns.chain.ended(self._response_id, self._open_calls, self._first_id)
            self._open_calls = []

    # ---- the other end: the client

    async def _deliver(self, message: Message) -> None:
        """Take a message of the front's answer; its server-sent events, or its error, become frames."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            return
        body = message.get("body", b"")
        if self._status == 200:
            for data in from_server_sent(body):
                await self._turns.to_client((self._frame if data == self._data else data).decode())
        elif body:
            own = self._is_refused_by_provider
            frame = body if own else error_frame(self._status, body, self.request.lane)
            await self._turns.to_client(frame.decode())


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


async def _request_in(data: str) -> Request | None:
    """Read a client's message; a large one in a thread, so that the event loop goes on."""
    if len(data) <= INLINE_BYTES:
        return request_in(data.encode())
    return await asyncio.to_thread(lambda: request_in(data.encode()))


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
