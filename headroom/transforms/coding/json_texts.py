"""Texts within JSON (what a command printed, a page, a file) taken out of it, so that they stand below it line by line.

    {"stdout":"[text 1]","exitCode":0}
    [text 1: 120 lines]
    ...

A few long strings of several lines are such texts, and those that begin as JSON does. They stand letter by letter as
they are, so none holds characters that only an escape can show.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from headroom.transforms.coding.json_text import CONTAINERS, Pairs, Value, children

_LEAST_LINES = 3
_LEAST_CHARACTERS = 200
_BEGINNINGS = ('{"', '[{"', '["')
"""How JSON of one line begins. Where strings of JSON are unfolded, those left break off or are spelled otherwise."""
_MOST = 16
"""A value with more texts than this is an array of records: their texts stay with the records."""
_UNSHOWN = re.compile("[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f-\x9f\ud800-\udfff]")
"""Controls but those that terminals and editors know, and halves of surrogate pairs."""
_HEADER = re.compile(r"\[(text_*+) ([0-9]{1,3}): ([0-9]{1,9}) lines\]")


def texts_of(value: Value) -> list[str]:
    """Return the texts within a value in order; none if there are too many."""
    found = list(islice(_texts(value), _MOST + 1))
    return found if len(found) <= _MOST else []


def with_texts(value: Value, texts: Sequence[str]) -> Value:
    """Return the value with others in the places of its texts, in order."""
    others = iter(texts)
    return _changed(value, lambda text: next(others) if _is_text(text) else text)


def references(mark: str, texts: Sequence[str]) -> list[str]:
    """Return what stands in the places of texts."""
    return [f"[{mark} {number}]" for number in range(1, len(texts) + 1)]


def below(mark: str, texts: Sequence[str]) -> list[str]:
    """Return what stands below the JSON, one part a text."""
    lines = [text.count("\n") + 1 for text in texts]
    return [f"[{mark} {at + 1}: {lines[at]} lines]\n{text}" for at, text in enumerate(texts)]


def read_texts(lines: list[str], start: int, mark: str) -> tuple[list[str], int]:
    """Read the texts from line `start` on; return them and the first line after them."""
    texts: list[str] = []
    while start < len(lines):
        header = _HEADER.fullmatch(lines[start])
        if header is None or header[1] != mark or int(header[2]) != len(texts) + 1:
            break
        end = start + 1 + int(header[3])
        texts.append("\n".join(lines[start + 1 : end]))
        start = end
    return texts, start


def inlined_texts(value: Value, mark: str, texts: list[str]) -> Value:
    """Put the texts back where they are referred to. Raises ValueError unless each is, once and in order."""
    awaited = dict(zip(references(mark, texts), texts, strict=True))
    seen: list[str] = []

    def text_for(string: str) -> str:
        if string not in awaited:
            return string
        seen.append(string)
        return awaited[string]

    whole = _changed(value, text_for)
    if seen != list(awaited):
        raise ValueError("texts and their places differ")
    return whole


def _is_text(string: str) -> bool:
    has_form = string.count("\n") >= _LEAST_LINES - 1 or string.startswith(_BEGINNINGS)
    return len(string) >= _LEAST_CHARACTERS and has_form and not _UNSHOWN.search(string)


def _texts(value: Value) -> Iterator[str]:
    for item in children(value):
        if type(item) is str:
            if _is_text(item):
                yield item
        elif type(item) in CONTAINERS:
            yield from _texts(item)


def _changed(value: Value, change: Callable[[str], str]) -> Value:
    """Return the value with its strings, but not its keys, changed in order."""
    kind = type(value)
    if kind is str:
        return change(value)
    if kind is dict:
        return {key: _changed(item, change) for key, item in value.items()}
    if kind is Pairs:
        return Pairs((key, _changed(item, change)) for key, item in value)
    return [_changed(item, change) for item in value] if kind is list else value
