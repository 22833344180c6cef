"""An inner app that says what it was told, and a client that asks it through the loop that answers retrievals."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from ccr.scripts import FORMS, HANDLE, MINT, ORIGINAL, THEIRS, WIRES, Call, request, stream, whole
from support.drive import scope_of

from headroom.ccr.retriever import Retriever
from headroom.integrations.retrieval import answered

each_wire = pytest.mark.parametrize("wire", WIRES)
each_form = pytest.mark.parametrize("form", FORMS)
ASKING = Call("ask_a")
OTHER = Call("call_b", THEIRS, '{"all": true}')
EVENTS = b"text/event-stream; charset=utf-8"


@dataclass
class Answer:
    """What the inner app says to one request; without `more`, it returns before the end."""

    chunks: list[bytes]
    kind: bytes = b"application/json"
    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()
    is_whole: bool = True


@dataclass
class App:
    """An inner app that says what it was told, one answer a call, and keeps what it was asked."""

    answers: list[Answer]
    scopes: list[Any] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def __call__(self, scope, receive, send):
        message = await receive()
        assert message["type"] == "http.request"
        assert not message["more_body"]
        answer = self.answers[len(self.bodies)]
        self.scopes.append(scope)
        self.bodies.append(message["body"])
        scope["path"] = "/changed by a router"
        headers = [(b"content-type", answer.kind), (b"x-request", b"%d" % len(self.bodies)), *answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        for number, chunk in enumerate(answer.chunks, start=1):
            more = number < len(answer.chunks) or not answer.is_whole
            await send({"type": "http.response.body", "body": chunk, "more_body": more})


def json_answer(wire, answer, **also):
    body = whole(wire, answer)
    half = len(body) // 2
    length = (b"content-length", str(len(body)).encode())
    return Answer([body[:half], body[half:]], headers=(length,), **also)


def stream_answer(form, answer, **also):
    kind = b"application/json; charset=UTF-8" if form.endswith("array") else EVENTS
    return Answer(stream(form, answer), kind, **also)


def retriever(store=None):
    return Retriever({HANDLE: ORIGINAL}, store, "tenant", MINT)


def ask(wire, *answers, one=None, store=None, headers=(), body=None, rounds=3):
    """Send a request through the loop; return the app and the messages that the client got."""
    app, sent = App(list(answers)), []
    scope = scope_of("/v1/any", headers=((b"content-type", b"application/json"), (b"Content-Length", b"1"), *headers))

    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    async def run():
        return await answered(
            app,
            scope,
            receive,
            send,
            body=body or request(wire, stream=True),
            wire=wire,
            retriever=one or retriever(store),
            rounds=rounds,
        )

    made = asyncio.run(run())
    assert made == len(app.bodies) - 1
    return app, sent


def results_in(body):
    """Every text in a request body that could be a result of ours."""
    found, stack = [], [json.loads(body)]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            found.append(node)
        stack.extend(reversed(node) if isinstance(node, list) else node.values() if isinstance(node, dict) else ())
    return found
