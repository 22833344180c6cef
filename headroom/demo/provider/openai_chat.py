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
    pieces,
    required_list,
    whole,
)
from headroom.demo.provider.script import TOOL, next_saying
from headroom.providers import WIRES
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
    tools = {string(record(tool.get("function")).get("name")) for _, tool in records(payload.get("tools"))}
    saying = next_saying(WIRES["openai-chat"].blocks(payload), tools)
    return Answer(string(payload.get("model")), len(messages), outputs, saying)


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
    if answer.arguments:
        message["tool_calls"] = [_call(answer, "".join(pieces(answer.arguments)))]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(answer)}
    return {**_head(answer, "chat.completion"), "choices": [choice], "usage": _usage(answer)}


def _stream(answer: Answer, *, with_usage: bool) -> Iterator[bytes]:
    head = _head(answer, "chat.completion.chunk")
    if with_usage:
        head["usage"] = None
    for delta in _deltas(answer):
        yield event({**head, "choices": [_choice(delta, None)]})
    yield event({**head, "choices": [_choice({}, _finish(answer))]})
    if with_usage:
        yield event({**head, "choices": [], "usage": _usage(answer)})
    yield b"data: [DONE]\n\n"


def _deltas(answer: Answer) -> Iterator[Payload]:
    yield {"role": "assistant", "content": ""}
    for word in answer.words:
        yield {"content": word}
    if answer.arguments:
        yield {"tool_calls": [{"index": 0, **_call(answer, "")}]}
        for piece in pieces(answer.arguments):
            yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}


def _call(answer: Answer, arguments: str) -> Payload:
    function = {"name": TOOL, "arguments": arguments}
    return {"id": answer.identifier("call_"), "type": "function", "function": function}


def _finish(answer: Answer) -> str:
    return "tool_calls" if answer.arguments else "stop"


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
