"""Requests on a Responses socket: which are under way, which wait, and whose answer an event is of.

Each takes the way of an HTTP request, see `headroom.proxy.websocket_turn`. So what holds for those holds here:
compression, retrieval, accounting, headers of ours, who may refuse. The events of a response are handed through one by
one; the socket is read on when one of them is done with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from headroom.proxy.websocket_chain import Newest
from headroom.proxy.websocket_frames import CREATED, PENDING, STEER, Event, Request, event_in, request_in
from headroom.proxy.websocket_turn import Socket, Turn, apart

_MOST_TURNS = 64
"""A client that asks for more at once is not listened to until one of them is over."""

_MAX_WAITING_BYTES = 1_048_576
"""Of requests that wait for their lane; a client that says more is not listened to until they are on their way."""

_LEAVING_SECONDS = 5.0
"""How long the answers of a socket that has ended may take to be booked."""

_MOST_STEERED = 16


class Turns:
    """The requests of one socket, one under way a lane. What fails unforeseen, `watch` is told of as a task."""

    def __init__(self, socket: Socket, watch: Callable[[asyncio.Task[None]], None]) -> None:
        self._socket = socket
        self._watch = watch
        self._newest: dict[str, Turn] = {}
        self._asking: dict[str, Turn] = {}
        self._steered: Newest[Request] = Newest(_MOST_STEERED)
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting = 0

    async def begin(self, data: str) -> bool:
        """Take a client's message if it is a request; return once it is on its way, or whether it is none.

        A request that finds its lane busy waits, for what a gateway asks on its own must come before it.
        """
        request = await apart(lambda: request_in(data.encode()), len(data))
        if request is None:
            return STEER in data and await self._steer(data)
        previous = self._newest.get(request.lane)
        self._steered.pop(request.lane, None)
        turn = self._started(Turn(self._socket, request), previous)
        if previous is None or self._waiting > _MAX_WAITING_BYTES:
            await turn.sent.wait()
        if len(self._tasks) > _MOST_TURNS:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        return True

    async def _steer(self, data: str) -> bool:
        """Relay what is said into a running response, which may be followed by another that nobody asks for."""
        for lane, turn in self._asking.items():
            self._steered.keep(lane, turn.request.without_input())
        await self._socket.to_provider(self._socket.chain.redirected(data.encode()).decode())
        return True

    def _started(self, turn: Turn, previous: Turn | None) -> Turn:
        self._newest[turn.request.lane] = turn
        self._waiting += len(turn.request.frame)
        task = asyncio.create_task(self._run(turn, previous))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(self._watch)
        return turn

    async def _run(self, turn: Turn, previous: Turn | None) -> None:
        lane = turn.request.lane
        try:
            if previous is not None:
                await previous.over.wait()
            self._waiting -= len(turn.request.frame)
            self._asking[lane] = turn
            if not self._socket.ended_by:
                await turn.run()
        finally:
            for turns in (self._asking, self._newest):
                if turns.get(lane) is turn:
                    del turns[lane]
            turn.close()

    async def go_on(self, data: str) -> bool:
        """Take a provider's message if it is of an answer; return once it is done with, or whether it is none."""
        event = event_in(data.encode())
        if event is None:
            return False
        if event.type == PENDING:
            return await self._told_what_waits(event)
        turn = self._turn_of(event)
        if turn is None and event.type == CREATED and event.lane in self._steered:
            request = self._steered.pop(event.lane)
            turn = self._started(Turn(self._socket, request, is_under_way=True), None)
        return turn is not None and turn.is_asking and await turn.events.give(event)

    def _turn_of(self, event: Event) -> Turn | None:
        """Return the turn whose answer an event is of; where the provider names no lanes, answers come in order."""
        oldest = None if event.lane else next(iter(self._asking.values()), None)
        return self._asking.get(event.lane, oldest)

    async def _told_what_waits(self, event: Event) -> bool:
        """Tell the client which results a steered response waits for, but for those that are not its own to give."""
        frame = self._socket.chain.without_ours(event.frame)
        if frame is not None:
            await self._socket.to_client(frame.decode())
        return True

    async def end(self, who: str) -> None:
        """End all answers: what is known of them is booked."""
        self._socket.ended_by = who
        for turn in self._asking.values():
            turn.events.close()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=_LEAVING_SECONDS)
            for task in late:
                task.cancel()
