"""Response streams (OpenAI API reference, Responses, streaming events).

One response: it is created once, items and events are numbered through, and it is completed with the output items
that the client has been told of, and the usage, of all rounds. It keeps the id of the first round, for clients insist
on it; but what the provider knows by that id ends in a call that nobody answers. `renamed` therefore tells which
response the client's really is.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from headroom.blocks import Edit, JsonPath, Payload
from headroom.ccr.answers.openai_responses import hidden_items, is_ours
from headroom.ccr.arrays import array, elements, raw
from headroom.ccr.streams.base import Held, Weaver
from headroom.ccr.streams.framing import Frame
from headroom.ccr.streams.places import Places
from headroom.providers.vendors import OPENAI, Vendor
from headroom.providers.wire import integer, record, string

_OPENING = frozenset({"response.created", "response.queued", "response.in_progress"})
_CLOSING = frozenset({"response.completed", "response.incomplete", "response.failed"})
_ADDED, _DONE = "response.output_item.added", "response.output_item.done"
_RESPONSE: JsonPath = ("response",)
_OUTPUT: JsonPath = (*_RESPONSE, "output")
_USAGE: JsonPath = (*_RESPONSE, "usage")


class ResponsesWeaver(Weaver):
    """Weaves streams of `POST /v1/responses`."""

    wire: ClassVar[str] = "openai-responses"
    vendor: ClassVar[Vendor] = OPENAI
    _error_name: ClassVar[str] = "error"

    def __init__(self) -> None:
        super().__init__()
        self._is_continued = False
        self._first_id = ""
        self._last_id = ""
        self._sequence = -1  # the number of the last event that the client has
        self._places = Places()
        self._output: list[bytes] = []  # items of earlier rounds that the client has
        self._begin()

    def _begin(self) -> None:
        self._items: dict[int, bytes] = {}
        self._status = ""
        self._usage: Payload = {}

    @property
    def renamed(self) -> tuple[str, str] | None:
        """The id of the first response and that of the last, where they differ."""
        return (self._first_id, self._last_id) if self._first_id != self._last_id else None

    def _passes(self, name: str) -> bool:
        # What brings items is looked into before it passes.
        return not self.is_touched and name.startswith("response.") and name not in (_ADDED, _DONE, *_CLOSING)

    def _event(self, frame: Frame, event: Payload) -> bytes:
        kind = string(event.get("type"))
        if kind in _OPENING:
            self._last_id = string(record(event.get("response")).get("id"))
            self._first_id = self._first_id or self._last_id
            return b"" if self._is_continued else self._numbered(frame, event, [])
        if kind in _CLOSING:
            return self._close(frame, event)
        index = integer(event.get("output_index"))
        if index is None:
            return self._numbered(frame, event, [])
        self._look_at_item(frame, event, kind, index)
        if self._places.is_withheld(index):
            return b""
        place = self._places.of(index)
        return self._numbered(frame, event, [Edit(("output_index",), place)] if place != index else [])

    def _look_at_item(self, frame: Frame, event: Payload, kind: str, index: int) -> None:
        if kind == _ADDED:
            ours = is_ours(record(event.get("item")))
            self._places.add(index, withheld=ours)
            self.is_touched = self.is_touched or ours
        elif kind == _DONE and isinstance(event.get("item"), dict):
            self._items[index] = raw(frame.data, ("item",))

    def _close(self, frame: Frame, event: Payload) -> bytes:
        response = record(event.get("response"))
        self._status = string(response.get("status"))
        self._usage = record(response.get("usage"))
        return self._hold(Held(frame, event)) if self.is_touched else self._numbered(frame, event, [])

    def _numbered(self, frame: Frame, event: Payload, edits: list[Edit]) -> bytes:
        return self._written(frame, [*edits, *self._next_number(event)])

    def _next_number(self, event: Payload) -> list[Edit]:
        """Count an event that the client gets; return the edit that gives it the next number, if it has another."""
        number = integer(event.get("sequence_number"))
        if number is None:
            return []
        self._sequence = self._sequence + 1 if self.is_touched else number
        return [Edit(("sequence_number",), self._sequence)] if self._sequence != number else []

    def _answer(self) -> bytes:
        items = array([item for _, item in sorted(self._items.items())])
        answer = {"id": self._last_id, "status": self._status, "output": items, "usage": self._usage}
        return msgspec.json.encode(answer)

    def _closing_edits(self, held: Held) -> list[Edit]:
        if not held.event:
            return []
        edits = self._next_number(held.event)
        response = record(held.event.get("response"))
        if self._is_continued and "id" in response:
            edits.append(Edit((*_RESPONSE, "id"), self._first_id))
        # Some backends complete a response without repeating its items.
        if isinstance(response.get("output"), list) and response["output"]:
            edits.append(Edit(_OUTPUT, array([*self._output, *_visible(elements(held.frame.data, _OUTPUT))])))
        if self._before and response.get("usage"):
            edits.append(Edit(_USAGE, self._total(self._usage)))
        return edits

    def _renew(self) -> None:
        self._output += _visible([item for _, item in sorted(self._items.items())])
        self._places.renew()
        self._is_continued = True
        self._begin()

    def _error(self, error: Payload) -> Payload:
        told = record(error["error"]) or {"message": string(error["error"])}
        shape = {"code": told.get("code"), "message": told.get("message"), "param": told.get("param")}
        return {"type": "error", **shape, "sequence_number": self._sequence + 1}


def _visible(items: list[bytes]) -> list[bytes]:
    """Return the output items that the client sees, as they are spelled."""
    hidden = frozenset(hidden_items([msgspec.json.decode(item) for item in items]))
    return [item for index, item in enumerate(items) if index not in hidden]
