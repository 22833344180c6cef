"""Gemini generateContent, streamGenerateContent and countTokens (Google, Gemini API reference; Vertex alike).

Readable: system instruction, texts and the strings of function responses. Opaque: thoughts and their
signatures, inline data, files, code execution.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from headroom.blocks import Block, JsonPath, Payload
from headroom.providers.wire import Call, Usage, Wire, as_json, block, integer, record, records, string

MIN_LEAF_CHARS = 256
"""Strings of a function response below this are fields, not documents: they are not blocks."""

_ROLES = {"user": "user", "model": "assistant", "function": "tool", "": "user"}


class Gemini(Wire):
    """Gemini requests and answers, in camel case or snake case as the API takes both."""

    name: ClassVar[str] = "gemini"

    def blocks(self, payload: Payload) -> Iterator[Block]:
        """Yield instruction, texts and function response strings; responses carry the call of their name or id."""
        root: JsonPath = ()
        if isinstance(payload.get("generateContentRequest"), dict):  # countTokens may wrap the request
            payload, root = payload["generateContentRequest"], ("generateContentRequest",)
        for key in ("systemInstruction", "system_instruction"):
            for index, part in records(record(payload.get(key)).get("parts")):
                text = part.get("text")
                path = (*root, key, "parts", index, "text")
                yield block(path, text if isinstance(text, str) else None, "system", 0)
        calls: dict[str, Call] = {}
        for index, content in records(payload.get("contents")):
            role = _ROLES.get(string(content.get("role")), "")
            for number, part in records(content.get("parts")):
                yield from _part(part, (*root, "contents", index, "parts", number), role, index, calls)

    def usage(self, answer: Mapping[str, Any]) -> Usage | None:
        """Read `usageMetadata`; thoughts count as output. In a stream every chunk may carry it."""
        usage = record(answer.get("usageMetadata"))
        if not usage:
            return None
        counts = (integer(usage.get("candidatesTokenCount")), integer(usage.get("thoughtsTokenCount")))
        return Usage(
            input=integer(usage.get("promptTokenCount")),
            output=None if counts == (None, None) else sum(c or 0 for c in counts),
            cache_read=integer(usage.get("cachedContentTokenCount")),
        )


def _part(part: dict[str, Any], path: JsonPath, role: str, index: int, calls: dict[str, Call]) -> Iterator[Block]:
    call_key = "functionCall" if "functionCall" in part else "function_call"
    response_key = "functionResponse" if "functionResponse" in part else "function_response"
    if call_key in part:
        made = record(part[call_key])
        call = Call(string(made.get("name")), as_json(made.get("args")))
        calls[string(made.get("id"))] = calls[call.tool] = call
    elif response_key in part:
        given = record(part[response_key])
        name = string(given.get("name"))
        made_by = string(given.get("id"))
        call = calls.get(made_by or name, Call(name))
        for where, text in _leaves(given.get("response"), (*path, response_key, "response")):
            yield block(where, text, "tool", index, tool=call.tool, arguments=call.arguments, call=made_by)
    elif isinstance(part.get("text"), str) and role and not _is_thought(part):
        yield block((*path, "text"), part["text"], role, index)
    else:
        yield block(path, None, role, index)


def _is_thought(part: dict[str, Any]) -> bool:
    return bool(part.get("thought") or part.get("thoughtSignature") or part.get("thought_signature"))


def _leaves(value: Any, path: JsonPath) -> Iterator[tuple[JsonPath, str]]:
    """Yield path and text of every long string below `value`, in order; iterative, so depth does no harm."""
    stack: list[tuple[JsonPath, Any]] = [(path, value)]
    while stack:
        where, node = stack.pop()
        if isinstance(node, str) and len(node) >= MIN_LEAF_CHARS:
            yield where, node
        elif isinstance(node, dict):
            stack.extend(reversed([((*where, key), child) for key, child in node.items()]))
        elif isinstance(node, list):
            stack.extend(reversed([((*where, number), child) for number, child in enumerate(node)]))
