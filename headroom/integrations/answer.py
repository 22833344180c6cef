"""The way back: the answer goes to the client as it comes; a copy is read for what the provider reports."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from headroom.errors import BodyError
from headroom.integrations.body import Message, Send
from headroom.pipeline import Exchange, Pipeline, PipelineEvent, PipelineStage
from headroom.providers import WIRES, Usage, Wire
from headroom.wire.codings import Decoder, codings_of, open_decoder
from headroom.wire.sse import EventParser

MAX_ANSWER_BYTES = 16_777_216
"""Of a whole JSON answer larger than this no usage is read."""


class UsageReader:
    """Reads usage from a copy of an answer, coded or not, streamed or whole. Never raises."""

    def __init__(self, wire: Wire, content_type: str, coding: str) -> None:
        self.usage: Usage | None = None
        self.streamed = content_type.startswith("text/event-stream")
        self._wire = wire
        self._events = EventParser()
        self._whole: bytearray | None = bytearray() if content_type.startswith("application/json") else None
        self._decoders: list[Decoder] | None
        try:
            self._decoders = [open_decoder(name) for name in reversed(codings_of(coding))]
        except BodyError:
            self._decoders = None

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the answer."""
        if self._decoders is None or not chunk:
            return
        try:
            for decoder in self._decoders:
                chunk = b"".join(decoder(chunk))
        except BodyError:
            self._decoders = None
            return
        if self.streamed:
            for event in self._events.feed(chunk):
                self._read(event.data)
        elif self._whole is not None:
            self._whole += chunk
            if len(self._whole) > MAX_ANSWER_BYTES:
                self._whole = None

    def close(self) -> None:
        """Read what is left, now that the answer is complete."""
        for event in self._events.close():
            self._read(event.data)
        if self._whole:
            self._read(bytes(self._whole))

    def _read(self, data: bytes) -> None:
        try:
            answer = msgspec.json.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return
        for one in answer if isinstance(answer, list) else [answer]:  # Gemini streams JSON arrays without alt=sse
            found = self._wire.usage(one) if isinstance(one, dict) else None
            if found is not None:
                self.usage = (self.usage or Usage()).updated(found)


class Answer:
    """Relays one answer: messages pass unchanged but for our own response headers.

    The exception is a whole JSON answer while a transform wants to see answers: it is held until it is complete.
    `started` says that the client has been told a status.
    """

    def __init__(self, send: Send, wire: Wire | None, exchange: Exchange, begun: float, pipeline: Pipeline) -> None:
        self._send = send
        self._wire = wire
        self._exchange = exchange
        self._begun = begun
        self._pipeline = pipeline
        self._reader: UsageReader | None = None
        self._held: list[Message] = []
        self.started = False

    async def send(self, message: Message) -> None:
        """Pass a message of the inner app on to the client."""
        if message["type"] == "http.response.start":
            message = self._start(message)
            if self._is_awaited(message):
                self._held.append(message)
                return
        elif message["type"] == "http.response.body":
            self._body(message)
            if self._held:
                await self._hold(message)
                return
        self.started = True
        await self._send(message)

    def finish(self) -> None:
        """Fill in what is known once the answer has ended, in whatever way."""
        self._exchange.total = time.perf_counter() - self._begun
        if self._reader is not None:
            self._exchange.usage = self._reader.usage

    def _start(self, message: Message) -> Message:
        self._exchange.status = message["status"]
        headers = message.get("headers", ())
        known = {name.lower(): value for name, value in headers}
        kind = known.get(b"content-type", b"").decode("latin-1").strip().lower()
        coding = known.get(b"content-encoding", b"").decode("latin-1")
        wire = self._wire or WIRES.get(self._exchange.wire)
        if wire is not None:
            self._reader = UsageReader(wire, kind, coding)
            self._exchange.streamed = self._reader.streamed
        if self._pipeline.hears(PipelineStage.POST_SEND):
            event = PipelineEvent(PipelineStage.POST_SEND, self._exchange.request_id, exchange=self._exchange)
            self._pipeline.fire(event)
        return {**message, "headers": [*headers, *report_headers(self._exchange)]}

    def _body(self, message: Message) -> None:
        if not self._exchange.first_byte:
            self._exchange.first_byte = time.perf_counter() - self._begun
        if self._reader is not None:
            self._reader.feed(message.get("body", b""))
            if not message.get("more_body", False):
                self._reader.close()

    def _is_awaited(self, message: Message) -> bool:
        """Say whether some transform wants to see this answer: whole, JSON, not coded, of a known size."""
        if not self._pipeline.answers_awaited:
            return False
        known = {bytes(name).lower(): bytes(value) for name, value in message["headers"]}
        kind = known.get(b"content-type", b"").strip().lower()
        size = known.get(b"content-length", b"")
        small = size.isdigit() and int(size) <= MAX_ANSWER_BYTES
        return kind.startswith(b"application/json") and small and b"content-encoding" not in known

    async def _hold(self, message: Message) -> None:
        self._held.append(message)
        if message.get("more_body", False):
            return
        start, *parts = self._held
        self._held = []
        body = self._pipeline.run_answer(b"".join(part.get("body", b"") for part in parts))
        length = (b"content-length", str(len(body)).encode())
        headers = [length if bytes(pair[0]).lower() == b"content-length" else pair for pair in start["headers"]]
        self.started = True
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body, "more_body": False})


def report_headers(exchange: Exchange) -> list[tuple[bytes, bytes]]:
    """Return what we say about a request in its answer's headers."""
    values: dict[str, Any] = {"request-id": exchange.request_id}
    outcome = exchange.outcome
    if outcome is not None and outcome.decisions:
        values["tokens-before"] = outcome.tokens_before
        values["tokens-after"] = outcome.tokens_after
        values["tokens-saved"] = outcome.tokens_saved
        values["transforms"] = ",".join(outcome.transforms)
        values["decisions"] = ",".join(f"{reason}={number}" for reason, number in sorted(outcome.reasons.items()))
    elif outcome is not None and outcome.note:
        values["decisions"] = outcome.note
    return [(f"x-headroom-{name}".encode(), str(value).encode("latin-1", "replace")) for name, value in values.items()]
