"""Chat completions (OpenAI API reference, Chat; function calling).

The assistant turn is the answer's `message` as it came, with whatever else a provider put into it (reasoning,
signatures). Some providers end an answer that calls tools with the reason `stop`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from headroom.blocks import Edit, JsonPath, Payload
from headroom.ccr.answers.base import Answers, ToolCall, Turn, encoded
from headroom.ccr.arrays import raw
from headroom.protect import RETRIEVE_TOOL
from headroom.providers.wire import as_json, record, records, string

_CHOICE: JsonPath = ("choices", 0)
_MESSAGE: JsonPath = (*_CHOICE, "message")
_ENDS_IN_CALLS = frozenset({"tool_calls", "stop"})


class ChatAnswers(Answers):
    """Answers of `POST /v1/chat/completions`."""

    wire: ClassVar[str] = "openai-chat"
    conversation: ClassVar[str] = "messages"
    usage: ClassVar[str] = "usage"

    def hidden(self, payload: Payload) -> tuple[JsonPath, list[int]]:
        """Return our calls beside others; if there are no others, the list goes as a whole: see `closing`."""
        calls = list(records(_message(payload).get("tool_calls")))
        ours = [index for index, call in calls if is_ours(call)]
        return (*_MESSAGE, "tool_calls"), ours if len(ours) < len(calls) else []

    def closing(self, payload: Payload) -> list[Edit]:
        """Take the list of calls out of the message, and end the answer, if all of them are ours."""
        message = _message(payload)
        calls = [is_ours(call) for _, call in records(message.get("tool_calls"))]
        if not calls or not all(calls):
            return []
        edits = [Edit(_MESSAGE, {key: value for key, value in message.items() if key != "tool_calls"})]
        if payload["choices"][0].get("finish_reason") == "tool_calls":
            edits.append(Edit((*_CHOICE, "finish_reason"), "stop"))
        return edits

    def _turn(self, answer: bytes, payload: Payload) -> Turn | None:
        calls = [call for _, call in records(_message(payload).get("tool_calls"))]
        ours = [ToolCall(string(call.get("id")), _arguments(call)) for call in calls if is_ours(call)]
        if not ours:
            return None
        return Turn(
            said=(raw(answer, _MESSAGE),),
            ours=tuple(ours),
            theirs=tuple(string(call.get("id")) for call in calls if not is_ours(call)),
            whole=string(payload["choices"][0].get("finish_reason")) in _ENDS_IN_CALLS,
            usage=record(payload.get("usage")),
        )

    def _results(self, calls: Sequence[ToolCall], results: Sequence[str]) -> list[bytes]:
        return [
            encoded({"role": "tool", "tool_call_id": call.id, "content": text})
            for call, text in zip(calls, results, strict=True)
        ]


def is_ours(call: Payload) -> bool:
    """Say whether a tool call, or the first delta of one, calls `headroom_retrieve`."""
    return record(call.get("function")).get("name") == RETRIEVE_TOOL


def _message(payload: Payload) -> Payload:
    """Return the message of an answer with one choice; an empty one otherwise."""
    choices = payload.get("choices")
    if not isinstance(choices, list) or len(choices) != 1:
        return {}
    return record(record(choices[0]).get("message"))


def _arguments(call: Payload) -> str:
    return as_json(record(call.get("function")).get("arguments"))
