"""Objects as columns: every path of nested objects becomes one column over all rows, in key order.

A path is a tuple of keys; an index stands for a place in an array that has the same length in every row.
`assemble` puts the values of one row back at their paths.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from headroom.transforms.coding.cells import ABSENT, Absent
from headroom.transforms.coding.json_spelling import quote
from headroom.transforms.coding.json_text import Value, read_value

Path = tuple[str | int, ...]
Cells = list[Value | Absent]

_MAX_NESTING = 6
_MAX_PARTS = 16
_MAX_SHAPES = 64
_MAX_FIXED = 4
_LEAST_FILL = 0.2
_PART = r'(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"|[^\s".,:=*?<>\[\]{}]++)'
PATH = re.compile(rf"(?:{_PART}|\[[0-9]++\])(?:\.{_PART}|\[[0-9]++\])*+")
_PATH_PARTS = re.compile(rf"{_PART}|\[[0-9]++\]")
_PLACE = re.compile("_[0-9]*")
_PLAIN_PART = re.compile(_PART)


def key_order(shapes: Sequence[tuple[str, ...]]) -> list[str] | None:
    """Return one order of all keys of which every shape is a part, or None if the shapes contradict each other."""
    order: list[str] = []
    for shape in shapes:
        place = {key: index for index, key in enumerate(order)}
        merged: list[str] = []
        taken = 0
        for key in shape:
            if key in place:
                if place[key] < taken:
                    return None
                merged += order[taken : place[key]]
                taken = place[key] + 1
            merged.append(key)
        order = merged + order[taken:]
    return order


def columns_of(
    rows: Sequence[dict[str, Value]], nesting: int = _MAX_NESTING, least_fill: float = _LEAST_FILL
) -> list[tuple[Path, Cells]] | None:
    """Return the columns of rows of objects, or None if the objects have too little in common.

    Paths have at most `nesting` parts; of the cells of like objects a share of `least_fill` must not be absent.
    """
    return _Spread(nesting, least_fill).columns(rows)


@dataclass(frozen=True, slots=True)
class _Spread:
    """How far objects are taken apart."""

    nesting: int
    least_fill: float

    def columns(self, rows: Sequence[dict[str, Value]]) -> list[tuple[Path, Cells]] | None:
        """Return the columns of rows of objects."""
        order = self._common_order(rows)
        if order is None:
            return None
        found: list[tuple[Path, Cells]] = []
        for key, cells in zip(order, _columns(order, rows), strict=True):
            found.extend(self._below((key,), cells))
        return found

    def _common_order(self, dicts: Sequence[dict[str, Value]]) -> list[str] | None:
        """Return the key order of objects that are alike: few shapes, most keys filled in most of them."""
        shapes = list(dict.fromkeys(map(tuple, dicts)))
        if len(shapes) > _MAX_SHAPES:
            return None
        order = key_order(shapes)
        if order is None or sum(map(len, dicts)) < self.least_fill * len(order) * len(dicts):
            return None
        return order

    def _below(self, path: Path, cells: Cells) -> Iterator[tuple[Path, Cells]]:
        """Yield the columns below `path`; cells that are not part of the common structure stay at `path` itself."""
        kind = type(next((cell for cell in cells if cell is not ABSENT and cell is not None), None))
        if kind is dict and len(path) < self.nesting:
            yield from self._objects(path, cells)
        elif kind is list and len(path) < self.nesting and (size := _fixed_size(cells)):
            for index in range(size):
                found = [cell[index] if type(cell) is list else ABSENT for cell in cells]
                yield from self._below((*path, index), found)
        else:
            yield path, cells

    def _objects(self, path: Path, cells: Cells) -> Iterator[tuple[Path, Cells]]:
        inner = [cell for cell in cells if type(cell) is dict and cell]
        order = self._common_order(inner) if 2 * len(inner) >= len(cells) else None
        if order is None:
            yield path, cells
            return
        rest = [ABSENT if type(cell) is dict and cell else cell for cell in cells]
        if any(cell is not ABSENT for cell in rest):
            yield path, rest
        for key in order:
            found = [cell.get(key, ABSENT) if type(cell) is dict else ABSENT for cell in cells]
            yield from self._below((*path, key), found)


def _columns(order: Sequence[str], rows: Sequence[dict[str, Value]]) -> Iterator[Cells]:
    """Yield the cells of each key."""
    if all(len(row) == len(order) for row in rows):
        return map(list, zip(*map(dict.values, rows), strict=True))
    return ([row.get(key, ABSENT) for row in rows] for key in order)


def _fixed_size(cells: Cells) -> int:
    """Return the length that all arrays of objects in a column share, or 0."""
    sizes = {len(cell) if type(cell) is list else 0 for cell in cells if cell is not ABSENT}
    size = sizes.pop() if len(sizes) == 1 else 0
    if size > _MAX_FIXED or 2 * sum(type(cell) is list for cell in cells) < len(cells):
        return 0
    return size if all(type(item) is dict and item for cell in cells if type(cell) is list for item in cell) else 0


@lru_cache(maxsize=4096)
def spell_path(path: Path) -> str:
    """Return a path as people write it: `owner.login`, `items[0].id`; unusual keys as JSON strings.

    A key like `_2` is quoted too, so that no path looks like the place of a column in a note.
    """
    spelled = ""
    for part in path:
        if isinstance(part, int):
            spelled += f"[{part}]"
        else:
            plain = _PLAIN_PART.fullmatch(part) and part[0] != '"' and not _PLACE.fullmatch(part)
            spelled += ("." if spelled else "") + (part if plain else quote(part))
    return spelled


def read_path(text: str) -> Path:
    """Return the path that `spell_path` has written. Raises ValueError if no row could nest so deeply."""
    parts: list[str | int] = []
    for part in _PATH_PARTS.findall(text):
        if part[0] == "[":
            parts.append(int(part[1:-1]))
        else:
            parts.append(read_value(part)[0] if part[0] == '"' else part)
    if len(parts) > _MAX_PARTS:
        raise ValueError("a path that is too long")
    return tuple(parts)


def assemble(fields: Sequence[tuple[Path, str]]) -> str:
    """Return the JSON text of one row: the texts at their paths, in order. Raises ValueError if paths collide."""
    if len(fields) == 1 and not fields[0][0]:
        return fields[0][1]
    groups: dict[str | int, list[tuple[Path, str]]] = {}
    for path, text in fields:
        if not path:
            raise ValueError("a value and a path below it")
        groups.setdefault(path[0], []).append((path[1:], text))
    members = [(part, assemble(inner)) for part, inner in groups.items()]
    if members and isinstance(members[0][0], int):
        return "[" + ",".join([text for _, text in members]) + "]"
    return "{" + ",".join([f"{quote(str(part))}:{text}" for part, text in members]) + "}"
