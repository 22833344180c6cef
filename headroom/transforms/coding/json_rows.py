"""Arrays and maps as rows to choose from: the values within each member by their paths."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from headroom.transforms.coding.json_text import CONTAINERS, Value, children, scalar
from headroom.transforms.coding.row_selection import Rows

KEY = "key"
_MAX_COLUMNS = 64
"""Paths beyond these are not looked at: rows without two fields in common have nothing to compare."""
_MAX_DEPTH = 6
_MAX_ITEMS = 4
_MAX_PATH = 200


def rows_of(members: Sequence[Value], keys: Sequence[str] = ()) -> Rows:
    """Return the members of an array, or of a map with these keys, as rows."""
    columns: dict[str, list[str]] = {KEY: list(keys)} if keys else {}
    sizes = []
    for at, member in enumerate(members):
        cells: dict[str, str] = {}
        _read(member, "", 0, cells)
        for path, cell in cells.items():
            column = columns.get(path)
            if column is None:
                if len(columns) >= _MAX_COLUMNS:
                    continue
                column = columns[path] = [""] * len(members)
            column[at] = cell
        sizes.append(sum(map(len, cells.values())))
    return Rows(columns, [_shape(member) for member in members], sizes)


def _shape(member: Value) -> object:
    return tuple(member) if type(member) is dict else type(member)


def _read(value: Value, path: str, depth: int, cells: dict[str, str]) -> None:
    """Note the text of each plain value within a member by its path (`state.name`, `tags.0.key`)."""
    kind = type(value)
    if kind is str:
        cells[path] = value
    elif kind not in CONTAINERS:
        cells[path] = scalar(value)
    elif depth < _MAX_DEPTH:
        stem = f"{path}." if path else ""
        for part, inner in value.items() if kind is dict else enumerate(islice(children(value), _MAX_ITEMS)):
            _read(inner, f"{stem}{part}"[:_MAX_PATH], depth + 1, cells)
