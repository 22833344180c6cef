"""Streams of generateContent (Google, Gemini API reference): events with `alt=sse`, else one array that grows.

Function calls come whole. The answers of all rounds have one id; each chunk's usage has that of earlier rounds added.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from headroom.blocks import Edit, JsonPath, Payload
from headroom.ccr.answers.gemini import PARTS, content_of, is_ours
from headroom.ccr.arrays import array, elements
from headroom.ccr.streams.base import Held, Weaver
from headroom.ccr.streams.framing import Frame, Frames
from headroom.providers.vendors import GEMINI, Vendor
from headroom.providers.wire import record, records

_FINISH: JsonPath = ("candidates", 0, "finishReason")
_ID, _USAGE = "responseId", "usageMetadata"
_END = b"]"


class GeminiWeaver(Weaver):
    """Weaves streams of `:streamGenerateContent` with one candidate."""

    wire: ClassVar[str] = "gemini"
    vendor: ClassVar[Vendor] = GEMINI

    def __init__(self, frames: Frames | None = None) -> None:
        super().__init__(frames)
        self._is_array = frames is not None
        self._is_continued = False
        self._id: Any = None
        self._begin()

    def _begin(self) -> None:
        self._chunks: list[bytes] = []  # those with parts
        self._finish: Any = None
        self._usage: Payload = {}

    def failed(self, status: int, body: bytes) -> bytes:
        """Return the error as a chunk; it ends an array."""
        end = self._frames.written(Frame(_END, _END), _END) if self._is_array else b""
        return super().failed(status, body) + end

    def _event(self, frame: Frame, event: Payload) -> bytes:
        self._id = self._id or event.get(_ID)
        self._usage = record(event.get(_USAGE)) or self._usage
        self._finish = _candidate(event).get("finishReason") or self._finish
        edits, left = self._take_parts(frame, event)
        edits += self._edits(event)
        if self.is_touched and self._finish:
            return self._hold(Held(frame, {"parts": left}, edits))
        return self._written(frame, edits) if left or not content_of(event) else b""

    def _take_parts(self, frame: Frame, event: Payload) -> tuple[list[Edit], Sequence[Any]]:
        """Take the parts of a chunk; return the edit that removes our calls, and the parts that are left."""
        parts = content_of(event).get("parts")
        if not isinstance(parts, list) or not parts:
            return [], []
        self._chunks.append(frame.data)
        ours = frozenset(index for index, part in records(parts) if is_ours(part))
        if not ours:
            return [], parts
        self.is_touched = True
        left = [part for index, part in enumerate(elements(frame.data, PARTS)) if index not in ours]
        return [Edit(PARTS, array(left))], left

    def _edits(self, event: Payload) -> list[Edit]:
        """Return what makes a chunk of a further round one of the client's answer."""
        if not self._is_continued:
            return []
        edits = [Edit((_ID,), self._id)] if event.get(_ID, self._id) != self._id else []
        if self._before and record(event.get(_USAGE)):
            edits.append(Edit((_USAGE,), self._total(event[_USAGE])))
        return edits

    def _closing_edits(self, held: Held) -> list[Edit]:  # noqa: ARG002 - an answer stops, whatever it calls
        return []

    def _remaining(self, held: Held) -> bytes:
        if not held.event.get("parts"):
            return b""
        return self._written(held.frame, [*held.edits, Edit(_FINISH, None)])

    def _answer(self) -> bytes:
        parts = [part for chunk in self._chunks for part in elements(chunk, PARTS)]
        content = {"parts": array(parts), "role": "model"}
        return msgspec.json.encode(
            {"candidates": [{"content": content, "finishReason": self._finish}], _USAGE: self._usage}
        )

    def _renew(self) -> None:
        self._is_continued = True
        self._begin()


def _candidate(event: Payload) -> Payload:
    return next((candidate for _, candidate in records(event.get("candidates"))), {})
