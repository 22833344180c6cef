"""Which arrays and maps of a JSON value are long enough to lose rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from headroom.transforms.coding.json_text import CONTAINERS, Value, children, write
from headroom.transforms.coding.row_selection import MIN_ROWS

LEAST_CHARACTERS = 5_000
"""A table of fewer characters costs little as a table; to ask for its rows would cost more."""
_SAMPLED = 8
_MIN_MAP = 40
_DEPENDENCIES = re.compile(r"(?:dev|peer|optional|build|bundled)?[_-]?dependencies|packages|requires", re.IGNORECASE)
"""Maps that are asked for their keys: they stay whole."""

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """An array or map that may lose rows: where it stands, and about how many characters it has."""

    path: Path
    value: Value
    size: int


def places(value: Value, path: Path = ()) -> Iterator[Place]:
    """Yield the outermost arrays and maps that may lose rows."""
    if _is_table(value, path):
        size = about(value)
        if size >= LEAST_CHARACTERS:
            yield Place(path, value, size)
            return
    named = value.items() if type(value) is dict else ((str(at), inner) for at, inner in enumerate(children(value)))
    for key, inner in named:
        if type(inner) in CONTAINERS:
            yield from places(inner, (*path, key))


def about(value: Value) -> int:
    """Return about how many characters a container's members have, by a few of them."""
    members = list(children(value))
    sample = members[:: max(1, len(members) // _SAMPLED)]
    return sum(len(write(member)) for member in sample) * len(members) // max(1, len(sample))


def _is_table(value: Value, path: Path) -> bool:
    """Say whether a value is an array of objects or arrays, or a map: an object whose members are all of one kind."""
    if type(value) is list:
        return len(value) >= MIN_ROWS and sum(type(item) in CONTAINERS for item in value) * 2 > len(value)
    if type(value) is not dict or len(value) < _MIN_MAP or (path and _DEPENDENCIES.fullmatch(path[-1])):
        return False
    kinds = set(map(type, value.values()))
    return len(kinds) == 1 and (kinds != {dict} or _are_alike(value))


def _are_alike(value: dict[str, dict[str, Value]]) -> bool:
    """Say whether most objects of a map have a key in common."""
    members = list(value.values())
    first = set(members[0]).union(members[-1])
    return any(2 * sum(key in member for member in members) > len(members) for key in sorted(first))
