"""OpenAI chat completions, `POST /v1/chat/completions` (OpenAI API reference, Chat).

Many other providers speak it too. Readable: message contents. Opaque: images, audio, files, refusals. The
arguments of tool calls are read only to name the call that made an output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from headroom.blocks import Block, Payload
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

ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


class OpenAIChat(Wire):
    """Chat completions requests and answers."""

    name: ClassVar[str] = "openai-chat"

    def blocks(self, payload: Payload) -> Iterator[Block]:
        """Yield message contents; tool outputs carry the call found by `tool_call_id`."""
        calls: dict[str, Call] = {}
        for index, message in records(payload.get("messages")):
            calls.update(_calls(message))
            role = ROLES.get(string(message.get("role")), "")
            made_by = string(message.get("tool_call_id"))
            call = calls.get(made_by, Call(string(message.get("name"))))
            known = {"tool": call.tool, "arguments": call.arguments, "call": made_by} if role == "tool" else {}
            path = ("messages", index, "content")
            for where, text in parts(message.get("content"), path, ("text",)):
                yield block(where, text if role else None, role, index, **known)

    def usage(self, answer: Mapping[str, Any]) -> Usage | None:
        """Read `usage`; in a stream it stands in the last chunk, if the client asked for it."""
        usage = record(answer.get("usage"))
        if not usage:
            return None
        details = record(usage.get("prompt_tokens_details"))
        return Usage(
            input=integer(usage.get("prompt_tokens")),
            output=integer(usage.get("completion_tokens")),
            cache_read=integer(details.get("cached_tokens")),
        )


def _calls(message: dict[str, Any]) -> dict[str, Call]:
    found = {}
    for _, call in records(message.get("tool_calls")):
        function = record(call.get("function")) or record(call.get("custom"))
        arguments = function.get("arguments", function.get("input"))
        found[string(call.get("id"))] = Call(string(function.get("name")), as_json(arguments))
    return found
