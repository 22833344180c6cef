"""Responses (OpenAI API reference, Responses; conversation state; reasoning).

The conversation goes on with the answer's output items as they came, reasoning included, and our outputs behind
them; `previous_response_id` and `store` stay as they are. In a `conversation`, which the provider keeps, it goes on
with our outputs alone. Reasoning that the provider did not keep (`store: false`) and did not hand out encrypted
cannot be sent back: it is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from headroom.blocks import Edit, JsonPath, Payload
from headroom.ccr.answers.base import Answers, ToolCall, Turn, encoded
from headroom.ccr.arrays import appended, array, elements
from headroom.errors import BodyError
from headroom.protect import RETRIEVE_TOOL
from headroom.providers.wire import as_json, record, records, string
from headroom.wire.splice import splice

ELSEWHERE = (
    f"[{RETRIEVE_TOOL}: what was found stands behind the result of the tool called beside it. "
    "If it does not, call again.]"
)
"""The result of a call of ours beside calls of the client: see `headroom.ccr.pending`."""

_OUTPUT: JsonPath = ("output",)


class ResponsesAnswers(Answers):
    """Answers of `POST /v1/responses`."""

    wire: ClassVar[str] = "openai-responses"
    conversation: ClassVar[str] = "input"
    usage: ClassVar[str] = "usage"

    def hidden(self, payload: Payload) -> tuple[JsonPath, list[int]]:
        """Return our calls, and reasoning that led to nothing else: the API takes none without what follows it."""
        return _OUTPUT, hidden_items(payload.get("output"))

    def closing(self, payload: Payload) -> list[Edit]:  # noqa: ARG002 - the other wires have to look
        """Return nothing: a response is completed, whatever it calls."""
        return []

    def follow_up(self, sent: bytes, turn: Turn, results: Sequence[str]) -> bytes:
        """Return the request continued; an input that is a text becomes a list of one message."""
        try:
            request = msgspec.json.decode(sent, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise BodyError("not_json") from None
        outputs = self._results(turn.ours, results)
        if request.get("conversation") is not None:
            return splice(sent, [Edit(("input",), array(outputs))])
        said = [item for item in turn.said if request.get("store") is not False or not _is_kept_elsewhere(item)]
        if isinstance(request.get("input"), str):
            first = encoded({"role": "user", "content": request["input"]})
            return splice(sent, [Edit(("input",), array([first, *said, *outputs]))])
        return appended(sent, ("input",), [*said, *outputs])

    def _turn(self, answer: bytes, payload: Payload) -> Turn | None:
        items = [item for _, item in records(payload.get("output"))]
        ours = [ToolCall(string(i.get("call_id")), as_json(i.get("arguments"))) for i in items if is_ours(i)]
        if not ours:
            return None
        return Turn(
            said=tuple(elements(answer, _OUTPUT)),
            ours=tuple(ours),
            theirs=tuple(_waiting_for_the_client(items)),
            whole=payload.get("status") == "completed",
            usage=record(payload.get("usage")),
            response=string(payload.get("id")),
        )

    def _results(self, calls: Sequence[ToolCall], results: Sequence[str]) -> list[bytes]:
        return [
            encoded({"type": "function_call_output", "call_id": call.id, "output": text})
            for call, text in zip(calls, results, strict=True)
        ]


def is_ours(item: Payload) -> bool:
    """Say whether an output item calls `headroom_retrieve`."""
    return item.get("type") == "function_call" and item.get("name") == RETRIEVE_TOOL


def closing_edits(calls: Sequence[str], given: Any) -> list[Edit]:
    """Return the edits that answer calls of ours that a response ended in, in the `input` that goes on from it.

    The client never saw them, and the provider takes no request that leaves them open. Calls that the input answers
    are left out.
    """
    answered = {
        string(item.get("call_id")) for _, item in records(given) if string(item.get("type")).endswith("_output")
    }
    still = [call for call in calls if call not in answered]
    results = [{"type": "function_call_output", "call_id": call, "output": ELSEWHERE} for call in still]
    if isinstance(given, list) and given:
        return [Edit(("input",), result, append=True) for result in results]
    if results and isinstance(given, str):
        return [Edit(("input",), [*results, {"role": "user", "content": given}])]
    return []


def hidden_items(output: Any) -> list[int]:
    """Return the indexes of output items that the client does not see: our calls, and thoughts that led to no more."""
    hidden: list[int] = []
    only_ours, is_begun = False, False
    for index, item in reversed(list(records(output))):
        if item.get("type") == "reasoning":
            hidden += [index] if only_ours else []
            is_begun = False
        else:
            ours = is_ours(item)
            hidden += [index] if ours else []
            only_ours = ours and (only_ours or not is_begun)
            is_begun = True
    return hidden[::-1]


def _waiting_for_the_client(items: Sequence[Payload]) -> list[str]:
    """Return the ids of calls that nobody has answered: those of tools that the client runs, and of approvals."""
    answered = {string(item.get("call_id")) for item in items if string(item.get("type")).endswith("_output")}
    waiting = []
    for item in items:
        if item.get("type") == "mcp_approval_request":
            waiting.append(string(item.get("id")))
        elif string(item.get("type")).endswith("_call") and not is_ours(item):
            call = string(item.get("call_id"))
            waiting += [call] if call and call not in answered else []
    return waiting


def _is_kept_elsewhere(item: bytes) -> bool:
    value = record(msgspec.json.decode(item))
    return value.get("type") == "reasoning" and not value.get("encrypted_content")
