"""Arrays and maps as rows to choose from: the values within each member by their paths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from headroom.transforms.coding.json_text import CONTAINERS, Value, scalar
from headroom.transforms.coding.row_selection import Rows

KEY = "key"
_MAX_COLUMNS = 64
"""Paths beyond these are not looked at: rows without two fields in common have nothing to compare."""
_MAX_DEPTH = 6
_MAX_ITEMS = 4


def rows_of(members: Sequence[Value], keys: Sequence[str] = ()) -> Rows:
    """Return the members of an array, or of a map with these keys, as rows."""
    columns: dict[str, list[str]] = {KEY: list(keys)} if keys else {}
    sizes = []
    for at, member in enumerate(members):
        size = 0
        for path, cell in _cells(member, "", 0):
            column = columns.get(path)
            if column is None:
                if len(columns) >= _MAX_COLUMNS:
                    continue
                column = columns[path] = [""] * len(members)
            column[at] = cell
            size += len(cell)
        sizes.append(size)
    return Rows(columns, [_shape(member) for member in members], sizes)


def _shape(member: Value) -> object:
    return tuple(member) if type(member) is dict else type(member)


def _cells(value: Value, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Yield what stands within a member: the path (`state.name`, `tags.0.key`) and the text of each plain value."""
    kind = type(value)
    if kind is str:
        yield path, value
    elif kind not in CONTAINERS:
        yield path, scalar(value)
    elif depth < _MAX_DEPTH:
        inner = value.items() if kind is dict else enumerate(islice(value, _MAX_ITEMS))
        for part, item in inner:
            yield from _cells(item, f"{path}.{part}" if path else str(part), depth + 1)
