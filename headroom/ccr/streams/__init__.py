"""Streams of answers, and how several become one: a weaver a wire."""

from __future__ import annotations

from typing import Any

import msgspec

from headroom.ccr.streams.anthropic import AnthropicWeaver
from headroom.ccr.streams.base import Weaver
from headroom.ccr.streams.framing import ArrayFrames
from headroom.ccr.streams.gemini import GeminiWeaver
from headroom.ccr.streams.openai_chat import ChatWeaver
from headroom.ccr.streams.openai_responses import ResponsesWeaver
from headroom.providers.wire import integer, record

_WEAVERS: dict[str, type[Weaver]] = {
    weaver.wire: weaver for weaver in (ChatWeaver, ResponsesWeaver, AnthropicWeaver, GeminiWeaver)
}


class _Asked(msgspec.Struct):
    """What of a request says how many answers it wants."""

    n: Any = None
    generationConfig: Any = None  # noqa: N815 - spelled as in the request
    generation_config: Any = None


def weaver(wire: str, sent: bytes, *, is_array: bool = False) -> Weaver | None:
    """Return the weaver for the answer to a request body, None if its stream can only be relayed.

    That is one of several choices, or of a wire without streams. `is_array` says that the stream is a JSON array.
    """
    if wire not in _WEAVERS or _choices(sent) > 1:
        return None
    if not is_array:
        return _WEAVERS[wire]()
    return GeminiWeaver(ArrayFrames()) if wire == "gemini" else None


def _choices(sent: bytes) -> int:
    try:
        asked = msgspec.json.decode(sent, type=_Asked)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return 1
    settings = record(asked.generationConfig) or record(asked.generation_config)
    numbers = (asked.n, settings.get("candidateCount"), settings.get("candidate_count"))
    return max(integer(number) or 1 for number in numbers)


__all__ = ["Weaver", "weaver"]
