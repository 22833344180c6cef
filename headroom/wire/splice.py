"""New values into old bytes: what is not edited stays byte for byte."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import msgspec

from headroom.blocks import Edit
from headroom.errors import BodyError
from headroom.wire.locate import Span, locate

_LIST = 0x5B
_SPACE = b" \t\n\r"
_STEP = 1_048_576
"""Bytes written in one call: no other thread runs meanwhile."""


def splice(body: bytes, edits: Sequence[Edit]) -> bytes:
    """Return the body with the value at each edit's path replaced.

    The very same object comes back without edits. Raises BodyError if a path is not in the body, if two edits
    overlap or if a new value cannot be written as JSON.
    """
    if not edits:
        return body
    spans = locate(body, (edit.path for edit in edits))
    came = memoryview(body)  # slices of it are no copies
    pieces: list[bytes | memoryview] = []
    done = 0
    found = (_replacement(body, spans[edit.path], edit) for edit in edits)
    for start, end, value in sorted(found, key=lambda one: one[:2]):
        if start < done:
            raise BodyError("overlapping_edits")
        pieces += (came[done:start], value)
        done = end
    pieces.append(came[done:])
    return _joined(pieces)


def _replacement(body: bytes, span: Span, edit: Edit) -> tuple[int, int, bytes]:
    """Return which bytes go and what comes instead; a value is appended before the closing bracket of its list."""
    start, end = span
    value = _encode(edit)
    if not edit.append:
        return start, end, value
    if body[start] != _LIST:
        raise BodyError("not_a_list")
    empty = not body[start + 1 : end - 1].strip(_SPACE)
    return end - 1, end - 1, value if empty else b"," + value


def _encode(edit: Edit) -> bytes:
    try:
        return msgspec.json.encode(edit.value)
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
        raise BodyError("not_encodable") from None


def _joined(pieces: Sequence[bytes | memoryview]) -> bytes:
    # Zeros to write over: what has its size from the start is neither moved while it grows nor copied at the end.
    written = BytesIO(bytes(sum(map(len, pieces))))
    for piece in pieces:
        for start in range(0, len(piece), _STEP):
            written.write(piece[start : start + _STEP])
    return written.getvalue()
