"""Messages whole and streamed, token counts and batches (Anthropic API reference, Messages)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headroom.blocks import Payload
from headroom.demo.provider.exchange import (
    CREATED_TEXT,
    Answer,
    BadRequestError,
    Recorded,
    Reply,
    event,
    events,
    pieces,
    required_list,
    whole,
)
from headroom.demo.provider.script import TOOL, next_saying
from headroom.providers import WIRES
from headroom.providers.wire import record, records, string


def message(request: Recorded) -> Reply:
    """Answer `POST /v1/messages`."""
    payload = _asked(request)
    if payload.get("stream") is True:
        return events(event(one, string(one["type"])) for one in streamed(request))
    answer = _answer(payload)
    content: list[Any] = [{"type": "text", "text": answer.text}]
    content += [_call(answer, answer.arguments)] if answer.arguments else []
    return whole({**_message(answer, content), "stop_reason": _stop(answer), "usage": _usage(answer)})


def streamed(request: Recorded) -> Iterator[Payload]:
    """Return the events of a streamed answer. Raises BadRequestError."""
    return _stream(_answer(_asked(request)))


def count(request: Recorded) -> Reply:
    """Answer `POST /v1/messages/count_tokens`."""
    return whole({"input_tokens": _answer(request.payload()).input_tokens})


def batch(request: Recorded) -> Reply:
    """Answer `POST /v1/messages/batches` with a receipt; the batch is never worked off."""
    requests = required_list(request.payload(), "requests")
    answers = [_answer(record(r.get("params"))) for _, r in records(requests)]
    counts = {"processing": len(answers), "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
    return whole(
        {
            "id": answers[-1].identifier("msgbatch_") if answers else "msgbatch_none",
            "type": "message_batch",
            "processing_status": "in_progress",
            "request_counts": counts,
            "created_at": CREATED_TEXT,
            "expires_at": CREATED_TEXT,
            "ended_at": None,
            "archived_at": None,
            "cancel_initiated_at": None,
            "results_url": None,
        }
    )


def _asked(request: Recorded) -> Payload:
    payload = request.payload()
    if not isinstance(payload.get("max_tokens"), int):
        raise BadRequestError("max_tokens: Field required")
    return payload


def _answer(payload: Payload) -> Answer:
    messages = required_list(payload, "messages")
    contents = [part for _, m in records(messages) for _, part in records(m.get("content"))]
    outputs = sum(part.get("type") == "tool_result" for part in contents)
    tools = {string(tool.get("name")) for _, tool in records(payload.get("tools"))}
    saying = next_saying(WIRES["anthropic"].blocks(payload), tools)
    return Answer(string(payload.get("model")), len(messages), outputs, saying)


def _usage(answer: Answer) -> Payload:
    return {
        "input_tokens": answer.input_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": answer.output_tokens,
        "service_tier": "standard",
    }


def _message(answer: Answer, content: list[Any]) -> Payload:
    return {
        "id": answer.identifier("msg_"),
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": content,
        "stop_reason": None,
        "stop_sequence": None,
    }


def _call(answer: Answer, given: dict[str, str]) -> Payload:
    return {"type": "tool_use", "id": answer.identifier("toolu_"), "name": TOOL, "input": given}


def _stop(answer: Answer) -> str:
    return "tool_use" if answer.arguments else "end_turn"


def _stream(answer: Answer) -> Iterator[Payload]:
    """Yield the events in the documented order, with a ping as the real stream has."""
    usage = _usage(answer)
    yield {
        "type": "message_start",
        "message": {**_message(answer, []), "usage": {**usage, "output_tokens": 1}},
    }
    words = [{"type": "text_delta", "text": word} for word in answer.words]
    yield from _block(0, {"type": "text", "text": ""}, words)
    if answer.arguments:
        arguments = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces(answer.arguments)]
        yield from _block(1, _call(answer, {}), arguments)
    end = {"stop_reason": _stop(answer), "stop_sequence": None}
    yield {"type": "message_delta", "delta": end, "usage": usage}
    yield {"type": "message_stop"}


def _block(index: int, start: Payload, deltas: list[Payload]) -> Iterator[Payload]:
    yield {"type": "content_block_start", "index": index, "content_block": start}
    if index == 0:
        yield {"type": "ping"}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}
