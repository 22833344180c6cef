"""What a client understands of an answer, read as strictly as the strictest of them.

OpenAI API reference, Chat and its streaming; Anthropic API reference, Messages and streaming messages.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from headroom.blocks import Payload
from headroom.demo.link import Answer
from headroom.wire.sse import EventParser


class BrokenAnswerError(Exception):
    """No client would take this for one whole answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The words of an answer, the tools that the client is to call, and the tokens of input and output it reports."""

    text: str
    calls: tuple[str, ...]
    tokens: tuple[int, int]


def heard(wire: str, answer: Answer) -> Heard:
    """Read an answer, streamed or whole. Raises BrokenAnswerError if it is not one answer in the shape of its wire."""
    if answer.status != 200:
        raise BrokenAnswerError(f"status {answer.status}")
    streamed = (answer.header("content-type") or "").startswith("text/event-stream")
    try:
        return _READERS[wire, streamed](answer.body)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise BrokenAnswerError(f"malformed: {error!r}") from error


def _chat(body: bytes) -> Heard:
    payload = json.loads(body)
    (choice,) = payload["choices"]
    message = choice["message"]
    calls = tuple(call["function"]["name"] for call in message.get("tool_calls", ()))
    _must("an end that fits", holds=choice["finish_reason"] == ("tool_calls" if calls else "stop"))
    return Heard(message["content"] or "", calls, _chat_tokens(payload["usage"]))


def _chat_stream(body: bytes) -> Heard:
    *data, end = (event.data for event in EventParser().feed(body))
    _must("[DONE] at the end", holds=end == b"[DONE]")
    chunks = [json.loads(one) for one in data]
    _must("one id", holds=len({chunk["id"] for chunk in chunks}) == 1)
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    deltas = [choice["delta"] for choice in choices]
    _must("one role, in the first chunk", holds=_only(0, ["role" in delta for delta in deltas]))
    _must("one end, in the last chunk", holds=_only(-1, [choice["finish_reason"] is not None for choice in choices]))
    begun = [call["function"] for delta in deltas for call in delta.get("tool_calls", ()) if "id" in call]
    _must("an end that fits", holds=choices[-1]["finish_reason"] == ("tool_calls" if begun else "stop"))
    (usage,) = (chunk["usage"] for chunk in chunks if chunk.get("usage"))
    text = "".join(delta.get("content") or "" for delta in deltas)
    return Heard(text, tuple(function["name"] for function in begun), _chat_tokens(usage))


def _chat_tokens(usage: Payload) -> tuple[int, int]:
    read, said = usage["prompt_tokens"], usage["completion_tokens"]
    _must("a total that is the sum", holds=usage["total_tokens"] == read + said)
    return read, said


def _message(body: bytes) -> Heard:
    payload = json.loads(body)
    return _heard(payload["content"], payload["stop_reason"], payload["usage"])


def _message_stream(body: bytes) -> Heard:
    parsed = EventParser().feed(body)
    events = [json.loads(event.data) for event in parsed]
    _must("types as named", holds=all(one["type"] == event.type for one, event in zip(events, parsed, strict=True)))
    start, *between, delta, stop = (event for event in events if event["type"] != "ping")
    kinds = (start["type"], delta["type"], stop["type"])
    _must("one start and one end", holds=kinds == ("message_start", "message_delta", "message_stop"))
    _must("a start without content", holds=start["message"]["content"] == [])
    return _heard(_contents(between), delta["delta"]["stop_reason"], delta["usage"])


def _contents(events: Sequence[Payload]) -> list[Payload]:
    """Return the content blocks that these events tell of, each whole before the next begins."""
    blocks: list[Payload] = []
    is_open = False
    for event in events:
        kind = event["type"]
        if kind == "content_block_start":
            _must("blocks numbered through", holds=not is_open and event["index"] == len(blocks))
            blocks.append(dict(event["content_block"]))
        else:
            _must("events of the open block only", holds=is_open and event["index"] == len(blocks) - 1)
            _must("events of blocks only", holds=kind in ("content_block_delta", "content_block_stop"))
        if kind == "content_block_delta" and event["delta"]["type"] == "text_delta":
            blocks[-1]["text"] += event["delta"]["text"]
        is_open = kind != "content_block_stop"
    _must("every block ended", holds=not is_open)
    return blocks


def _heard(content: Sequence[Payload], stop: str, usage: Payload) -> Heard:
    calls = tuple(block["name"] for block in content if block["type"] == "tool_use")
    _must("an end that fits", holds=stop == ("tool_use" if calls else "end_turn"))
    text = "".join(block["text"] for block in content if block["type"] == "text")
    return Heard(text, calls, (usage["input_tokens"], usage["output_tokens"]))


def _must(what: str, *, holds: bool) -> None:
    if not holds:
        raise BrokenAnswerError(f"expected {what}")


def _only(index: int, flags: Sequence[Any]) -> bool:
    return bool(flags[index]) and sum(map(bool, flags)) == 1


_READERS: dict[tuple[str, bool], Callable[[bytes], Heard]] = {
    ("openai-chat", False): _chat,
    ("openai-chat", True): _chat_stream,
    ("anthropic", False): _message,
    ("anthropic", True): _message_stream,
}
"""By wire, and whether the answer is streamed."""
