"""Responses, whole and streamed (OpenAI API reference, Responses and its streaming events)."""

from __future__ import annotations

from collections.abc import Iterator

from headroom.blocks import Payload
from headroom.demo.provider.exchange import (
    CREATED,
    Answer,
    BadRequestError,
    Recorded,
    Reply,
    event,
    events,
    whole,
)
from headroom.providers.wire import records, string


def respond(request: Recorded) -> Reply:
    """Answer `POST /v1/responses`."""
    payload = request.payload()
    answer = _answer(payload)
    if payload.get("stream") is not True:
        return whole(_response(answer, payload, "completed"))
    numbered = enumerate(_stream(answer, payload))
    return events(event({**e, "sequence_number": n}, string(e["type"])) for n, e in numbered)


def _answer(payload: Payload) -> Answer:
    given = payload.get("input")
    if not isinstance(given, (str, list)):
        raise BadRequestError("Missing required parameter: 'input'.")
    items = [item for _, item in records(given)]
    outputs = sum(string(item.get("type")).endswith("_output") for item in items)
    return Answer(string(payload.get("model")), max(1, len(items)), outputs)


def _response(answer: Answer, payload: Payload, status: str) -> Payload:
    """Return the response object; before it is completed it has neither output nor usage."""
    done = status == "completed"
    return {
        "id": answer.identifier("resp_"),
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": payload.get("instructions"),
        "metadata": payload.get("metadata") or {},
        "model": answer.model,
        "output": [_message(answer, answer.text)] if done else [],
        "parallel_tool_calls": True,
        "previous_response_id": payload.get("previous_response_id"),
        "store": payload.get("store", True),
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": payload.get("tool_choice", "auto"),
        "tools": payload.get("tools") or [],
        "top_p": 1.0,
        "usage": _usage(answer) if done else None,
    }


def _usage(answer: Answer) -> Payload:
    return {
        "input_tokens": answer.input_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": answer.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": answer.input_tokens + answer.output_tokens,
    }


def _message(answer: Answer, text: str | None) -> Payload:
    """Return the output item; without a text it has just begun."""
    return {
        "type": "message",
        "id": answer.identifier("msg_"),
        "status": "in_progress" if text is None else "completed",
        "role": "assistant",
        "content": [] if text is None else [_part(text)],
    }


def _part(text: str) -> Payload:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _stream(answer: Answer, payload: Payload) -> Iterator[Payload]:
    """Yield the events in the documented order, not yet numbered."""
    item = {"item_id": answer.identifier("msg_"), "output_index": 0, "content_index": 0}
    started = _response(answer, payload, "in_progress")
    yield {"type": "response.created", "response": started}
    yield {"type": "response.in_progress", "response": started}
    yield {"type": "response.output_item.added", "output_index": 0, "item": _message(answer, None)}
    yield {"type": "response.content_part.added", **item, "part": _part("")}
    for word in answer.words:
        yield {"type": "response.output_text.delta", **item, "delta": word, "logprobs": []}
    yield {"type": "response.output_text.done", **item, "text": answer.text, "logprobs": []}
    yield {"type": "response.content_part.done", **item, "part": _part(answer.text)}
    yield {"type": "response.output_item.done", "output_index": 0, "item": _message(answer, answer.text)}
    yield {"type": "response.completed", "response": _response(answer, payload, "completed")}
