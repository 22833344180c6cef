"""Anthropic messages, `POST /v1/messages`, `/v1/messages/count_tokens` and batches (Anthropic API reference).

Readable: system, text blocks and tool results. Opaque: thinking, redacted thinking, server tools and their
results, images, documents, search results, unknown block types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from msgspec.structs import replace

from headroom.blocks import Block, JsonPath, Payload
from headroom.providers.wire import (
    Call,
    Usage,
    Wire,
    as_json,
    block,
    integer,
    parts,
    record,
    records,
    string,
)

_ROLES = {"user": "user", "assistant": "assistant", "system": "system"}


class Anthropic(Wire):
    """Messages requests and answers."""

    name: ClassVar[str] = "anthropic"

    def blocks(self, payload: Payload) -> Iterator[Block]:
        """Yield system, texts and tool results; results carry the call found by `tool_use_id`."""
        breakpoint_ = _last_breakpoint(payload)
        for where, text in parts(payload.get("system"), ("system",), ("text",)):
            yield block(where, text, "system", 0, cached=breakpoint_ > (-1, -1))
        calls: dict[str, Call] = {}
        for index, message in records(payload.get("messages")):
            role = _ROLES.get(string(message.get("role")), "")
            for part, found in _content(message.get("content"), ("messages", index, "content"), role, index, calls):
                yield replace(found, cached=(index, part) <= breakpoint_)

    def usage(self, answer: Mapping[str, Any]) -> Usage | None:
        """Read `usage` of an answer, of `message_start` or of `message_delta`.

        `input_tokens` leaves cached tokens out, so they are added.
        """
        usage = record(answer.get("usage")) or record(record(answer.get("message")).get("usage"))
        if not usage:
            return None
        fresh = integer(usage.get("input_tokens"))
        read = integer(usage.get("cache_read_input_tokens"))
        write = integer(usage.get("cache_creation_input_tokens"))
        total = None if fresh is None else fresh + (read or 0) + (write or 0)
        return Usage(total, integer(usage.get("output_tokens")), read, write)


class AnthropicBatches(Wire):
    """`POST /v1/messages/batches`: a list of messages requests under `requests[].params`."""

    name: ClassVar[str] = "anthropic-batches"
    _inner = Anthropic()

    def blocks(self, payload: Payload) -> Iterator[Block]:
        """Yield the blocks of every inner request."""
        for index, request in records(payload.get("requests")):
            prefix: JsonPath = ("requests", index, "params")
            for found in self._inner.blocks(record(request.get("params"))):
                yield replace(found, path=prefix + found.path)

    def keeps_results(self, payload: Payload) -> bool:  # noqa: ARG002 - several conversations, whatever they say
        """Return False: a batch is many conversations."""
        return False

    def usage(self, answer: Mapping[str, Any]) -> Usage | None:  # noqa: ARG002 - a batch is answered later
        """Return None: the answer to a batch is a receipt."""
        return None


def _content(
    content: Any, path: JsonPath, role: str, index: int, calls: dict[str, Call]
) -> Iterator[tuple[int, Block]]:
    """Yield (part index, block) of one message's content."""
    if isinstance(content, str):
        yield 0, block(path, content if role else None, role, index)
    for part, item in records(content):
        kind, where = item.get("type"), (*path, part)
        if kind == "tool_use":
            calls[string(item.get("id"))] = Call(string(item.get("name")), as_json(item.get("input")))
        elif kind == "tool_result":
            made_by = string(item.get("tool_use_id"))
            call, failed = calls.get(made_by, Call()), item.get("is_error") is True
            known = {"tool": call.tool, "arguments": call.arguments, "call": made_by, "is_error": failed}
            for inner, text in parts(item.get("content"), (*where, "content"), ("text",)):
                yield part, block(inner, text, "tool", index, **known)
        elif kind == "text" and role and isinstance(item.get("text"), str):
            yield part, block((*where, "text"), item["text"], role, index)
        else:
            yield part, block(where, None, role, index)


def _last_breakpoint(payload: Payload) -> tuple[int, int]:
    """Return (message, part) of the last `cache_control`; (-1, -1) without one; (0, -1) if only in system."""
    last = (-1, -1)
    if any("cache_control" in item for _, item in records(payload.get("system"))):
        last = (0, -1)
    for index, message in records(payload.get("messages")):
        for part, item in records(message.get("content")):
            if "cache_control" in item:
                last = (index, part)
    return last
