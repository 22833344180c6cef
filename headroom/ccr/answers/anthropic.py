"""Messages (Anthropic API reference, Messages; tool use; extended thinking).

The assistant turn is the answer's `content` as it came, so that thinking and its signatures stand. Empty texts are
left out of it: the API gives them, but does not take them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from headroom.blocks import Edit, JsonPath, Payload
from headroom.ccr.answers.base import Answers, ToolCall, Turn, encoded
from headroom.ccr.arrays import array, elements
from headroom.protect import RETRIEVE_TOOL
from headroom.providers.wire import as_json, record, records, string

_CONTENT: JsonPath = ("content",)


class AnthropicAnswers(Answers):
    """Answers of `POST /v1/messages`."""

    wire: ClassVar[str] = "anthropic"
    conversation: ClassVar[str] = "messages"
    usage: ClassVar[str] = "usage"

    def hidden(self, payload: Payload) -> tuple[JsonPath, list[int]]:
        """Return our `tool_use` blocks."""
        return _CONTENT, [index for index, block in records(payload.get("content")) if is_ours(block)]

    def closing(self, payload: Payload) -> list[Edit]:
        """End the turn if no block that is left waits for a tool result."""
        calls = [is_ours(block) for _, block in records(payload.get("content")) if _is_call(block)]
        ends = bool(calls) and all(calls) and payload.get("stop_reason") == "tool_use"
        return [Edit(("stop_reason",), "end_turn")] if ends else []

    def _turn(self, answer: bytes, payload: Payload) -> Turn | None:
        blocks = [block for _, block in records(payload.get("content")) if _is_call(block)]
        ours = [ToolCall(string(b.get("id")), as_json(b.get("input"))) for b in blocks if is_ours(b)]
        if not ours:
            return None
        said = [
            b for b, block in zip(elements(answer, _CONTENT), payload["content"], strict=True) if not _is_empty(block)
        ]
        return Turn(
            said=(encoded({"role": "assistant", "content": array(said)}),),
            ours=tuple(ours),
            theirs=tuple(string(block.get("id")) for block in blocks if not is_ours(block)),
            whole=payload.get("stop_reason") == "tool_use",
            usage=record(payload.get("usage")),
        )

    def _results(self, calls: Sequence[ToolCall], results: Sequence[str]) -> list[bytes]:
        content = [
            {"type": "tool_result", "tool_use_id": call.id, "content": text}
            for call, text in zip(calls, results, strict=True)
        ]
        return [encoded({"role": "user", "content": content})]


def is_ours(block: Payload) -> bool:
    """Say whether a content block calls `headroom_retrieve`."""
    return _is_call(block) and block.get("name") == RETRIEVE_TOOL


def _is_call(block: Payload) -> bool:
    return block.get("type") == "tool_use"


def _is_empty(block: Any) -> bool:
    return record(block).get("type") == "text" and block.get("text") == ""
