"""Answers of every wire, whole and streamed, damaged, in pieces, in one round or several."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import msgspec
from ccr.scripts import (
    FORMS,
    HANDLE,
    MINT,
    ORIGINAL,
    THEIRS,
    Call,
    Said,
    Text,
    Thought,
    request,
    stream,
    whole,
    wire_of,
)
from support.drive import Message, scope_of

from headroom.ccr.retriever import Retriever
from headroom.integrations.answer import Answer
from headroom.integrations.retrieval import ROUNDS, answered
from headroom.pipeline import Exchange, Pipeline
from headroom.providers import WIRES
from headroom.providers.wire import Usage
from headroom.state.memory import MemoryStore
from headroom.wire.sse import EventParser
from tools.fuzz.damage import Writer, damaged_bytes, pieces
from tools.fuzz.driving import finished
from tools.fuzz.running import law

EVENTS, JSON = b"text/event-stream", b"application/json"
_TEXTS = ("", "word", "two lines\n\n data: x", 'a "quoted" \\ é€𝄞 \u2028\r\n', "x" * 300, "[DONE]", "]}\n\n")
_ASKED = (
    json.dumps({"hash": HANDLE}),
    json.dumps({"hash": HANDLE, "lines": "1-2"}),
    json.dumps({"hash": f"[... hash={HANDLE}]", "query": "zweite Zeile"}),
    json.dumps({"hash": HANDLE[:-1] + "x"}),
    json.dumps({"hash": 7, "lines": [1, {}], "query": None}),
    "{}",
)
_NAMED = re.compile(rb"headroom_retrieve|\\u")
"""Where our tool may be named: any of its letters may be escaped."""
_RATES = (0.0, 0.0, 0.002, 0.01, 0.05)


@dataclass(frozen=True)
class Reply:
    """What the provider says to one call: content type, bytes, status; `is_whole` unless it breaks off."""

    kind: bytes
    data: bytes
    status: int = 200
    coding: bytes = b""
    is_whole: bool = True


@dataclass(frozen=True)
class Seen:
    """One exchange: the client's status, whether its answer ended, its bytes; what the provider was asked; usage."""

    status: int
    is_ended: bool
    data: bytes
    bodies: list[bytes]
    usage: Usage | None

    def same_as(self, other: Seen) -> bool:
        """Say whether clients understand the same: how many empty lines stand between events does not matter."""
        return replace(self, data=_evenly(self.data)) == replace(other, data=_evenly(other.data))


def _evenly(data: bytes) -> bytes:
    return re.sub(rb"\n{2,}", b"\n\n", data.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))


class Answers:
    """What providers could say, whether or not they ever do."""

    def __init__(self) -> None:
        self._pipeline = Pipeline()
        self._bodies = {wire: request(wire, stream=True, tools=[{"name": "x"}]) for wire in map(wire_of, FORMS)}

    def check(self, r: Random) -> str:
        """Let a provider answer, in two ways of cutting; return what became of it."""
        form = r.choice(FORMS)
        asks = r.random() < 0.6
        replies = [_reply(r, form, number, asks=asks) for number in range(1, r.choice((1, 2, 2, 5)) + 1)]
        seen, asked = self._play(r, wire_of(form), replies)
        again, _ = self._play(r, wire_of(form), replies)
        is_honest = all(_names_are_true(reply.data) for reply in replies)
        law(not is_honest or seen.same_as(again), "cut otherwise, the client gets something else:", (seen, again))
        _same_events_however_cut(r, replies[0].data)
        if not asks or not _NAMED.search(replies[0].data):
            law(asked.misses + asked.retrievals == 0, "nobody asked, but somebody was answered")
            law(seen.data == replies[0].data, "nothing was asked of us, but other bytes arrive:", seen.data)
            law(len(seen.bodies) == 1, "the provider was asked once more for nothing")
            return "relayed"
        again_asked = len(seen.bodies) - 1
        return f"continued {again_asked} times" if again_asked else "ours, not continued"

    def _play(self, r: Random, wire: str, replies: Sequence[Reply]) -> tuple[Seen, Retriever]:
        """Return what was seen of an exchange, and who answered our calls in it."""
        asked, sent, bodies = Retriever({HANDLE: ORIGINAL}, MemoryStore(), "t", MINT), list[Message](), list[bytes]()

        async def app(_: Any, receive: Any, send: Any) -> None:
            bodies.append((await receive())["body"])
            reply = replies[min(len(bodies), len(replies)) - 1]
            headers = [(b"content-type", reply.kind), (b"content-length", b"%d" % len(reply.data))]
            headers += [(b"content-encoding", reply.coding)] if reply.coding else []
            await send({"type": "http.response.start", "status": reply.status, "headers": headers})
            cut = pieces(r, reply.data)
            for number, piece in enumerate(cut, 1):
                more = number < len(cut) or not reply.is_whole
                await send({"type": "http.response.body", "body": piece, "more_body": more})

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        exchange = Exchange("r", wire=wire)
        answer = Answer(send, WIRES[wire], exchange, 0.0, self._pipeline)
        body = self._bodies[wire]
        made = finished(answered(app, scope_of("/v1/x"), receive, answer.send, body=body, wire=wire, retriever=asked))
        answer.finish()
        law(made == len(bodies) - 1 <= ROUNDS + 1, "the provider was asked too often", made)
        for one in bodies:
            msgspec.json.decode(one)
        return Seen(*_heard(sent), bodies, exchange.usage), asked


def _heard(sent: list[Message]) -> tuple[int, bool, bytes]:
    """Return status, whether the answer was ended, and its bytes; the messages must be in the order of ASGI."""
    law(sent[0]["type"] == "http.response.start", "an answer has no start")
    law(all(one["type"] == "http.response.body" for one in sent[1:]), "an answer starts twice")
    ends = [number for number, one in enumerate(sent) if number and not one.get("more_body", False)]
    law(ends in ([], [len(sent) - 1]), "an answer goes on behind its end")
    data = b"".join(one.get("body", b"") for one in sent[1:])
    lengths = [int(value) for name, value in sent[0]["headers"] if name == b"content-length"]
    law(not ends or lengths in ([], [len(data)]), "the length is not that of the answer", (lengths, len(data)))
    return sent[0]["status"], bool(ends), data


def _names_are_true(data: bytes) -> bool:
    """Say whether no event has another type than its name says: by the name alone, its beginning may pass early."""
    for event in EventParser().feed(data + b"\n\n"):
        try:
            values = msgspec.json.decode(event.data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
        if event.type != "message" and isinstance(values, dict) and values.get("type", event.type) != event.type:
            return False
    return True


def _same_events_however_cut(r: Random, data: bytes) -> None:
    whole_parser, parser = EventParser(), EventParser()
    law(
        whole_parser.feed(data) == [event for piece in pieces(r, data) for event in parser.feed(piece)],
        "cut otherwise, a stream has other events:",
        data,
    )


def _reply(r: Random, form: str, number: int, *, asks: bool) -> Reply:
    answer = Said(tuple(_part(r, asks=asks) for _ in range(r.randrange(4))), number, is_cut=r.random() < 0.1)
    rate = r.choice(_RATES)
    if form == "gemini-array" or r.random() < 0.7:
        kind = JSON if form == "gemini-array" else EVENTS
        data = _damaged_stream(r, stream(form, answer), rate)
    else:
        kind, data = JSON, _written(r, json.loads(whole(wire_of(form), answer)), rate)
    data = damaged_bytes(r, data) if r.random() < 0.1 else data
    status = 200 if r.random() < 0.95 else r.choice((201, 400, 429, 529))
    coding = b"gzip" if r.random() < 0.03 else b""
    kind = kind if r.random() < 0.97 else r.choice((JSON, EVENTS, b"text/plain", b"", b"\xff;"))
    return Reply(kind, gzip.compress(data) if coding else data, status, coding, is_whole=r.random() < 0.9)


def _part(r: Random, *, asks: bool) -> Text | Thought | Call:
    kind = r.randrange(4)
    if kind == 0:
        return Thought(r.choice(_TEXTS))
    if kind == 1 and asks:
        return Call(f"ask_{r.randrange(3)}", arguments=r.choice(_ASKED))
    return Call(f"call_{r.randrange(3)}", THEIRS, '{"all": true}') if kind == 2 else Text(r.choice(_TEXTS))


def _damaged_stream(r: Random, events: list[bytes], rate: float) -> bytes:
    """Return a stream whose events are damaged inside, and gone, doubled or moved."""
    if rate:
        events = [_rewritten(r, event, rate) for event in events]
    if events and r.random() < 4 * rate:
        at = r.randrange(len(events))
        events[at : at + 1] = r.choice(
            ([], [events[at]] * 2, [r.choice(events)], [b": note\n\n", events[at]], [b"\r\n"])
        )
    ends = r.random()
    data = b"".join(events)
    return data.replace(b"\n", b"\r\n" if ends < 0.06 else b"\r") if ends < 0.1 else data


def _rewritten(r: Random, event: bytes, rate: float) -> bytes:
    head, mark, data = event.partition(b"data: ")
    if not mark or not data.startswith(b"{"):
        return event
    return head + mark + _written(r, json.loads(data), rate).replace(b"\n", b"\ndata: ") + b"\n\n"


def _written(r: Random, value: Any, rate: float) -> bytes:
    return Writer(r, rate).write(value).encode("utf-8", "surrogatepass")
