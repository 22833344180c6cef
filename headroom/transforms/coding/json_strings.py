"""Strings that hold JSON, as answers of tools often do, are shown as the objects that they stand for.

Such a string becomes an object with one member, whose key says how the JSON was spaced; so it needs no escapes,
and takes part in tables. Only a string that the writer below gives back letter by letter is unfolded.
"""

from __future__ import annotations

from headroom.transforms.coding.json_spelling import MAX_DEPTH, quote
from headroom.transforms.coding.json_text import JsonText, Pairs, Value, children, depth, read_all, scalar

COMPACT, SPACED = "(json)", "(json+)"
"""Keys of a string's JSON: without any blanks, or with one after each comma and colon."""

_LEAST_LENGTH = 12
_SIGNS = ('{\\"', '[\\"')
_MAX_DEPTH = 24


def unfolded(value: Value) -> Value:
    """Return the value with its strings of JSON unfolded; none are if its keys collide with ours, or it is deep."""
    if holds_unfolded(value) or depth(value) + _MAX_DEPTH >= MAX_DEPTH:
        return value
    return _unfolded(value)


def unfolded_root(source: JsonText) -> tuple[Value, bool]:
    """Return the value of a JSON text to be told, and whether strings of JSON are unfolded in it."""
    if not _may_hold_json(source.text):
        return source.root, False
    root = unfolded(source.root)
    return root, root is not source.root and holds_unfolded(root)


def _may_hold_json(text: str) -> bool:
    """Say whether a string within JSON text may be JSON itself; most texts have no escaped quotation marks at all."""
    if '\\"' in text and any(sign in text for sign in _SIGNS):
        return True
    return "\\u0022" in text


def holds_unfolded(value: Value) -> bool:
    """Say whether any object of the value has one of our keys."""
    stack = [value]
    while stack:
        node = stack.pop()
        keys = node if type(node) is dict else [key for key, _ in node] if type(node) is Pairs else ()
        if COMPACT in keys or SPACED in keys:
            return True
        stack.extend(children(node))
    return False


def _unfolded(value: Value) -> Value:
    if type(value) is str:
        return _inside(value)
    if type(value) is dict:
        return {key: _unfolded(item) if type(item) in (str, dict, list) else item for key, item in value.items()}
    if type(value) is list:
        return [_unfolded(item) if type(item) in (str, dict, list) else item for item in value]
    return value


def _inside(text: str) -> Value:
    """Return a string, or the one-member object that stands for it."""
    if len(text) < _LEAST_LENGTH or text[0] not in "{[" or text[-1] not in "}]":
        return text
    try:
        value = read_all(text)
    except ValueError:
        return text
    if depth(value) > _MAX_DEPTH or holds_unfolded(value):
        return text
    for key in (COMPACT, SPACED):
        if _written(value, key) == text:
            return {key: value}
    return text


def folded(value: Value) -> Value:
    """Return the value with strings of JSON as strings again; the inverse of `unfolded`."""
    if type(value) is dict:
        key = next(iter(value), "")
        if len(value) == 1 and key in (COMPACT, SPACED):
            return _written(value[key], key)
        return {key: folded(item) for key, item in value.items()}
    return [folded(item) for item in value] if type(value) is list else value


def _written(value: Value, key: str) -> str:
    blank = " " if key == SPACED else ""
    return _spaced(value, f",{blank}", f":{blank}")


def _spaced(value: Value, comma: str, colon: str) -> str:
    if type(value) is str:
        return quote(value)
    if type(value) is list:
        return f"[{comma.join([_spaced(item, comma, colon) for item in value])}]"
    if type(value) is dict or type(value) is Pairs:
        pairs = value.items() if type(value) is dict else value
        return f"{{{comma.join([f'{quote(key)}{colon}{_spaced(item, comma, colon)}' for key, item in pairs])}}}"
    return scalar(value)
