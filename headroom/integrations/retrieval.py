"""Answers `headroom_retrieve` inside one request: the inner app is called again, and the client sees one answer.

    start ─► relayed   an error, another content type, a coded answer
          ├► whole     JSON: held, then answered by us or passed on
          ╰► woven     a stream: passes as it comes, see `headroom.ccr.streams`

The only part of retrieval that waits for something; what it decides by is pure and stands in `headroom.ccr`.
"""

from __future__ import annotations

import asyncio
from typing import Any

from headroom.ccr.answers import ANSWERS
from headroom.ccr.retriever import Retriever
from headroom.ccr.streams import weaver
from headroom.integrations.body import ASGIApp, Message, Receive, Scope, Send
from headroom.integrations.sinks import Failed, Relayed, Rounds, Sink, Whole, Woven
from headroom.integrations.threads import in_asyncio
from headroom.wire.codings import codings_of

ROUNDS = 3
"""How often the model is given originals in one answer. If it asks for more, it is told once that there are none."""

_EVENTS, _JSON = b"text/event-stream", b"application/json"
_REPLACED = frozenset({b"content-length", b"transfer-encoding", b"accept-encoding"})
# A second request under the key of the first would be answered with the first answer.
_OF_THE_FIRST = frozenset({b"idempotency-key"})


async def answered(
    app: ASGIApp,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    body: bytes,
    wire: str,
    retriever: Retriever,
    rounds: int = ROUNDS,
) -> int:
    """Call the app with a request body (JSON, not coded) and see its answer to the client; answer our calls in it.

    `receive` is asked for what the client says after its body. Returns how many further calls of the app it took.
    Whatever the app raises is raised on; a wire whose answers come later is handed through.
    """
    if wire not in ANSWERS:
        await app(_scope_for(scope, body, 0), _receive_for(body, receive), send)
        return 0
    asked = Rounds(send, ANSWERS[wire], retriever, body, rounds)
    before, client = _with_own_state(scope), _Client(receive)
    try:
        while True:
            call = _Call(asked, client)
            found = _with_own_state(before) if asked.made else scope
            await app(_scope_for(found, asked.body, asked.made), _receive_for(asked.body, call.receive), call.send)
            if not await call.goes_on():
                return asked.made
    finally:
        await client.leave()


def _with_own_state(scope: Scope) -> Scope:
    """Return a scope whose state is a copy: frameworks keep there the body that a call has read (Litestar)."""
    return {**scope, "state": {**scope["state"]}} if "state" in scope else scope


def _scope_for(scope: Scope, body: bytes, made: int) -> Scope:
    """Return a fresh scope for a body; the answer must not be coded, for it has to be read."""
    dropped = _REPLACED | (_OF_THE_FIRST if made else frozenset())
    kept = [(name, value) for name, value in scope["headers"] if bytes(name).lower() not in dropped]
    own = [(b"content-length", str(len(body)).encode()), (b"accept-encoding", b"identity")]
    return {**scope, "headers": [*kept, *own]}


def _receive_for(body: bytes, receive: Receive) -> Receive:
    """Return a receive that gives the body as one message, then whatever the client says."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return waiting.pop() if waiting else await receive()

    return next_message


class _Client:
    """Listens to the client for one call of the app after another."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._listening: asyncio.Task[Message] | None = None

    async def receive_until(self, over: asyncio.Future[None]) -> Message:
        """Return what the client says next, or, once the call is over, that it is gone.

        ASGI servers say so after an answer; the app may wait for it before it returns (Litestar), and must not wait for
        the end of an answer that is ours to go on with.
        """
        if self._listening is None:
            if over.done():
                return {"type": "http.disconnect"}
            self._listening = asyncio.ensure_future(_awaited(self._receive))
        said: asyncio.Future[Message] = self._listening
        either: set[asyncio.Future[Any]] = {said, over}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not said.done():
            return {"type": "http.disconnect"}
        self._listening = None
        return said.result()

    async def receive(self) -> Message:
        """Return what the client says next."""
        return await self._receive()

    async def leave(self) -> None:
        """Stop listening."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait({self._listening})


async def _awaited(receive: Receive) -> Message:
    return await receive()


class _Call:
    """One call of the inner app: sorts its answer by how it starts."""

    def __init__(self, rounds: Rounds, client: _Client) -> None:
        self._rounds = rounds
        self._client = client
        self._sink: Sink | None = None
        self._over = asyncio.get_running_loop().create_future() if in_asyncio() else None

    async def receive(self) -> Message:
        """Give the inner app what the client says. Event loops other than asyncio's have no tasks for us."""
        return await (self._client.receive() if self._over is None else self._client.receive_until(self._over))

    async def send(self, message: Message) -> None:
        """Take a message of the inner app."""
        if message["type"] == "http.response.start":
            self._sink = self._sink_for(message)
            await self._sink.start(message)
        elif message["type"] == "http.response.body" and self._sink is not None:
            if isinstance(self._sink, Whole) and self._sink.is_array_of_answers(message):
                self._sink = await self._sink.as_stream()
            await self._sink.body(message)
            self._end(message)
        else:
            await self._rounds.send(message)

    def _end(self, message: Message) -> None:
        """Note the end of the app's answer, which may come twice from an app that does not care."""
        if self._over is not None and not self._over.done() and not message.get("more_body", False):
            self._over.set_result(None)

    async def goes_on(self) -> bool:
        """Say, after the app has returned, whether it is to be called again."""
        if self._sink is None:
            return False
        if not self._sink.is_complete:
            await self._sink.broken_off()
        return self._sink.goes_on

    def _sink_for(self, start: Message) -> Sink:
        rounds = self._rounds
        kind = _readable_kind(start)
        if rounds.weaver is not None:
            return (Woven if kind == rounds.kind else Failed)(rounds, rounds.weaver)
        if kind == _JSON:
            rounds.kind = kind
            return Whole(rounds)
        if kind == _EVENTS and not rounds.made:
            rounds.kind, rounds.weaver = kind, weaver(rounds.answers.wire, rounds.body)
        return Relayed(rounds) if rounds.weaver is None else Woven(rounds, rounds.weaver)


def _readable_kind(start: Message) -> bytes:
    """Return the content type of an answer that we can read, empty for an error or a coded answer."""
    headers = {bytes(name).lower(): bytes(value) for name, value in start.get("headers", ())}
    if not 200 <= start["status"] < 300 or codings_of(headers.get(b"content-encoding", b"").decode("latin-1")):
        return b""
    return headers.get(b"content-type", b"").split(b";")[0].strip().lower()
