"""Long strings of a JSON document, read apart from it and in pieces.

The decoder is one C function, which lets no other thread run. A string of tens of megabytes keeps it for as many
milliseconds and more, for most of which the system finds memory for the copy. Here each long string gives way to a
short name before the document is decoded, and is put in again afterwards.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from headroom.errors import BodyError
from headroom.wire.locate import Span, quote_before, string_end

LONG = 1_048_576
"""Bytes from which a string is long; the decoder is done with a shorter one in about a millisecond."""
PIECE = 240_000
"""Bytes of a long string decoded in one call. Characters and escapes mostly have sizes that divide it."""
_GROWTH = 16
_LONGEST_CHARACTER = len(r"\ud83d\ude00")

_BEGINS = re.compile(rb'"[ \t\n\r]{0,64}+[^ \t\n\r,:\]}]')
"""A quote that begins a string: what follows it could not follow a string."""
_VALUE_ENDS = re.compile(rb"[ \t\n\r]{0,64}+[,\]}]")
"""What follows a string that is a value and no key."""
_STRING = msgspec.json.Decoder(str)


def without_long_strings(body: bytes, least: int = LONG) -> tuple[bytes, dict[str, Span]]:
    """Return the body with names in the places of its long strings, and where these stand in it, without quotes.

    It is JSON if the body was, and the body was if it is and so are the long strings. A long string about which its
    surroundings leave a doubt is left in, and so is a long key. The very same body comes back if nothing goes.
    """
    spans = list(_long_strings(body, least)) if len(body) >= least else []
    if not spans:
        return body, {}
    rest = _rest(body, spans)
    digest = hashlib.blake2b(digest_size=16)
    for part in rest:
        digest.update(part)
    # Nobody can write the digest of a text into that text: the body holds none of these names.
    names = [f"{digest.hexdigest()}{number}" for number in range(len(spans))]
    parts: list[bytes | memoryview] = [rest[0]]
    for name, part in zip(names, rest[1:], strict=True):
        parts += (name.encode(), part)
    return b"".join(parts), dict(zip(names, spans, strict=True))


def text_of(body: bytes, span: Span, most: int = PIECE) -> str:
    """Return the text of a string, decoded `most` bytes at a time. Raises BodyError if it is not JSON."""
    text = ""
    for part in _parts(body, span, most):
        text += part  # CPython lengthens a string in its place if nothing else refers to it
    return text


def put_in(root: Any, texts: dict[str, str]) -> None:
    """Put texts into the places of their names, anywhere in JSON values."""
    level = [root]
    while level:
        below: list[Any] = []
        for node in level:
            for key, child in node.items() if isinstance(node, dict) else enumerate(node):
                if isinstance(child, str):
                    if child in texts:
                        node[key] = texts[child]
                elif isinstance(child, (dict, list)):
                    below.append(child)
        level = below


def _long_strings(body: bytes, least: int) -> Iterator[Span]:
    """Yield where the contents of long strings stand.

    A look every `least` bytes finds them all: behind the last string that was looked at, none can begin and end.
    """
    seen, at = 0, least
    while at < len(body):
        opening = quote_before(body, seen, at)
        seen = at
        if opening >= 0:
            try:
                end = string_end(body, opening)
            except BodyError:  # no further quote
                return
            if end - opening - 2 >= least and _BEGINS.match(body, opening) and _VALUE_ENDS.match(body, end):
                yield opening + 1, end - 1
            seen = end - 1  # a quote that may begin another
        at = max(at, seen + 1) + least


def _rest(body: bytes, spans: Sequence[Span]) -> list[memoryview]:
    """Return what stands before, between and behind the spans."""
    came = memoryview(body)
    starts = [0, *(end for _, end in spans)]
    ends = [*(start for start, _ in spans), len(body)]
    return [came[start:end] for start, end in zip(starts, ends, strict=True)]


def _parts(body: bytes, span: Span, most: int) -> Iterator[str]:
    """Yield the text of a string in parts that grow with it: even if all before is copied for each, that is linear."""
    start, end = span
    done = size = 0
    pieces: list[str] = []
    while start < end:
        piece, start = _piece(body, start, end, most)
        pieces.append(piece)
        size += len(piece)
        if size * _GROWTH >= done or start == end:
            yield "".join(pieces)
            done += size
            pieces, size = [], 0


def _piece(body: bytes, start: int, end: int, most: int) -> tuple[str, int]:
    """Return the text of the next piece, and where it ends: not within a character, an escape or a pair of these."""
    last = min(start + most, end)
    earliest = max(start, last - _LONGEST_CHARACTER) if last < end else last - 1
    for cut in range(last, earliest, -1):
        try:
            return _STRING.decode(b'"%b"' % body[start:cut]), cut
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
    raise BodyError("not_json")
