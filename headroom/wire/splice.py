"""New values into old bytes: what is not edited stays byte for byte."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headroom.blocks import Edit
from headroom.errors import BodyError
from headroom.wire.locate import locate


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
    for (start, end), edit in sorted(((spans[edit.path], edit) for edit in edits), key=lambda pair: pair[0]):
        if start < done:
            raise BodyError("overlapping_edits")
        pieces += (came[done:start], _encode(edit))
        done = end
    pieces.append(came[done:])
    return b"".join(pieces)


def _encode(edit: Edit) -> bytes:
    try:
        return msgspec.json.encode(edit.value)
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
        raise BodyError("not_encodable") from None
