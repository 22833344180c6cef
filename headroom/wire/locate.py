"""Where values stand in the bytes of a JSON document.

The document is known to be valid (it was decoded before), so the scanner only has to find borders: strings are
passed over by their quotes, containers by counting brackets. Linear in the length of the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import count
from typing import Any

import msgspec

from headroom.blocks import JsonPath
from headroom.errors import BodyError

Span = tuple[int, int]
"""Start and end of a value in the body, quotes and brackets included."""

Wanted = dict[str | int, Any]
"""A tree of path steps; a leaf is an empty dict."""

_SPACE = re.compile(rb"[ \t\n\r]*+")
_SCALAR = re.compile(rb"[^ \t\n\r,\]}]++")
_TOKEN = re.compile(rb'"(?:[^"\\]{0,256}+(?:\\.[^"\\]{0,256}+){0,8}+(")|)|[\[\]{}]', re.DOTALL)
"""A bracket, a short string, or the opening quote of a longer one."""
_WINDOW = 262_144
"""Bytes looked at in one call: no other thread runs meanwhile."""
_MANY_QUOTES = 8
_FIRST_WINDOW = 512
_MANY_BACKSLASHES = 256
_OPENING, _CLOSING = b"[{", b"]}"


def locate(body: bytes, paths: Iterable[JsonPath]) -> dict[JsonPath, Span]:
    """Return the span of the value at each path.

    Of duplicate keys the last one counts, as it does for the decoder. Raises BodyError if a path leads nowhere.
    """
    wanted: Wanted = {}
    asked = list(paths)
    for path in asked:
        node = wanted
        for step in path:
            node = node.setdefault(step, {})
    found: dict[JsonPath, Span] = {}
    _walk(body, _space(body, 0), wanted, (), found)
    missing = [path for path in asked if path not in found]
    if missing:
        raise BodyError("path_not_found")
    return found


def _walk(body: bytes, start: int, wanted: Wanted, path: JsonPath, found: dict[JsonPath, Span]) -> int:
    """Note the spans wanted at and below the value that starts here; return where it ends."""
    if not wanted:
        end = _skip(body, start)
    elif body[start] == 0x7B:
        end = _members(body, start, wanted, path, found)
    elif body[start] == 0x5B:
        end = _elements(body, start, wanted, path, found)
    else:
        end = _skip(body, start)
    found[path] = (start, end)
    return end


def _members(body: bytes, start: int, wanted: Wanted, path: JsonPath, found: dict[JsonPath, Span]) -> int:
    position = _space(body, start + 1)
    while body[position] != 0x7D:
        key_end = string_end(body, position)
        key = _key(body[position:key_end])
        position = _space(body, _space(body, key_end) + 1)
        if key in wanted:
            _forget(found, (*path, key))
        position = _next(body, _child(body, position, key, wanted, path, found))
    return position + 1


def _elements(body: bytes, start: int, wanted: Wanted, path: JsonPath, found: dict[JsonPath, Span]) -> int:
    position = _space(body, start + 1)
    for index in count():
        if body[position] == 0x5D:
            break
        position = _next(body, _child(body, position, index, wanted, path, found))
    return position + 1


def _forget(found: dict[JsonPath, Span], path: JsonPath) -> None:
    """Drop what an earlier member of the same name led to."""
    if path in found:
        for stale in [known for known in found if known[: len(path)] == path]:
            del found[stale]


def _child(
    body: bytes, start: int, step: str | int, wanted: Wanted, path: JsonPath, found: dict[JsonPath, Span]
) -> int:
    if step in wanted:
        return _walk(body, start, wanted[step], (*path, step), found)
    return _skip(body, start)


def _next(body: bytes, end: int) -> int:
    """Return where the next element starts, or where the closing bracket stands."""
    position = _space(body, end)
    return _space(body, position + 1) if body[position] == 0x2C else position


def _skip(body: bytes, start: int) -> int:
    first = body[start]
    if first == 0x22:
        return string_end(body, start)
    if first in _OPENING:
        return _container(body, start)
    match = _SCALAR.match(body, start)
    return match.end() if match else len(body)


def _container(body: bytes, start: int) -> int:
    """Return where the array or object that starts here ends."""
    depth, position = 0, start
    while position < len(body):
        end = position + _WINDOW
        for token in _TOKEN.finditer(body, position, end):
            mark = body[token.start()]
            if mark == 0x22:
                if not token[1]:
                    end = string_end(body, token.start())
                    break
            elif mark in _OPENING:
                depth += 1
            else:
                depth -= 1
                if depth == 0:
                    return token.end()
        position = end
    raise BodyError("unbalanced")


def string_end(body: bytes, start: int) -> int:
    """Return where the string ends whose opening quote stands here. Raises BodyError if it does not end.

    Searching for quotes is the fastest, unless escaped ones are many.
    """
    end = start
    for _ in range(_MANY_QUOTES):
        end = body.find(b'"', end + 1)
        if end < 0:
            raise BodyError("unbalanced")
        if body[end - 1] != 0x5C or not _is_escaped(body, end):
            return end + 1
    return _text(body, end + 1)


def _text(body: bytes, start: int) -> int:
    """Return where the string ends in whose text `start` stands, not behind a backslash."""
    position, size = start, _FIRST_WINDOW
    while position < len(body):
        window = body[position : position + size].replace(b"\\\\", b"__")
        quote = window.replace(b'\\"', b"__").find(b'"')
        if quote >= 0:
            return position + quote + 1
        position += max(len(window) - window.endswith(b"\\"), 1)
        size = min(2 * size, _WINDOW)
    raise BodyError("unbalanced")


def quote_before(body: bytes, start: int, end: int) -> int:
    """Return where the last quote between these places stands that begins or ends a string, -1 if there is none."""
    quote = body.rfind(b'"', start, end)
    while quote >= 0 and _is_escaped(body, quote):
        quote = body.rfind(b'"', start, quote)
    return quote


def _is_escaped(body: bytes, quote: int) -> bool:
    """Say whether an odd number of backslashes stands before a quote."""
    first = quote
    while first and body[first - 1] == 0x5C:
        before = body[max(first - _MANY_BACKSLASHES, 0) : first]
        first -= len(before) - len(before.rstrip(b"\\"))
    return (quote - first) % 2 == 1


def _space(body: bytes, start: int) -> int:
    match = _SPACE.match(body, start)
    return match.end() if match else start


def _key(quoted: bytes) -> str:
    if b"\\" not in quoted:
        return quoted[1:-1].decode()
    return msgspec.json.decode(quoted, type=str)
