"""A request body as JSON values, or the reason why it is not ours to read."""

from __future__ import annotations

from typing import Any

import msgspec

from headroom.blocks import Payload
from headroom.errors import BodyError
from headroom.wire.long_strings import put_in, text_of, without_long_strings

Member = None | bool | int | float | str | list[object] | dict[str, object]
"""Any JSON value, as a type for the decoder, which calls `_as_it_is` for each value of type `object`."""

Document = None | bool | int | float | str | list[Member] | dict[str, Member]
"""Any JSON value; the objects of type `object` in it are messages, items or requests, whatever the wire."""


def read(body: bytes, max_depth: int) -> Payload:
    """Decode a body.

    Raises BodyError, whose message is a short reason, for anything that is not a JSON object in strict UTF-8
    (RFC 8259) without lone surrogates and at most `max_depth` levels deep.
    """
    short, spans = without_long_strings(body)
    try:
        value = _DECODER.decode(short)
    except RecursionError:
        raise BodyError("too_deep") from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise BodyError("not_json") from None
    texts = {name: text_of(body, span) for name, span in spans.items()}
    if not isinstance(value, dict):
        raise BodyError("not_an_object")
    if _deeper_than(value, max_depth):
        raise BodyError("too_deep")
    if texts:
        put_in(value, texts)
    return value


def _as_it_is(_: type, value: Any) -> Any:
    """Return a value as it was decoded.

    The decoder is one C function, which lets no other thread run. For this one, which is Python, the interpreter
    does change threads, so that a large body does not hold up the event loop.
    """
    return value


_DECODER = msgspec.json.Decoder(Document, dec_hook=_as_it_is)


def _deeper_than(root: Payload, levels: int) -> bool:
    """Walk the containers level by level: the answer depends on the document alone, not on the call stack."""
    level: list[Any] = [root]
    for _ in range(levels):
        below: list[Any] = []
        for node in level:
            children = node.values() if isinstance(node, dict) else node
            below.extend(child for child in children if isinstance(child, (dict, list)))
        if not below:
            return False
        level = below
    return True
