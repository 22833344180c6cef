"""Message streams (Anthropic API reference, Streaming messages).

One `message_start` and one `message_delta`: those of the first and of the last round, the latter with the usage of
all of them. Content blocks are numbered through.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from headroom.blocks import Edit, Payload
from headroom.ccr.answers.anthropic import is_ours
from headroom.ccr.arrays import array, raw
from headroom.ccr.streams.base import Held, Weaver
from headroom.ccr.streams.framing import Frame
from headroom.ccr.streams.places import Places
from headroom.providers.vendors import ANTHROPIC, Vendor
from headroom.providers.wire import integer, record, string

_CLOSING = frozenset({"message_delta", "message_stop"})
_INPUT = "partial_json"
# Deltas with a text, and the key that it has in them; but for the input of calls, the block has it under the same.
_TEXTS = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "signature",
    "compaction_delta": "content",
    "input_json_delta": _INPUT,
}
_PASSING = frozenset(
    {"content_block_delta", "content_block_stop", "message_delta", "message_stop", "message_start", "ping"}
)


class AnthropicWeaver(Weaver):
    """Weaves streams of `POST /v1/messages`."""

    wire: ClassVar[str] = "anthropic"
    vendor: ClassVar[Vendor] = ANTHROPIC
    _error_name: ClassVar[str] = "error"

    def __init__(self) -> None:
        super().__init__()
        self._is_continued = False
        self._places = Places()
        self._begin()

    def _begin(self) -> None:
        self._blocks: dict[int, _Block] = {}
        self._usage: Payload = {}
        self._delta: Payload = {}

    def _passes(self, name: str) -> bool:
        return not self.is_touched and name in _PASSING

    def _event(self, frame: Frame, event: Payload) -> bytes:
        kind = string(event.get("type"))
        if kind.startswith("content_block_"):
            return self._block_event(frame, event, kind)
        if kind == "message_start":
            self._usage = dict(record(record(event.get("message")).get("usage")))
            return b"" if self._is_continued else frame.raw
        if kind in _CLOSING:
            self._usage |= {key: value for key, value in record(event.get("usage")).items() if value is not None}
            self._delta = {**self._delta, **record(event.get("delta"))}
            if self.is_touched:
                return self._hold(Held(frame, event))
        return frame.raw

    def _block_event(self, frame: Frame, event: Payload, kind: str) -> bytes:
        index = integer(event.get("index"))
        if index is None:
            return frame.raw
        if kind == "content_block_start":
            block = record(event.get("content_block"))
            self._blocks[index] = _Block(frame.data, block)
            self._places.add(index, withheld=is_ours(block))
            self.is_touched = self.is_touched or is_ours(block)
        elif kind == "content_block_delta" and index in self._blocks:
            is_known = self._blocks[index].add(record(event.get("delta")))
            self._is_torn = self._is_torn or not is_known
        if self._places.is_withheld(index):
            return b""
        place = self._places.of(index)
        return frame.raw if place == index else self._written(frame, [Edit(("index",), place)])

    def _answer(self) -> bytes:
        content = array([block.value() for _, block in sorted(self._blocks.items())])
        return msgspec.json.encode({**self._delta, "content": content, "usage": self._usage})

    def _closing_edits(self, held: Held) -> list[Edit]:
        if held.event.get("type") != "message_delta":
            return []
        blocks = [{"type": block.kind, "name": block.name} for block in self._blocks.values()]
        ending = self._answers.closing({**record(held.event.get("delta")), "content": blocks})
        edits = [Edit(("delta", *edit.path), edit.value) for edit in ending]
        if self._before and "usage" in held.event:
            edits.append(Edit(("usage",), self._total(self._usage)))
        return edits

    def _renew(self) -> None:
        self._is_continued = True
        self._places.renew()
        self._begin()

    def _error(self, error: Payload) -> Payload:
        return {"type": "error", **error}


class _Block:
    """A content block as its events tell it. One without deltas stands as it is spelled."""

    def __init__(self, data: bytes, start: Payload) -> None:
        self.kind = string(start.get("type"))
        self.name = string(start.get("name"))
        self._data = data
        self._start = start
        self._pieces: dict[str, list[str]] = {}
        self._citations: list[Any] = []

    def add(self, delta: Payload) -> bool:
        """Take a delta; return whether its type is known."""
        kind = string(delta.get("type"))
        key = _TEXTS.get(kind, "")
        if kind == "citations_delta":
            self._citations.append(delta.get("citation"))
        elif key:
            self._pieces.setdefault(key, []).append(string(delta.get(key)))
        return bool(key) or kind == "citations_delta"

    def value(self) -> bytes:
        """Return the block as it would stand in a whole answer."""
        if not self._pieces and not self._citations:
            return raw(self._data, ("content_block",))
        value: dict[str, Any] = dict(self._start)
        for key, pieces in self._pieces.items():
            if key == _INPUT:
                value["input"] = _json("".join(pieces))
            else:
                value[key] = string(value.get(key)) + "".join(pieces)
        if self._citations:
            value["citations"] = [*(value.get("citations") or []), *self._citations]
        return msgspec.json.encode(value)


def _json(text: str) -> Any:
    """Return the input of a call as it is spelled; an empty one where it was cut off or is none."""
    try:
        msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return {}
    return msgspec.Raw(text.encode())
