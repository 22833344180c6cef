"""Gemini contents, whole and streamed both ways, and token counts (Google, Gemini API reference)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from headroom.blocks import Payload
from headroom.demo.provider.exchange import (
    Answer,
    Recorded,
    Reply,
    event,
    events,
    required_list,
    whole,
)
from headroom.providers.wire import record, records

_RESPONSE_KEYS = ("functionResponse", "function_response")


def generate(request: Recorded) -> Reply:
    """Answer `:generateContent`."""
    answer = _answer(request)
    return whole(_chunk(answer, answer.text, last=True))


def stream(request: Recorded) -> Reply:
    """Answer `:streamGenerateContent`: events with `alt=sse`, else one JSON array that grows."""
    chunks = _chunks(_answer(request))
    if request.query.get("alt") == ["sse"]:
        # Google ends lines of its events with CR LF.
        return events(event(chunk).replace(b"\n", b"\r\n") for chunk in chunks)
    encoded = [msgspec.json.encode(chunk) for chunk in chunks]
    opened = [(b",\r\n" if number else b"[") + chunk for number, chunk in enumerate(encoded)]
    return Reply((*opened, b"]"), "application/json; charset=UTF-8")


def count(request: Recorded) -> Reply:
    """Answer `:countTokens`."""
    tokens = _answer(request).input_tokens
    details = [{"modality": "TEXT", "tokenCount": tokens}]
    return whole({"totalTokens": tokens, "promptTokensDetails": details})


def _answer(request: Recorded) -> Answer:
    payload = request.payload()
    payload = record(payload.get("generateContentRequest")) or payload  # countTokens may wrap the request
    contents = required_list(payload, "contents")
    parts = [part for _, content in records(contents) for _, part in records(content.get("parts"))]
    outputs = sum(any(key in part for key in _RESPONSE_KEYS) for part in parts)
    model = request.path.rpartition("/")[2].partition(":")[0]
    return Answer(model, len(contents), outputs)


def _chunks(answer: Answer) -> Iterator[Payload]:
    for number, word in enumerate(answer.words, start=1):
        yield _chunk(answer, word, last=number == len(answer.words))


def _chunk(answer: Answer, text: str, *, last: bool) -> Payload:
    candidate: Payload = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}
    usage = {"promptTokenCount": answer.input_tokens, "totalTokenCount": answer.input_tokens}
    if last:
        candidate["finishReason"] = "STOP"
        usage["candidatesTokenCount"] = answer.output_tokens
        usage["totalTokenCount"] += answer.output_tokens
    return {
        "candidates": [candidate],
        "usageMetadata": usage,
        "modelVersion": answer.model,
        "responseId": answer.identifier(""),
    }
