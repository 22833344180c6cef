"""JSON as logs write it: `key=value`, a blank between members, quotes only where a string needs them.

    {"id":7,"name":"build","tags":["a","b c"],"by":{"id":"7"}}    ->    {id=7 name=build tags=[a "b c"] by={id="7"}}

A string stands without quotes if it is one word that could not be taken for anything else: no number, no `true`, and
no bracket, quotation mark, backslash or `=` in it. What stands in quotes is spelled as in JSON.
"""

from __future__ import annotations

import re

_QUOTED = r'"(?:[^"\\]++|\\.)*+"'
_CHARS = r'[^\s"{}\[\]=\\\x00-\x1f\x7f\ud800-\udfff]++'
_WORD = re.compile(_CHARS)
_OF_JSON = re.compile(rf"({_QUOTED})(:?)|,")
_OF_BARE = re.compile(rf"(?:({_QUOTED})|({_CHARS}))(=?)| ")
_RESERVED = re.compile(r"-?[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?|-?Infinity|NaN|true|false|null")
"""What is, or looks like, something else than a string: numbers, and the names of JSON and of lenient parsers."""


def bared(text: str) -> str:
    """Return one JSON value, given in its canonical spelling, as logs would write it."""
    return _OF_JSON.sub(_bared, text)


def quoted(text: str) -> str:
    """Undo `bared`. A text that is nothing of the kind comes back as no valid JSON, or as that of another text."""
    return _OF_BARE.sub(_quoted, text)


def _bared(found: re.Match[str]) -> str:
    string, colon = found.groups()
    if string is None:
        return " "
    word = string[1:-1]
    is_word = _WORD.fullmatch(word) and (colon or not _RESERVED.fullmatch(word))
    return (word if is_word else string) + ("=" if colon else "")


def _quoted(found: re.Match[str]) -> str:
    string, word, sign = found.groups()
    if string is None and word is None:
        return ","
    if string is None:
        string = word if not sign and _RESERVED.fullmatch(word) else f'"{word}"'
    return string + (":" if sign else "")
