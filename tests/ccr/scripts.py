"""What a provider says, scripted once and spelled in every wire: whole and as the documented stream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from headroom.ccr.marker import Mint

WIRES = ("openai-chat", "openai-responses", "anthropic", "gemini")
FORMS = (*WIRES, "gemini-array")
"""Streams come in one form more than there are wires."""

OURS = "headroom_retrieve"
THEIRS = "list_units"
MINT = Mint(b"key")
ORIGINAL = 'first\nzweite Zeile: "Grüße" \u2028 \U0001f600 \\ \x7f\u0000 end\n\ttabbed   \r\nlast'
HANDLE = MINT.handle(ORIGINAL)
CREATED = 1_760_000_000


@dataclass(frozen=True)
class Text:
    """Words, streamed in two pieces."""

    text: str


@dataclass(frozen=True)
class Thought:
    """Thinking, signed or encrypted."""

    text: str = "I should look."
    signature: str = "EqQBCgIYAhIk"


@dataclass(frozen=True)
class Call:
    """A tool call."""

    id: str
    name: str = OURS
    arguments: str = json.dumps({"hash": HANDLE})


@dataclass(frozen=True)
class Said:
    """One answer. `number` makes its ids and its usage different from those of others; `stop` cuts it off."""

    parts: tuple[Any, ...]
    number: int = 1
    is_cut: bool = False

    @property
    def calls(self) -> bool:
        return any(isinstance(part, Call) for part in self.parts)


def said(*parts: Any, number: int = 1, is_cut: bool = False) -> Said:
    return Said(tuple(Text(part) if isinstance(part, str) else part for part in parts), number, is_cut)


def request(wire: str, *, stream: bool = False, **also: Any) -> bytes:
    """A request body as a client writes it, spelled so that re-encoding it would show."""
    spelled = {
        "openai-chat": '{"model": "gpt-5",  "messages": [{"role": "user", "content": "l\\u006fok"}], "temperature": 1.0',
        "openai-responses": '{"model": "gpt-5",  "input": [{"role": "user", "content": "l\\u006fok"}], "temperature": 1.0',
        "anthropic": '{"model": "claude",  "max_tokens": 9, "messages": [{"role": "user", "content": "l\\u006fok"}]',
        "gemini": '{"contents":  [{"role": "user", "parts": [{"text": "l\\u006fok"}]}]',
    }[wire]
    more = {**({"stream": True} if stream and wire != "gemini" else {}), **also}
    return (
        spelled + "".join(f", {json.dumps(key)}: {json.dumps(value)}" for key, value in more.items()) + "}"
    ).encode()


def usage(wire: str, n: int) -> dict[str, Any]:
    """The usage of answer `n`: all figures differ, and their sums can be told apart."""
    if wire == "anthropic":
        return {
            "input_tokens": 10 * n,
            "cache_creation_input_tokens": 100 * n,
            "cache_read_input_tokens": 1000 * n,
            "cache_creation": {"ephemeral_5m_input_tokens": 100 * n, "ephemeral_1h_input_tokens": 0},
            "output_tokens": n,
            "service_tier": "standard",
        }
    if wire == "openai-chat":
        return {
            "prompt_tokens": 10 * n,
            "completion_tokens": n,
            "total_tokens": 11 * n,
            "prompt_tokens_details": {"cached_tokens": 7 * n, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 3 * n},
        }
    if wire == "openai-responses":
        return {
            "input_tokens": 10 * n,
            "input_tokens_details": {"cached_tokens": 7 * n},
            "output_tokens": n,
            "output_tokens_details": {"reasoning_tokens": 3 * n},
            "total_tokens": 11 * n,
        }
    return {
        "promptTokenCount": 10 * n,
        "candidatesTokenCount": n,
        "thoughtsTokenCount": 3 * n,
        "totalTokenCount": 14 * n,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 10 * n}],
    }


USAGE_KEY = {"gemini": "usageMetadata"}


def whole(wire: str, answer: Said) -> bytes:
    """The answer as one JSON document, indented as some providers do."""
    return json.dumps(_WHOLE[wire](answer), indent=1, ensure_ascii=False).encode()


def _anthropic(answer: Said) -> dict[str, Any]:
    stop = "max_tokens" if answer.is_cut else "tool_use" if answer.calls else "end_turn"
    return {
        "id": f"msg_{answer.number}",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [_block(part) for part in answer.parts],
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": usage("anthropic", answer.number),
    }


def _block(part: Any) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if isinstance(part, Thought):
        return {"type": "thinking", "thinking": part.text, "signature": part.signature}
    return {"type": "tool_use", "id": part.id, "name": part.name, "input": json.loads(part.arguments)}


def _chat(answer: Said) -> dict[str, Any]:
    calls = [_function(part) for part in answer.parts if isinstance(part, Call)]
    text = "".join(part.text for part in answer.parts if isinstance(part, Text))
    thoughts = "".join(part.text for part in answer.parts if isinstance(part, Thought))
    message: dict[str, Any] = {"role": "assistant", "content": text or None, "refusal": None}
    message |= {"reasoning_content": thoughts} if thoughts else {}
    message |= {"tool_calls": calls} if calls else {}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(answer)}
    return {**_chat_head(answer, "chat.completion"), "choices": [choice], "usage": usage("openai-chat", answer.number)}


def _function(part: Call) -> dict[str, Any]:
    return {"id": part.id, "type": "function", "function": {"name": part.name, "arguments": part.arguments}}


def _finish(answer: Said) -> str:
    return "length" if answer.is_cut else "tool_calls" if answer.calls else "stop"


def _chat_head(answer: Said, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{answer.number}", "object": kind, "created": CREATED + answer.number, "model": "gpt-5"}


def _response(answer: Said, status: str = "", items: list[Any] | None = None) -> dict[str, Any]:
    status = status or ("incomplete" if answer.is_cut else "completed")
    return {
        "id": f"resp_{answer.number}",
        "object": "response",
        "created_at": CREATED + answer.number,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "model": "gpt-5",
        "output": [_item(part, answer, n) for n, part in enumerate(answer.parts)] if items is None else items,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": usage("openai-responses", answer.number) if items is None else None,
    }


def _item(part: Any, answer: Said, n: int) -> dict[str, Any]:
    key = f"{answer.number}_{n}"
    if isinstance(part, Text):
        content = [{"type": "output_text", "text": part.text, "annotations": [], "logprobs": []}]
        return {"type": "message", "id": f"msg_{key}", "status": "completed", "role": "assistant", "content": content}
    if isinstance(part, Thought):
        summary = [{"type": "summary_text", "text": part.text}]
        return {"type": "reasoning", "id": f"rs_{key}", "summary": summary, "encrypted_content": part.signature}
    return {
        "type": "function_call",
        "id": f"fc_{key}",
        "call_id": part.id,
        "name": part.name,
        "arguments": part.arguments,
        "status": "completed",
    }


def _gemini(answer: Said, parts: list[Any] | None = None, *, last: bool = True) -> dict[str, Any]:
    made = [_part(part) for part in answer.parts] if parts is None else parts
    candidate: dict[str, Any] = {"content": {"parts": made, "role": "model"}, "index": 0}
    if last:
        candidate["finishReason"] = "MAX_TOKENS" if answer.is_cut else "STOP"
    return {
        "candidates": [candidate],
        "usageMetadata": usage("gemini", answer.number),
        "modelVersion": "gemini-3-pro",
        "responseId": f"gem-{answer.number}",
    }


def _part(part: Any) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"text": part.text}
    if isinstance(part, Thought):
        return {"text": part.text, "thought": True, "thoughtSignature": part.signature}
    call = {"id": part.id, "name": part.name, "args": json.loads(part.arguments)}
    return {"functionCall": call, "thoughtSignature": "c2lnbmVk"}


_WHOLE = {"anthropic": _anthropic, "openai-chat": _chat, "openai-responses": _response, "gemini": _gemini}


def stream(form: str, answer: Said) -> list[bytes]:
    """The answer as its events (or array elements), one a piece."""
    return list(_STREAM[form](answer))


def _event(data: dict[str, Any], name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def _halves(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]


def _anthropic_stream(answer: Said) -> Iterator[bytes]:
    message = _anthropic(answer)
    start = {**message, "content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 1}}
    yield _event({"type": "message_start", "message": start}, "message_start")
    for index, part in enumerate(answer.parts):
        begun = {**_block(part), **_EMPTY_BLOCK[type(part)]}
        yield _event({"type": "content_block_start", "index": index, "content_block": begun}, "content_block_start")
        if index == 0:
            yield _event({"type": "ping"}, "ping")
        for delta in _anthropic_deltas(part):
            yield _event({"type": "content_block_delta", "index": index, "delta": delta}, "content_block_delta")
        yield _event({"type": "content_block_stop", "index": index}, "content_block_stop")
    delta = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    given = {"output_tokens": message["usage"]["output_tokens"]}
    yield _event({"type": "message_delta", "delta": delta, "usage": given}, "message_delta")
    yield _event({"type": "message_stop"}, "message_stop")


_EMPTY_BLOCK: dict[type, dict[str, Any]] = {
    Text: {"text": ""},
    Thought: {"thinking": "", "signature": ""},
    Call: {"input": {}},
}


def _anthropic_deltas(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, Call):
        yield {"type": "input_json_delta", "partial_json": ""}
    for half in _halves(part.arguments if isinstance(part, Call) else part.text):
        if isinstance(part, Call):
            yield {"type": "input_json_delta", "partial_json": half}
        elif isinstance(part, Thought):
            yield {"type": "thinking_delta", "thinking": half}
        else:
            yield {"type": "text_delta", "text": half}
    if isinstance(part, Thought):
        yield {"type": "signature_delta", "signature": part.signature}


def _chat_stream(answer: Said) -> Iterator[bytes]:
    head = {**_chat_head(answer, "chat.completion.chunk"), "usage": None}

    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        return _event({**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]})

    yield chunk({"role": "assistant", "content": None, "refusal": None})
    number = 0
    for part in answer.parts:
        if isinstance(part, Call):
            first = {"index": number, **_function(part)}
            yield chunk({"tool_calls": [{**first, "function": {"name": part.name, "arguments": ""}}]})
            for half in _halves(part.arguments):
                yield chunk({"tool_calls": [{"index": number, "function": {"arguments": half}}]})
            number += 1
        else:
            key = "reasoning_content" if isinstance(part, Thought) else "content"
            for half in _halves(part.text):
                yield chunk({key: half})
    yield chunk({}, _finish(answer))
    yield _event({**head, "choices": [], "usage": usage("openai-chat", answer.number)})
    yield b"data: [DONE]\n\n"


def _responses_stream(answer: Said) -> Iterator[bytes]:
    for number, event in enumerate(_response_events(answer)):
        yield _event({**event, "sequence_number": number}, event["type"])


def _response_events(answer: Said) -> Iterator[dict[str, Any]]:
    begun = _response(answer, "in_progress", [])
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for n, part in enumerate(answer.parts):
        item = _item(part, answer, n)
        where = {"item_id": item["id"], "output_index": n}
        empty = {"content": []} if isinstance(part, Text) else {"summary": []} if isinstance(part, Thought) else {}
        empty |= {"arguments": ""} if isinstance(part, Call) else {}
        started = {**item, **empty, **({"status": "in_progress"} if "status" in item else {})}
        yield {"type": "response.output_item.added", "output_index": n, "item": started}
        yield from _item_events(part, where, item)
        yield {"type": "response.output_item.done", "output_index": n, "item": item}
    closing = _response(answer)
    yield {"type": f"response.{closing['status']}", "response": closing}


def _item_events(part: Any, where: dict[str, Any], item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if isinstance(part, Call):
        for half in _halves(part.arguments):
            yield {"type": "response.function_call_arguments.delta", **where, "delta": half}
        yield {"type": "response.function_call_arguments.done", **where, "arguments": part.arguments}
    elif isinstance(part, Text):
        place = {**where, "content_index": 0}
        done = item["content"][0]
        yield {"type": "response.content_part.added", **place, "part": {**done, "text": ""}}
        for half in _halves(part.text):
            yield {"type": "response.output_text.delta", **place, "delta": half, "logprobs": []}
        yield {"type": "response.output_text.done", **place, "text": part.text, "logprobs": []}
        yield {"type": "response.content_part.done", **place, "part": done}


def _gemini_chunks(answer: Said) -> Iterator[dict[str, Any]]:
    for part in answer.parts:
        if isinstance(part, Text):
            for half in _halves(part.text):
                yield _gemini(answer, [{"text": half}], last=False)
        else:
            yield _gemini(answer, [_part(part)], last=False)
    yield _gemini(answer, [{"text": ""}] if not answer.calls else [], last=True)


def _gemini_stream(answer: Said) -> Iterator[bytes]:
    for chunk in _gemini_chunks(answer):
        yield _event(chunk).replace(b"\n", b"\r\n")


def _gemini_array(answer: Said) -> Iterator[bytes]:
    for number, chunk in enumerate(_gemini_chunks(answer)):
        yield (b",\r\n" if number else b"[") + json.dumps(chunk, indent=2).encode()
    yield b"\n]\n"


_STREAM = {
    "anthropic": _anthropic_stream,
    "openai-chat": _chat_stream,
    "openai-responses": _responses_stream,
    "gemini": _gemini_stream,
    "gemini-array": _gemini_array,
}


def wire_of(form: str) -> str:
    return form.removesuffix("-array")


@dataclass
class Store:
    """A store in memory that can be told to fail."""

    kept: dict[tuple[str, str, str], bytes] = field(default_factory=dict)
    fails: bool = False
    shared = False
    is_blocking = False

    def put(self, tenant: str, key: str, value: bytes, *, kind: str = "original") -> None:
        self._check()
        self.kept[tenant, kind, key] = value

    def get(self, tenant: str, key: str, *, kind: str = "original") -> bytes | None:
        self._check()
        return self.kept.get((tenant, kind, key))

    def stats(self) -> Any:
        raise NotImplementedError

    def close(self) -> None:
        pass

    def _check(self) -> None:
        from headroom.errors import StoreError

        if self.fails:
            raise StoreError("out of order")
