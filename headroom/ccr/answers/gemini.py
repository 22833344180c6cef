"""generateContent (Google, Gemini API reference; function calling; thought signatures).

The model's turn is the candidate's `content` as it came, with its thought signatures. Names are in camel case, as
the API answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from headroom.blocks import Edit, JsonPath, Payload
from headroom.ccr.answers.base import Answers, ToolCall, Turn, encoded
from headroom.ccr.arrays import array, elements, raw
from headroom.protect import RETRIEVE_TOOL
from headroom.providers.wire import as_json, record, records, string

CONTENT: JsonPath = ("candidates", 0, "content")
PARTS: JsonPath = (*CONTENT, "parts")


class GeminiAnswers(Answers):
    """Answers of `:generateContent`."""

    wire: ClassVar[str] = "gemini"
    conversation: ClassVar[str] = "contents"
    usage: ClassVar[str] = "usageMetadata"

    def hidden(self, payload: Payload) -> tuple[JsonPath, list[int]]:
        """Return our function calls."""
        return PARTS, [index for index, part in records(content_of(payload).get("parts")) if is_ours(part)]

    def closing(self, payload: Payload) -> list[Edit]:  # noqa: ARG002 - the other wires have to look
        """Return nothing: an answer stops, whatever it calls."""
        return []

    def _turn(self, answer: bytes, payload: Payload) -> Turn | None:
        calls = [part for _, part in records(content_of(payload).get("parts")) if "functionCall" in part]
        ours = [_call(part) for part in calls if is_ours(part)]
        if not ours:
            return None
        said = raw(answer, CONTENT)
        if "role" not in content_of(payload):
            said = encoded({"role": "model", "parts": array(elements(answer, PARTS))})
        return Turn(
            said=(said,),
            ours=tuple(ours),
            theirs=tuple(string(record(part["functionCall"]).get("id")) for part in calls if not is_ours(part)),
            whole=payload["candidates"][0].get("finishReason") == "STOP",
            usage=record(payload.get("usageMetadata")),
        )

    def _results(self, calls: Sequence[ToolCall], results: Sequence[str]) -> list[bytes]:
        parts = [
            {
                "functionResponse": {
                    **({"id": call.id} if call.id else {}),
                    "name": RETRIEVE_TOOL,
                    "response": {"output": text},
                }
            }
            for call, text in zip(calls, results, strict=True)
        ]
        return [encoded({"role": "user", "parts": parts})]


def is_ours(part: Payload) -> bool:
    """Say whether a part calls `headroom_retrieve`."""
    return record(part.get("functionCall")).get("name") == RETRIEVE_TOOL


def content_of(payload: Payload) -> Payload:
    """Return the content of an answer with one candidate; an empty one otherwise."""
    candidates = payload.get("candidates")
    if not isinstance(candidates, list) or len(candidates) != 1:
        return {}
    return record(record(candidates[0]).get("content"))


def _call(part: Payload) -> ToolCall:
    call = record(part["functionCall"])
    return ToolCall(string(call.get("id")), as_json(call.get("args")))
