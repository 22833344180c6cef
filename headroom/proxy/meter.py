"""What one request has used: as its provider has reported it, else as far as can be told from what came back."""

from __future__ import annotations

from contextvars import ContextVar

from headroom.integrations.answer import UsageReader
from headroom.integrations.body import Message
from headroom.pipeline import PipelineEvent, PipelineStage
from headroom.providers import WIRES, Usage
from headroom.proxy.asked import BYTES_PER_TOKEN, Asked

CURRENT: ContextVar[Meter | None] = ContextVar("headroom_meter", default=None)
"""The meter of the request that is under way in this task."""

_WIRE_OF_VENDOR = {"openai": "openai-chat", "anthropic": "anthropic", "gemini": "gemini"}
_START, _BODY = "http.response.start", "http.response.body"
"""How the types of messages end, of answers and of refused handshakes."""


class Meter:
    """Watches one answer as it goes by. With `reads` of a vendor's name it reads the usage itself.

    `is_complete` says that its end has been seen.

    The middleware reads the answers on the routes that it knows, and tells `MeterReader`.
    """

    def __init__(self, asked: Asked, *, reads: str = "") -> None:
        self.asked = asked
        self.usage: Usage | None = None
        self._wire = WIRES.get(_WIRE_OF_VENDOR.get(reads, ""))
        self._reader: UsageReader | None = None
        self._status = 0
        self._bytes = 0
        self._is_stream = False
        self.is_complete = False

    def feed(self, message: Message) -> None:
        """See a message on its way to the client."""
        if message["type"].endswith(_START):
            self._start(message)
        elif message["type"].endswith(_BODY):
            data = message.get("body", b"")
            self._bytes += len(data)
            self.is_complete = not message.get("more_body", False)
            if self._reader is not None:
                self._reader.feed(data)

    def used(self) -> Usage:
        """Return what the request has used. An error costs nothing.

        Of an answer that was cut, or that has come without a report, nobody knows: then its output is what can have
        gone by, but no more than was reserved; if nothing went by, or a receipt, it is what was reserved.
        """
        if self._status >= 400:
            return Usage(0, 0)
        reported = self._reported()
        if self.is_complete and reported.input is not None:
            return reported
        guess = Usage(self.asked.input_tokens, self._output_guessed(reported.output or 0))
        return guess.updated(Usage(reported.input, None, reported.cache_read, reported.cache_write))

    def _start(self, message: Message) -> None:
        self._status = message["status"]
        known = {bytes(name).lower(): bytes(value) for name, value in message.get("headers", ())}
        kind = known.get(b"content-type", b"").decode("latin-1").strip().lower()
        self._is_stream = kind.startswith("text/event-stream")
        if self._wire is not None:
            self._reader = UsageReader(self._wire, kind, known.get(b"content-encoding", b"").decode("latin-1"))

    def _reported(self) -> Usage:
        if self._reader is not None:
            self._reader.close()
            self.usage = self.usage or self._reader.usage
        return self.usage or Usage()

    def _output_guessed(self, reported: int) -> int:
        most = self.asked.output_tokens
        if self.asked.is_batch or not (self._is_stream or self.is_complete):
            return max(reported, most)
        return max(reported, min(most, -(-self._bytes // BYTES_PER_TOKEN)))


class MeterReader:
    """An observer of the pipeline: tells the meter of the request that is under way what its provider has reported."""

    stages = frozenset({PipelineStage.RESPONSE_RECEIVED})

    def on_pipeline_event(self, event: PipelineEvent) -> None:
        """See the end of an exchange, in the task of its request."""
        meter = CURRENT.get()
        if meter is not None and event.exchange is not None:
            meter.usage = event.exchange.usage
