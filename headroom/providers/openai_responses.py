"""OpenAI Responses, `POST /v1/responses` (OpenAI API reference, Responses).

Readable: instructions, messages and the outputs of tools that the client ran. Opaque: reasoning, compaction,
patches, everything the provider's own tools produced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from headroom.blocks import Block, Payload
from headroom.providers.openai_chat import ROLES
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

_TEXTS = ("input_text", "output_text", "text")
# Item types whose `output` is text that a tool of the client wrote. An mcp_call names its own call.
_OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output", "local_shell_call_output", "mcp_call"})
_CALLS = {
    "function_call": ("name", "arguments"),
    "custom_tool_call": ("name", "input"),
    "local_shell_call": ("type", "action"),
}


class OpenAIResponses(Wire):
    """Responses requests and answers."""

    name: ClassVar[str] = "openai-responses"
    calls_are_unique: ClassVar[bool] = True

    def blocks(self, payload: Payload) -> Iterator[Block]:
        """Yield instructions, messages and tool outputs; outputs carry the call found by `call_id`."""
        if isinstance(payload.get("instructions"), str):
            yield Block(("instructions",), payload["instructions"], "system")
        given = payload.get("input")
        if isinstance(given, str):
            yield Block(("input",), given, "user")
        calls: dict[str, Call] = {}
        for index, item in records(given):
            kind = string(item.get("type", "message" if "role" in item else None))
            if kind in _CALLS:
                name, arguments = _CALLS[kind]
                calls[string(item.get("call_id"))] = Call(string(item.get(name)), as_json(item.get(arguments)))
            yield from _item(kind, item, index, calls)

    def usage(self, answer: Mapping[str, Any]) -> Usage | None:
        """Read `usage` of an answer, or of the response inside a `response.completed` event."""
        usage = record(answer.get("usage")) or record(record(answer.get("response")).get("usage"))
        if not usage:
            return None
        details = record(usage.get("input_tokens_details"))
        return Usage(
            input=integer(usage.get("input_tokens")),
            output=integer(usage.get("output_tokens")),
            cache_read=integer(details.get("cached_tokens")),
        )


def _item(kind: str, item: dict[str, Any], index: int, calls: dict[str, Call]) -> Iterator[Block]:
    if kind == "message":
        role = ROLES.get(string(item.get("role")), "")
        for where, text in parts(item.get("content"), ("input", index, "content"), _TEXTS):
            yield block(where, text if role else None, role, index)
    elif kind in _OUTPUTS:
        own = Call(string(item.get("name")), as_json(item.get("arguments")))
        made_by = string(item.get("call_id"))
        call = own if kind == "mcp_call" else calls.get(made_by, Call())
        for where, text in parts(item.get("output"), ("input", index, "output"), _TEXTS):
            yield block(where, text, "tool", index, tool=call.tool, arguments=call.arguments, call=made_by)
    elif kind not in _CALLS:
        yield block(("input", index), None, "", index)
