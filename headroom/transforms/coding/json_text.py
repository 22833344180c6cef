"""JSON inside a text: where it stands, its values as written, and its one canonical spelling.

Values keep what a parser usually loses: numbers are `Number` (their spelling), objects are dicts in key order,
objects with a key twice are `Pairs`. The canonical spelling has no white space and no needless escapes; number
spelling, key order and repeated keys stay. Text around the JSON is never touched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from headroom.transforms.coding.json_cut import closed
from headroom.transforms.coding.json_layout import Layout, layout_of
from headroom.transforms.coding.json_spelling import MAX_DEPTH, canonical, quote

_STARTS_TRIED = 16
_LARGE = 1 << 18
"""Characters of a text from which on equal strings are held once: they take more memory than their spelling."""
_STRINGS_SHARED, _SHORT_STRING = 4096, 32
_SHORT_NUMBER = 8
_NUMBERS_SHARED = 4096
_LEAST_SHARE = 0.3
_LEAST_CUT_OFF = 8
_WITHIN_STRING = "Unterminated string"
"""How the parser tells that a string goes on to the end of the text, which is a single line from there on."""
_BEHIND_MEMBER = "Expecting ',' delimiter"
"""How it tells that a member is complete, and neither another one nor a bracket follows."""
_FRONT = re.compile(r"[ \t]*+(?=[{\[])")
_FRONT_OF_LINE = re.compile(r"\n[ \t]*+(?=[{\[])")
LABEL = r"[A-Za-z][\w .()-]{0,39}+: "
"""A pattern of what may stand before JSON on its line: `Output: `. It is text before the JSON, which is not touched."""
_SIGNS_OF_LABELS = (": {", ": [")
_LABELLED = re.compile(rf"{LABEL}(?=[{{\[])")
_LABELLED_LINE = re.compile(rf"\n{LABEL}(?=[{{\[])")
_NEXT = re.compile(r"[ \t\r\n]*+(?=[{\[])")


Number = bytes
"""A JSON number: its spelling, as bytes, which no other value is. Small, and cheap to tell from a string."""


class Pairs(tuple[tuple[str, Any], ...]):
    """An object in which a key stands twice."""

    __slots__ = ()


CONTAINERS = frozenset((dict, list, Pairs))
"""The types of values that hold others."""

Value = Any
"""dict[str, Value] | Pairs | list[Value] | str | Number | bool | None."""


class _Spellings(dict[str, Number]):
    """Short numbers by their spelling, each held once however often it stands in texts."""

    def __missing__(self, spelling: str) -> Number:
        number = spelling.encode()
        if len(number) <= _SHORT_NUMBER:
            if len(self) >= _NUMBERS_SHARED:
                self.clear()
            self[spelling] = number
        return number


def _object(pairs: list[tuple[str, Value]]) -> Value:
    keyed = dict(pairs)
    return keyed if len(keyed) == len(pairs) else Pairs(pairs)


_number = _Spellings().__getitem__
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_number, parse_float=_number, parse_constant=_number)


def read_value(text: str, start: int = 0) -> tuple[Value, int]:
    """Return the JSON value at `start` and where it ends. Raises ValueError if there is none."""
    try:
        return _DECODER.raw_decode(text, start)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def read_all(text: str) -> Value:
    """Return the one value that `text` is. Raises ValueError if it is anything else, or nests too deeply."""
    value, end = read_value(text)
    if end != len(text) or depth(value) > MAX_DEPTH:
        raise ValueError("not one JSON value that can be worked on")
    return value


def write(value: Value) -> str:
    """Return the canonical spelling of a value; the inverse of `read_all` on canonical text."""
    kind = type(value)
    if kind is str:
        return quote(value)
    if kind is list:
        return f"[{','.join([quote(v) if type(v) is str else write(v) for v in value])}]"
    if kind is dict or kind is Pairs:
        pairs = value.items() if kind is dict else value
        return f"{{{','.join([f'{quote(k)}:{quote(v) if type(v) is str else write(v)}' for k, v in pairs])}}}"
    return scalar(value)


def scalar(value: Value) -> str:
    """Return the spelling of a number, boolean or null."""
    if type(value) is Number:
        return value.decode()
    if value is None:
        return "null"
    return "true" if value else "false"


def text_of(value: Value) -> str:
    """Return what a reference to a string or number stands for; empty for anything else."""
    if type(value) is str:
        return value
    return value.decode() if type(value) is Number else ""


@dataclass(frozen=True)
class JsonText:
    """A text with one or more JSON `values`, each written at one of the `spans`, and other text before and after.

    `closers` is not empty if the JSON breaks off: what would complete the last value, brackets and before them the
    quotation mark of a string. What breaks off could be read up to `reached`, if only as text.
    """

    text: str
    values: list[Value]
    spans: list[tuple[int, int]]
    reached: int
    closers: str = ""

    @property
    def before(self) -> str:
        """The text before the JSON."""
        return self.text[: self.spans[0][0]]

    @property
    def after(self) -> str:
        """The text after the JSON."""
        return self.text[self.spans[-1][1] :]

    @property
    def root(self) -> Value:
        """The one value, or the array of the values."""
        return self.values if len(self.values) > 1 else self.values[0]

    @cached_property
    def canonical(self) -> str:
        """The text with its JSON in canonical spelling, one value a line."""
        body = canonical([self.text[start:end] for start, end in self.spans])
        return self.before + body + self.after  # nothing is copied where nothing stands around it

    @cached_property
    def layout(self) -> Layout | None:
        """How JSON that breaks off was laid out, if writers lay it out so; only such JSON has a layout."""
        if not self.closers:
            return None
        start, end = self.spans[0][0], self.spans[-1][1]
        return layout_of(self.text[start:end], self.canonical[start : len(self.canonical) - len(self.after)])


def find_json(text: str) -> JsonText | None:
    """Find the JSON of a text: a value that starts a line or stands behind a label, and those that follow it directly.

    Returns None if there is none, or if it nests more deeply than `MAX_DEPTH`.
    """
    found = _find(text)
    if found is None or depth(found.values) > MAX_DEPTH + 1:
        return None
    if len(text) > _LARGE:
        _share_strings(found.values)
    return found


def _find(text: str) -> JsonText | None:
    """Return the JSON that starts a line, or what stands behind a label if that is more."""
    may_be_labelled = not _FRONT.match(text) and any(sign in text for sign in _SIGNS_OF_LABELS)
    labelled = max(_tries(text, _next_labelled), key=_extent, default=None) if may_be_labelled else None
    if labelled is not None and 2 * _extent(labelled) >= len(text):
        return labelled
    first = next(_tries(text, _next_start), None)
    return max(filter(None, (first, labelled)), key=_extent, default=None)


def _extent(found: JsonText) -> int:
    return found.reached - found.spans[0][0]


def _tries(text: str, find: Callable[[str, int], tuple[int, int]]) -> Iterator[JsonText]:
    """Yield what stands in a few places; each is looked for behind where the last one ended, so reading is linear."""
    position = 0
    for _ in range(_STARTS_TRIED):
        line, start = find(text, position)
        if start < 0:
            return
        try:
            found: JsonText | None = _whole(text, line, start)
        except json.JSONDecodeError as error:
            if not _is_enough(_reached(text, error) - start, len(text)):
                position = max(error.pos, start + 1)
                continue
            found = _cut_off(text, line, start, error)
        except ValueError:
            return
        if found is None:
            return
        yield found
        position = found.reached


def _next_labelled(text: str, position: int) -> tuple[int, int]:
    """Return where the next JSON behind a label starts, twice; -1 if there is none."""
    first = _LABELLED.match(text) if position <= 1 else None
    found = first or _LABELLED_LINE.search(text, max(0, position - 1))
    return (found.end(), found.end()) if found else (-1, -1)


def _next_start(text: str, position: int) -> tuple[int, int]:
    """Return where the next line with JSON starts, and the JSON on it; -1 if there is none."""
    if position == 0 and (first := _FRONT.match(text)):
        return 0, first.end()
    found = _FRONT_OF_LINE.search(text, max(0, position - 1))
    return (found.start() + 1, found.end()) if found else (-1, -1)


def is_found(complete: int, read: int, whole: int) -> bool:
    """Say whether JSON that breaks off is the content of a text of `whole` characters.

    `complete` are its characters up to the last complete member, `read` those that could be read.
    """
    return complete >= _LEAST_CUT_OFF and _is_enough(read, whole)


def _is_enough(read: int, whole: int) -> bool:
    return read >= _LEAST_SHARE * whole


def _whole(text: str, line: int, start: int) -> JsonText:
    """Read a value and those that follow on lines of their own, of which the last may break off."""
    value, end = read_value(text, start)
    values, spans = [value], [(line, end)]
    while (gap := _NEXT.match(text, end)) and "\n" in gap[0]:
        try:
            value, end = read_value(text, gap.end())
        except json.JSONDecodeError as error:
            last = _cut_off(text, gap.end(), gap.end(), error)
            if last is None or 2 * last.reached < gap.end() + len(text):
                break
            return JsonText(text, values + last.values, spans + last.spans, last.reached, last.closers)
        values.append(value)
        spans.append((gap.end(), end))
    return JsonText(text, values, spans, end)


def _reached(text: str, error: json.JSONDecodeError) -> int:
    """Return up to where the parser could read; a string that does not end goes on to the end of the text."""
    return len(text) if error.msg.startswith(_WITHIN_STRING) else error.pos


def _cut_off(text: str, line: int, start: int, error: json.JSONDecodeError) -> JsonText | None:
    """Read JSON that breaks off where the parser gave up: all that is complete of it."""
    limit = error.pos + error.msg.startswith(_WITHIN_STRING)
    end, closers = closed(text, start, limit, behind_member=error.msg.startswith(_BEHIND_MEMBER))
    if end - start < _LEAST_CUT_OFF or not closers:
        return None
    try:
        value = read_all(text[start:end] + closers)
    except ValueError:
        return None
    return JsonText(text, [value], [(line, end)], max(end, _reached(text, error)), closers)


def depth(value: Value) -> int:
    """Return how deep brackets nest in a value, without recursion."""
    level, layer = 0, [value] if type(value) in CONTAINERS else []
    while layer:
        level += 1
        layer = [inner for node in layer for inner in children(node) if type(inner) in CONTAINERS]
    return level


def _share_strings(values: list[Value]) -> None:
    """Let equal short strings be one object, in values that nobody else has seen yet."""
    known: dict[str, str] = {}
    layer: list[Value] = [values]
    while layer:
        for node in layer:
            if len(known) > _STRINGS_SHARED:
                known.clear()
            members = node.items() if type(node) is dict else enumerate(node) if type(node) is list else ()
            for place, value in members:
                if type(value) is str and len(value) <= _SHORT_STRING:
                    node[place] = known.setdefault(value, value)
        layer = [inner for node in layer for inner in children(node) if type(inner) in CONTAINERS]


def children(value: Value) -> Collection[Value]:
    """Return the members of an object or array; nothing else has any."""
    if type(value) is dict:
        return value.values()
    if type(value) is Pairs:
        return [item for _, item in value]
    return value if type(value) is list else ()
