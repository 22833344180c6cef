"""Request bodies compared byte by byte: what may differ, and what must not."""

from __future__ import annotations

from headroom.blocks import Edit, JsonPath, Payload
from headroom.providers import WIRES
from headroom.wire.document import read
from headroom.wire.locate import locate
from headroom.wire.splice import splice

_MAX_DEPTH = 512


def payload_of(body: bytes) -> Payload:
    """Return a body as JSON values. Raises BodyError if it is none that headroom reads."""
    return read(body, _MAX_DEPTH)


def tool_texts(payload: Payload, wire: str) -> dict[JsonPath, str]:
    """Return every tool output of a request by its place, in order."""
    blocks = WIRES[wire].blocks(payload)
    return {block.path: block.text for block in blocks if block.role == "tool" and not block.opaque}


def same_outside(sent: bytes, received: bytes, wire: str) -> bool:
    """Say whether all bytes but those of the changed tool outputs are identical."""
    before, after = tool_texts(payload_of(sent), wire), tool_texts(payload_of(received), wire)
    if before.keys() != after.keys():
        return False
    blank = [Edit(path, "") for path in before if before[path] != after[path]]
    return splice(sent, blank) == splice(received, blank)


def history(body: bytes) -> bytes:
    """Return the bytes of a request up to the end of its last message: what its successor must begin with."""
    last: JsonPath = ("messages", len(payload_of(body)["messages"]) - 1)
    return body[: locate(body, [last])[last][1]]
