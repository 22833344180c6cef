"""Chat completion streams (OpenAI API reference, Chat, streaming).

One completion: role, id and creation time are those of the first round; the usage, where the provider sends one, is
that of all of them. Tool calls are numbered through.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from headroom.blocks import Edit, JsonPath, Payload
from headroom.ccr.streams.base import Held, Weaver
from headroom.ccr.streams.chat_message import ChatMessage
from headroom.ccr.streams.framing import Frame
from headroom.providers.vendors import OPENAI, Vendor
from headroom.providers.wire import record, records

_CHOICE: JsonPath = ("choices", 0)
_DELTA: JsonPath = (*_CHOICE, "delta")
_FINISH: JsonPath = (*_CHOICE, "finish_reason")
_USAGE: JsonPath = ("usage",)
_COMMON = ("id", "created")
"""What is the same in every chunk of a completion."""


class ChatWeaver(Weaver):
    """Weaves streams of `POST /v1/chat/completions` with one choice."""

    wire: ClassVar[str] = "openai-chat"
    vendor: ClassVar[Vendor] = OPENAI

    def __init__(self) -> None:
        super().__init__()
        self._common: Payload = {}
        self._is_continued = False
        self._begin()

    def _begin(self) -> None:
        self._message = ChatMessage()
        self._finish: Any = None
        self._usage: Payload = {}

    def _event(self, frame: Frame, event: Payload) -> bytes:
        choice = _choice(event)
        came = record(choice.get("delta"))
        if not self._is_continued:
            self._common |= {key: event[key] for key in _COMMON if event.get(key)}  # some begin with an empty id
        self._usage = record(event.get("usage")) or self._usage
        self._finish = choice.get("finish_reason") or self._finish
        delta = self._message.take(came)
        self.is_touched = self.is_touched or self._message.calls_us
        if self._is_continued and "role" in delta:
            delta = {key: value for key, value in delta.items() if key != "role"}
        edits = self._edits(event) + ([Edit(_DELTA, delta)] if delta != came else [])
        if self.is_touched and self._finish:
            return self._hold(Held(frame, {**event, "choices": [{**choice, "delta": delta}] if choice else []}, edits))
        is_empty = delta != came and not _says_something(delta)
        return b"" if is_empty else self._written(frame, edits)

    def _edits(self, event: Payload) -> list[Edit]:
        """Return what makes a chunk of a further round one of the client's completion."""
        if not self._is_continued:
            return []
        edits = [Edit((key,), value) for key, value in self._common.items() if event.get(key, value) != value]
        if self._before and record(event.get("usage")):
            edits.append(Edit(_USAGE, self._total(event["usage"])))
        return edits

    def _closing_edits(self, held: Held) -> list[Edit]:
        ends = self._message.calls_only_us and _choice(held.event).get("finish_reason") == "tool_calls"
        return [Edit(_FINISH, "stop")] if ends else []

    def _remaining(self, held: Held) -> bytes:
        if not _says_something(record(_choice(held.event).get("delta"))):
            return b""
        edits = [edit for edit in held.edits if edit.path != _USAGE]
        edits += [Edit(_USAGE, None)] if held.event.get("usage") else []
        return self._written(held.frame, [*edits, Edit(_FINISH, None)])

    def _answer(self) -> bytes:
        choice = {"message": self._message.value(), "finish_reason": self._finish}
        return msgspec.json.encode({"choices": [choice], "usage": self._usage})

    def _renew(self) -> None:
        self._is_continued = True
        self._begin()


def _choice(event: Payload) -> Payload:
    return next((choice for _, choice in records(event.get("choices"))), {})


def _says_something(delta: Payload) -> bool:
    return any(value not in (None, "", [], {}) for value in delta.values())
