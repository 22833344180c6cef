"""Chat completions, whole and streamed (OpenAI API reference, Chat)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headroom.blocks import Payload
from headroom.demo.provider.exchange import (
    CREATED,
    Answer,
    Recorded,
    Reply,
    event,
    events,
    required_list,
    whole,
)
from headroom.providers.wire import record, records, string

_TOOL_ROLES = ("tool", "function")


def complete(request: Recorded) -> Reply:
    """Answer `POST /v1/chat/completions`."""
    payload = request.payload()
    answer = _answer(payload)
    if payload.get("stream") is not True:
        return whole(_completion(answer))
    with_usage = record(payload.get("stream_options")).get("include_usage") is True
    return events(_stream(answer, with_usage=with_usage))


def _answer(payload: Payload) -> Answer:
    messages = required_list(payload, "messages")
    outputs = sum(m.get("role") in _TOOL_ROLES for _, m in records(messages))
    return Answer(string(payload.get("model")), len(messages), outputs)


def _usage(answer: Answer) -> Payload:
    return {
        "prompt_tokens": answer.input_tokens,
        "completion_tokens": answer.output_tokens,
        "total_tokens": answer.input_tokens + answer.output_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def _completion(answer: Answer) -> Payload:
    message: Payload = {"role": "assistant", "content": answer.text, "refusal": None, "annotations": []}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return {**_head(answer, "chat.completion"), "choices": [choice], "usage": _usage(answer)}


def _stream(answer: Answer, *, with_usage: bool) -> Iterator[bytes]:
    head = _head(answer, "chat.completion.chunk")
    if with_usage:
        head["usage"] = None
    deltas = [{"role": "assistant", "content": ""}, *({"content": word} for word in answer.words)]
    for delta in deltas:
        yield event({**head, "choices": [_choice(delta, None)]})
    yield event({**head, "choices": [_choice({}, "stop")]})
    if with_usage:
        yield event({**head, "choices": [], "usage": _usage(answer)})
    yield b"data: [DONE]\n\n"


def _choice(delta: Payload, finish: str | None) -> Payload:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}


def _head(answer: Answer, kind: str) -> dict[str, Any]:
    return {
        "id": answer.identifier("chatcmpl-"),
        "object": kind,
        "created": CREATED,
        "model": answer.model,
        "service_tier": "default",
    }
