"""How the columns of a table are written: those with cells on a line of names, the others in the note above it.

    [table 1: 2 rows; _2,state="open",owner{type="User",_,admin?=false}]
    id,name,owner.login:"team/*"

In the note `_` is the place of a column that has cells, `_2` of two; paths that begin alike share braces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

from headroom.transforms.coding.columns import PATH, Path, read_path, spell_path
from headroom.transforms.coding.json_spelling import quote
from headroom.transforms.coding.json_text import read_value, write

_PLACE = re.compile(r"_([0-9]*)(?=[,}]|\Z)")
_MAX_BRACES = 8


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a header.

    `positional`: every row has a cell. Otherwise `default` (JSON text, empty for absent) holds for every row,
    but, if `seldom`, for those that say otherwise. `pattern` is (prefix, suffix) of a column of strings, `keys`
    those of the objects in a column of arrays.
    """

    path: Path
    positional: bool = True
    seldom: bool = False
    default: str = ""
    pattern: tuple[str, str] | None = None
    keys: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The path as the header spells it."""
        return spell_path(self.path) if self.path else "value"

    @property
    def spec(self) -> str:
        """The column as it stands on the line of names."""
        return self.spec_below(0)

    def spec_below(self, depth: int) -> str:
        """Return the column as it stands within braces that give the first `depth` parts of its path."""
        name = spell_path(self.path[depth:]) if self.path else self.name
        if self.pattern is not None:
            return f"{name}:{quote('*'.join(self.pattern))}"
        if self.keys:
            return f"{name}:{write(list(self.keys))}"
        return f"{name}{'?' * self.seldom}{'=' * bool(self.default)}{self.default}"


KEY = Column(("key",))


def note_specs(columns: Sequence[Column]) -> str:
    """Return the second part of a note: what has no cell, and the places of what has one; empty if all have."""
    return "" if all(column.positional for column in columns) else ",".join(_grouped(columns, 0))


def _grouped(columns: Sequence[Column], depth: int) -> Iterator[str]:
    """Yield the specs of columns whose paths are alike in their first `depth` parts."""
    index = 0
    while index < len(columns):
        places = sum(1 for _ in takewhile(lambda column: column.positional, islice(columns, index, None)))
        if places:
            yield f"_{places}" if places > 1 else "_"
            index += places
        elif group := _group(columns, index, depth):
            inner = _common_depth(group)
            yield f"{spell_path(group[0].path[depth:inner])}{{{','.join(_grouped(group, inner))}}}"
            index += len(group)
        else:
            yield columns[index].spec_below(depth)
            index += 1


def _group(columns: Sequence[Column], start: int, depth: int) -> list[Column]:
    """Return the columns from `start`, which has no cells, on that share the next part of their paths, if any do."""
    first = columns[start].path
    if len(first) <= depth + 1:
        return []
    part = first[depth]
    group = list(takewhile(lambda c: len(c.path) > depth + 1 and c.path[depth] == part, islice(columns, start, None)))
    while group[-1].positional:
        group.pop()
    return group if sum(not column.positional for column in group) > 1 else []


def _common_depth(group: Sequence[Column]) -> int:
    """Return how many parts all paths share, at least one less than any path has."""
    paths = [column.path for column in group]
    limit = min(map(len, paths)) - 1
    return next((i for i in range(limit) if len({path[i] for path in paths}) > 1), limit)


def read_columns(note: str | None, line: str) -> list[Column]:
    """Return the columns that a note and the line below it describe. Raises ValueError if they do not fit."""
    cells = [spec for spec in _read_specs(line) if isinstance(spec, Column)]
    if not note:
        return cells
    specs = list(_read_specs(note))
    if sum(spec for spec in specs if isinstance(spec, int)) != len(cells):
        raise ValueError("columns without a place")
    remaining = iter(cells)
    columns: list[Column] = []
    for spec in specs:
        columns += [spec] if isinstance(spec, Column) else islice(remaining, spec)
    return columns


def _read_specs(text: str) -> Iterator[Column | int]:
    """Yield columns, and for places among them how many there are."""
    above: list[Path] = [()]
    position = 0
    while position < len(text):
        if place := _PLACE.match(text, position):
            yield int(place[1] or 1)
            position = place.end()
        elif path := PATH.match(text, position):
            whole = above[-1] + read_path(path[0])
            if text[path.end() : path.end() + 1] == "{" and len(above) <= _MAX_BRACES:
                above.append(whole)
                position = path.end() + 1
                continue
            column, position = _read_spec(text, whole, path.end())
            yield column
        else:
            raise ValueError("no column name")
        while text[position : position + 1] == "}" and len(above) > 1:
            above.pop()
            position += 1
        if text[position : position + 1] not in ("", ","):
            raise ValueError("no comma between columns")
        position += 1


def _read_spec(text: str, path: Path, position: int) -> tuple[Column, int]:
    seldom = text[position : position + 1] == "?"
    position += seldom
    sign = text[position : position + 1]
    if sign == ":":
        value, end = read_value(text, position + 1)
        if type(value) is list and all(type(key) is str for key in value):
            return Column(path, keys=tuple(value)), end
        prefix, star, suffix = value.partition("*") if type(value) is str else ("", "", "")
        if not star:
            raise ValueError("no pattern")
        return Column(path, pattern=(prefix, suffix)), end
    if sign == "=":
        end = read_value(text, position + 1)[1]
        return Column(path, positional=False, seldom=seldom, default=text[position + 1 : end]), end
    return Column(path, positional=not seldom, seldom=seldom), position
