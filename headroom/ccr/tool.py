"""The tool with which a model asks for an original: its definition in every wire, and where it goes in a request.

The definition is a constant: it stands in every request with tools, so that the list of tools, which providers
cache as part of the prefix, never flips.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headroom.blocks import Edit, JsonPath, Payload
from headroom.protect import RETRIEVE_TOOL
from headroom.providers.wire import record, records, string

_DESCRIPTION = (
    "Returns what a tool output left out, where it says [... | headroom_retrieve hash=...]. "
    "Call it alone, and only if you need that text."
)
_TEXTS = {
    "hash": "The 24 characters behind hash=",
    "query": "Return only lines with these words",
    "lines": "Return only lines a-b of the original",
}


def _schema(of_object: str, of_text: str) -> Payload:
    properties = {name: {"type": of_text, "description": text} for name, text in _TEXTS.items()}
    return {"type": of_object, "properties": properties, "required": ["hash"]}


_JSON_SCHEMA = _schema("object", "string")
_NAMED = {"name": RETRIEVE_TOOL, "description": _DESCRIPTION}
_CLAUDE = {**_NAMED, "input_schema": _JSON_SCHEMA}
_DECLARATION = {**_NAMED, "parameters": _schema("OBJECT", "STRING")}  # Gemini API reference, Schema

_DEFINITIONS: dict[str, Payload] = {
    "openai-chat": {"type": "function", "function": {**_NAMED, "parameters": _JSON_SCHEMA}},
    # Responses makes every parameter required unless told not to.
    "openai-responses": {"type": "function", **_NAMED, "parameters": _JSON_SCHEMA, "strict": False},
    "anthropic": _CLAUDE,
    "anthropic-batches": _CLAUDE,
    "gemini": {"functionDeclarations": [_DECLARATION]},
}
_DECLARING = ("functionDeclarations", "function_declarations")


def definition(wire: str) -> Payload:
    """Return the tool as an element of `tools` in a wire. The value is shared: it must not be changed."""
    return _DEFINITIONS[wire]


def insertion(payload: Payload, wire: str) -> Edit | None:
    """Return the edit that puts the tool behind the client's own, or None if this request does not take it.

    It takes it if it has tools, none of them another `headroom_retrieve`. For a batch, `payload` is one of its
    inner requests. Gemini gets a declaration beside the client's: it refuses several tools with declarations
    (Vertex) and declarations beside its built-in tools.
    """
    tools = payload.get("tools")
    if not isinstance(tools, list) or not tools or declares_retrieval(payload):
        return None
    if wire != "gemini":
        return Edit(("tools",), _DEFINITIONS[wire], append=True)
    path = next(_declarations(tools), None)
    return None if path is None else Edit(path, _DECLARATION, append=True)


def declares_retrieval(payload: Payload) -> bool:
    """Say whether the client has such a tool of its own, also under the prefix that MCP clients put before names."""
    return any(name.endswith(RETRIEVE_TOOL) for name in _names(payload.get("tools")))


def _names(tools: Any) -> Iterator[str]:
    for _, tool in records(tools):
        yield string(tool.get("name"))
        yield string(record(tool.get("function")).get("name"))
        for key in _DECLARING:
            for _, declaration in records(tool.get(key)):
                yield string(declaration.get("name"))


def _declarations(tools: list[Any]) -> Iterator[JsonPath]:
    for index, tool in records(tools):
        for key in _DECLARING:
            if isinstance(tool.get(key), list) and tool[key]:
                yield ("tools", index, key)
