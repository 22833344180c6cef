"""Request bodies compared byte by byte: what may differ, and what must not."""

from __future__ import annotations

from headroom.blocks import Block, Edit, JsonPath, Payload
from headroom.providers import WIRES
from headroom.providers.wire import record
from headroom.wire.document import read
from headroom.wire.locate import locate
from headroom.wire.splice import splice

TOOL = "headroom_retrieve"
_MAX_DEPTH = 512


def payload_of(body: bytes) -> Payload:
    """Return a body as JSON values. Raises BodyError if it is none that headroom reads."""
    return read(body, _MAX_DEPTH)


def tool_blocks(payload: Payload, wire: str) -> list[Block]:
    """Return every tool output of a request, in order."""
    return [block for block in WIRES[wire].blocks(payload) if block.role == "tool" and not block.opaque]


def tool_texts(payload: Payload, wire: str) -> dict[JsonPath, str]:
    """Return the text of every tool output of a request by its place, in order."""
    return {block.path: block.text for block in tool_blocks(payload, wire)}


def same_outside(sent: bytes, received: bytes, wire: str) -> bool:
    """Say whether all bytes but those of the changed tool outputs and of the retrieval tool are identical."""
    received, _ = without_tool(received)
    before, after = tool_texts(payload_of(sent), wire), tool_texts(payload_of(received), wire)
    if before.keys() != after.keys():
        return False
    blank = [Edit(path, "") for path in before if before[path] != after[path]]
    return splice(sent, blank) == splice(received, blank)


def without_tool(body: bytes) -> tuple[bytes, bytes]:
    """Return a body without the retrieval tool behind the client's tools, and its definition; empty if there is none.

    Only the definition and the comma before it are cut out of the bytes.
    """
    tools = payload_of(body).get("tools", [])
    last = len(tools) - 1
    if last < 1 or TOOL not in (tools[last].get("name"), record(tools[last].get("function")).get("name")):
        return body, b""
    spans = locate(body, [("tools", last - 1), ("tools", last)])
    (_, before), (start, end) = spans["tools", last - 1], spans["tools", last]
    if body[before:start].strip() != b",":
        return body, b""
    return body[:before] + body[end:], body[start:end]


def history(body: bytes) -> bytes:
    """Return the bytes of a request up to the end of its last message: what its successor must begin with."""
    last: JsonPath = ("messages", len(payload_of(body)["messages"]) - 1)
    return body[: locate(body, [last])[last][1]]
