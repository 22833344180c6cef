"""From values to tables: which arrays and objects are tables, and how their lines are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from operator import attrgetter

from headroom.transforms.coding.cells import spell_column
from headroom.transforms.coding.column_drafts import Draft, decide, hoisted_constants
from headroom.transforms.coding.column_specs import KEY, Column, note_specs
from headroom.transforms.coding.columns import Cells, Path, columns_of, key_order
from headroom.transforms.coding.json_text import CONTAINERS, Number, Value, write
from headroom.transforms.coding.tables import Shape

MIN_ROWS = 3
MAX_POSITIONAL = 32
_LEAST_GAIN = 60
_STRUCTURED = 0.15
_ODD_SHARE = 5
_SHAPES_TRIED = 32
_WIDE = 40
_FEW_ROWS = 8
_PLAIN_FILL = 0.5
_AT_ONCE = 1024
"""Rows whose cells are held beside their lines."""

TakeApart = Callable[[list[Value]], list[tuple[Path, Cells]] | None]
"""From objects to columns; None if their keys stand in different orders."""

_AT_SIGHT: tuple[TakeApart, ...] = tuple(
    partial(columns_of, nesting=nesting, least_fill=_PLAIN_FILL) for nesting in (6, 2, 1)
)
"""Objects within objects have columns of their own in plain tables, too, as long as there are not too many."""


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and lines of a table.

    `replaces` is the estimated size of the JSON that it stands for, in characters, `structured` what of that is
    arrays and objects within its cells: they could be tables of their own.
    """

    shape: Shape
    columns: list[Column]
    lines: list[str]
    replaces: int
    structured: int

    def text(self, mark: str, number: int) -> str:
        """Return the table under a header `[mark number: ...]`."""
        note = f"{mark} {number}: {len(self.lines)} {self.shape}"
        specs = note_specs(self.columns)
        names = ",".join(column.spec for column in self.columns if column.positional)
        return "\n".join([f"[{note}; {specs}]" if specs else f"[{note}]", names, *self.lines])

    @property
    def size(self) -> int:
        """The estimated size of the table, in characters."""
        return sum(len(column.spec) + 1 for column in self.columns) + sum(map(len, self.lines)) + len(self.lines)

    @property
    def pays(self) -> bool:
        """Whether the table is clearly shorter than the JSON, and no wider than one can follow."""
        positional = sum(column.positional for column in self.columns)
        return positional <= MAX_POSITIONAL and self.size + _LEAST_GAIN + _STRUCTURED * self.structured < self.replaces


def table_of(value: Value, *, plain: bool = False) -> Table | None:
    """Return a table for an array or object whose members are alike, or None if there is none that pays.

    In a plain table every row has every cell that is not the same in all rows, as it stands in the JSON.
    """
    if len(value) < MIN_ROWS:
        return None
    ways = _AT_SIGHT if plain else (columns_of,)
    found = (rows for way in ways if (rows := _rows_of(value, way)) is not None)
    tables = (_written(rows, plain=plain) for rows in found)
    return min((table for table in tables if table.pays), key=attrgetter("size"), default=None)


@dataclass(frozen=True, slots=True)
class _Rows:
    """What a table is to hold: columns, keys of the entries if it has any, and rows that stand as JSON by index."""

    shape: Shape
    columns: list[tuple[Path, Cells]]
    keys: list[str] | None = None
    odd: dict[int, str] = field(default_factory=dict)


def _rows_of(value: Value, take_apart: TakeApart) -> _Rows | None:
    """Return an array or object by rows and columns, or None if its members are not alike."""
    if type(value) is list:
        return _arrays(value) if type(value[0]) is list else _objects(Shape.ROWS, value, None, take_apart)
    keys, members = list(value), list(value.values())
    if _are_all(dict, members):
        return _objects(Shape.ENTRIES, members, keys, take_apart)
    return _pairs(keys, members)


def _are_all(kind: type, values: list[Value]) -> bool:
    """Say whether all values are of a kind; most often the first one tells that they are not."""
    return type(values[0]) is kind and set(map(type, values)) == {kind}


def _pairs(keys: list[str], members: list[Value]) -> _Rows | None:
    """Return an object of plain values of one type, if it is long enough to be data rather than a record."""
    kind = type(members[0])
    if len(members) < 2 * MIN_ROWS or kind not in (str, Number) or len(set(map(type, members))) > 1:
        return None
    return _Rows(Shape.PAIRS, [((), members)], keys)


def _arrays(rows: list[Value]) -> _Rows | None:
    """Return arrays of one length."""
    width = len(rows[0])
    if not (2 <= width <= MAX_POSITIONAL and _are_all(list, rows) and set(map(len, rows)) == {width}):
        return None
    return _Rows(Shape.ARRAYS, [((index,), [row[index] for row in rows]) for index in range(width)])


def _objects(shape: Shape, rows: list[Value], keys: list[str] | None, take_apart: TakeApart) -> _Rows | None:
    """Return objects by columns; those whose keys stand in another order than most stand as JSON."""
    if not _are_all(dict, rows) or not all(rows):
        return None
    columns, whole = take_apart(rows), dict[int, str]()
    if columns is None:
        odd = _odd_rows(rows)
        if not odd or _ODD_SHARE * len(odd) > len(rows):
            return None
        whole = {index: write({keys[index]: rows[index]} if keys else rows[index]) for index in odd}
        keys = keys and [key for index, key in enumerate(keys) if index not in whole]
        columns = take_apart([row for index, row in enumerate(rows) if index not in whole])
    if not columns or (len(columns) > _WIDE and len(rows) < _FEW_ROWS):
        return None
    return _Rows(shape, columns, keys, whole)


def _odd_rows(rows: list[Value]) -> list[int]:
    """Return the indices of rows whose key order contradicts the more frequent ones."""
    shapes = Counter(map(tuple, rows))
    if not 1 < len(shapes) <= len(rows) // 2 or key_order(list(shapes)) is not None:
        return []
    order: list[str] = []
    for shape, _ in shapes.most_common(_SHAPES_TRIED):
        order = key_order([tuple(order), shape]) or order
    place = {key: index for index, key in enumerate(order)}
    return [index for index, row in enumerate(rows) if not _follows(row, place)]


def _follows(row: dict[str, Value], place: dict[str, int]) -> bool:
    places = [place.get(key, -1) for key in row]
    return min(places) >= 0 and all(a < b for a, b in pairwise(places))


def _written(rows: _Rows, *, plain: bool) -> Table:
    """Write all rows; unless they are to be plain, each column in the way that tells it most shortly."""
    keys = rows.keys
    drafts = [Draft(Column(path), values, spell_column(values)) for path, values in rows.columns]
    replaces = sum(map(_json_size, drafts)) + sum(map(len, rows.odd.values()))
    if keys is not None:
        drafts.insert(0, Draft(KEY, list(keys), spell_column(keys)))
        replaces += drafts[0].size + 4 * len(keys)
    drafts = hoisted_constants(drafts) if plain else decide(drafts, keyed=keys is not None)
    structured = sum(map(_structured, drafts))
    lines = _lines(drafts)
    for index, line in sorted(rows.odd.items()):
        lines.insert(index, line)
    return Table(rows.shape, [draft.column for draft in drafts], lines, replaces, structured)


def _structured(draft: Draft) -> int:
    """Return how many characters of the cells are arrays and objects."""
    if draft.kinds.isdisjoint(CONTAINERS):
        return 0
    return sum([len(cell) for cell in draft.cells if cell.startswith(("[", "{"))])


def _json_size(draft: Draft) -> int:
    """Return about how many characters a column takes in JSON: its values, their quotes and their keys."""
    last = draft.column.path[-1] if draft.column.path else 0
    key = len(last) + 4 if isinstance(last, str) else 1
    present = len(draft.cells) - draft.cells.count("")
    if len(draft.kinds) == 1:
        strings = len(draft.cells) if str in draft.kinds else 0
    else:
        strings = sum([type(value) is str for value in draft.values])
    return draft.size + present * key + 2 * strings


def _lines(drafts: list[Draft]) -> list[str]:
    """Write the rows: the cells of positional columns, which the drafts lose, then remarks.

    A row that begins with an object is indented, so that it does not look like a row that stands as JSON.
    """
    lines = [""] * len(drafts[0].cells)
    positional = [draft.cells for draft in drafts if draft.column.positional]
    for start in range(0, len(lines) if positional else 0, _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        lines[some] = map(",".join, zip(*[cells[some] for cells in positional], strict=True))
        for cells in positional:
            cells[some] = lines[some]  # nothing of their own is left to be held
    for draft in drafts:
        if draft.column.seldom:
            for index, remark in enumerate(draft.cells):
                if remark:
                    lines[index] += f",{remark}" if positional or lines[index] else remark
    return [f" {line}" if line.startswith("{") else line for line in lines]
