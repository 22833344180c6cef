"""The canonical spelling of JSON, made from the text itself: no white space, no needless escapes.

Everything is done to the whole text at once. That is exact because valid JSON has no control characters in its
strings and no backslashes outside of them: control characters can stand for escapes while strings are found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from json.encoder import encode_basestring

MAX_DEPTH = 96
"""Nesting beyond this is left alone, so that no reader or writer of values can run out of stack."""

_BACKSLASH, _QUOTE, _OUTSIDE, _NEXT = "\x00", "\x01", "\x02", "\x03"
_CHUNK = 1 << 15
_NEEDLESS = re.compile(r"\\[/u]")
_CODES = re.compile(r"(?:\\u[0-9a-fA-F]{4})++")
_CODE = re.compile(r"\\u([0-9a-fA-F]{4})")
_SURROGATE = re.compile("[\ud800-\udfff]")

quote: Callable[[str], str] = encode_basestring
"""Return the canonical JSON string of a text."""


def escape_surrogates(text: str) -> str:
    """Return JSON text with halves of surrogate pairs as escapes, so that it can be encoded."""
    return text if text.isascii() else _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def canonical(values: Sequence[str]) -> str:
    """Return JSON values, or the beginning of one, in canonical spelling, one a line. They must be valid."""
    text = _NEXT.join(values)
    has_escapes = "\\" in text
    if has_escapes:
        text = text.replace("\\\\", _BACKSLASH).replace('\\"', _QUOTE)
    if "\n" in text or "\r" in text:
        text = "".join(_without_breaks(text))
    if " " in text or "\t" in text:
        text = "".join(_without_blanks(text))
    if has_escapes:
        if _NEEDLESS.search(text):
            text = _CODES.sub(_spelled, text.replace("\\/", "/"))
        text = text.replace(_QUOTE, '\\"').replace(_BACKSLASH, "\\\\")
    return escape_surrogates(text.replace(_NEXT, "\n"))


def _without_breaks(text: str) -> Iterator[str]:
    """Yield the text without line breaks, and without the blanks around them; none of them are in strings.

    At its very end there are no blanks but those of a string that breaks off.
    """
    start, last = 0, text.rfind("\n") + 1
    while start < last:
        end = text.find("\n", start + _CHUNK) + 1 or last
        yield "".join(map(str.strip, text[start:end].split("\n")))
        start = end
    yield text[last:].lstrip()


def _without_blanks(text: str) -> Iterator[str]:
    """Yield the text without blanks outside of strings."""
    for _, parts, first in strings_apart(text):
        outside = _OUTSIDE.join(parts[first::2]).replace(" ", "").replace("\t", "")
        parts[first::2] = outside.split(_OUTSIDE)
        yield '"'.join(parts)


def strings_apart(text: str) -> Iterator[tuple[int, list[str], int]]:
    """Split a text without escaped quotation marks at them, chunk by chunk.

    Yields where a chunk starts, its parts, and the index of the first part that stands outside of strings; every
    other part from there on does.
    """
    start, inside = 0, 0
    while start < len(text):
        end = text.find('"', start + _CHUNK)
        end = end if end >= 0 else len(text)
        parts = text[start:end].split('"')
        strings = len(parts) - 1
        yield start, parts, inside
        inside = (inside + strings) % 2
        start = end


def without_escapes(text: str) -> str:
    """Return JSON text of the same length in which no backslash and no quotation mark is escaped."""
    return text.replace("\\\\", _BACKSLASH * 2).replace('\\"', _QUOTE * 2) if "\\" in text else text


def outside_of_strings(text: str) -> str:
    """Return what stands outside of strings in a text that begins there and has no escaped quotation marks."""
    return "".join(text.split('"')[::2])


def _spelled(codes: re.Match[str]) -> str:
    """Return characters given by their codes; two halves of a surrogate pair are one character."""
    units = b"".join([int(code, 16).to_bytes(2) for code in _CODE.findall(codes[0])])
    return quote(units.decode("utf-16-be", "surrogatepass"))[1:-1]
