"""Arrays inside JSON documents, element by element, in bytes: what stays, stays as it is spelled.

Documents are valid JSON (they were decoded before). All functions raise BodyError where there is no array.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from headroom.blocks import Edit, JsonPath
from headroom.errors import BodyError
from headroom.wire.locate import locate
from headroom.wire.splice import splice


def raw(body: bytes, path: JsonPath) -> bytes:
    """Return the value at a path as it is spelled."""
    start, end = locate(body, [path])[path]
    return body[start:end]


def elements(body: bytes, path: JsonPath) -> list[bytes]:
    """Return the elements of an array as they are spelled."""
    try:
        return [bytes(one) for one in msgspec.json.decode(raw(body, path), type=list[msgspec.Raw])]
    except msgspec.MsgspecError:
        raise BodyError("not_a_list") from None


def appended(body: bytes, path: JsonPath, values: Sequence[bytes]) -> bytes:
    """Return the body with values, spelled as JSON, behind the last element of an array."""
    return splice(body, [Edit(path, msgspec.Raw(b",".join(values)), append=True)]) if values else body


def array(values: Sequence[bytes]) -> msgspec.Raw:
    """Return an array of values that are spelled already, to be set by an edit."""
    return msgspec.Raw(b"[" + b",".join(values) + b"]")


def without(body: bytes, path: JsonPath, indexes: Collection[int]) -> bytes:
    """Return the body without some elements of an array."""
    if not indexes:
        return body
    kept = [one for index, one in enumerate(elements(body, path)) if index not in indexes]
    return splice(body, [Edit(path, array(kept))])
