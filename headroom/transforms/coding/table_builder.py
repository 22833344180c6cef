"""From values to tables: which arrays and objects are tables, and how their lines are written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from headroom.transforms.coding.cells import spell_column
from headroom.transforms.coding.column_drafts import Draft, decide
from headroom.transforms.coding.column_specs import KEY, Column, note_specs
from headroom.transforms.coding.columns import Cells, Path, columns_of, key_order
from headroom.transforms.coding.json_text import Number, Value, write
from headroom.transforms.coding.tables import Shape

MIN_ROWS = 3
MAX_POSITIONAL = 32
_LEAST_GAIN = 60
_STRUCTURED = 0.15
_ODD_SHARE = 5
_SHAPES_TRIED = 32
_WIDE = 40
_FEW_ROWS = 8


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
    def pays(self) -> bool:
        """Whether the table is clearly shorter than the JSON, and no wider than one can follow."""
        size = sum(len(column.spec) + 1 for column in self.columns) + sum(map(len, self.lines)) + len(self.lines)
        positional = sum(column.positional for column in self.columns)
        return positional <= MAX_POSITIONAL and size + _LEAST_GAIN + _STRUCTURED * self.structured < self.replaces


def table_of(value: Value) -> Table | None:
    """Return a table for an array or object whose members are alike, or None if there is none that pays."""
    if len(value) < MIN_ROWS:
        return None
    if type(value) is list:
        table = _arrays(value) if type(value[0]) is list else _build(Shape.ROWS, value, None)
    else:
        members = list(value.values())
        keys = list(value)
        if all(type(member) is dict for member in members):
            table = _build(Shape.ENTRIES, members, keys)
        else:
            table = _pairs(keys, members)
    return table if table is not None and table.pays else None


def _pairs(keys: list[str], members: list[Value]) -> Table | None:
    """Return a table of an object of plain values of one type, if it is long enough to be data rather than a record."""
    kinds = {type(member) for member in members}
    if len(members) < 2 * MIN_ROWS or len(kinds) != 1 or not kinds <= {str, Number}:
        return None
    return _write(Shape.PAIRS, [((), members)], keys, {})


def _arrays(rows: list[Value]) -> Table | None:
    """Return a table of arrays of one length."""
    width = len(rows[0])
    if not 2 <= width <= MAX_POSITIONAL or not all(type(row) is list and len(row) == width for row in rows):
        return None
    return _write(Shape.ARRAYS, [((index,), [row[index] for row in rows]) for index in range(width)], None, {})


def _build(shape: Shape, rows: list[Value], keys: list[str] | None) -> Table | None:
    """Return a table of objects; those whose keys stand in another order than most stand as JSON."""
    if not all(type(row) is dict and row for row in rows):
        return None
    odd = _odd_rows(rows)
    if _ODD_SHARE * len(odd) > len(rows):
        return None
    whole = {index: write({keys[index]: rows[index]} if keys else rows[index]) for index in odd}
    if odd:
        keys = keys and [key for index, key in enumerate(keys) if index not in whole]
        rows = [row for index, row in enumerate(rows) if index not in whole]
    columns = columns_of(rows)
    if not columns or (len(columns) > _WIDE and len(rows) < _FEW_ROWS):
        return None
    return _write(shape, columns, keys, whole)


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


def _write(shape: Shape, columns: list[tuple[Path, Cells]], keys: list[str] | None, odd: dict[int, str]) -> Table:
    drafts = [Draft(Column(path), values, spell_column(values)) for path, values in columns]
    replaces = sum(map(_json_size, drafts)) + sum(map(len, odd.values()))
    if keys is not None:
        drafts.insert(0, Draft(KEY, list(keys), spell_column(keys)))
        replaces += drafts[0].size + 4 * len(keys)
    drafts = decide(drafts, keyed=keys is not None)
    lines = _lines(drafts)
    for index, line in sorted(odd.items()):
        lines.insert(index, line)
    structured = sum([len(cell) for draft in drafts for cell in draft.cells if cell.startswith(("[", "{"))])
    return Table(shape, [draft.column for draft in drafts], lines, replaces, structured)


def _json_size(draft: Draft) -> int:
    """Return about how many characters a column takes in JSON: its values, their quotes and their keys."""
    last = draft.column.path[-1] if draft.column.path else 0
    key = len(last) + 4 if isinstance(last, str) else 1
    present = len(draft.cells) - draft.cells.count("")
    return draft.size + present * key + 2 * sum([type(value) is str for value in draft.values])


def _lines(drafts: list[Draft]) -> list[str]:
    """Write the rows: the cells of positional columns, then remarks.

    A row that begins with an object is indented, so that it does not look like a row that stands as JSON.
    """
    lines = [""] * len(drafts[0].cells)
    positional = [draft.cells for draft in drafts if draft.column.positional]
    if positional:
        lines = list(map(",".join, zip(*positional, strict=True)))
    for draft in drafts:
        if draft.column.seldom:
            for index, remark in enumerate(draft.cells):
                if remark:
                    lines[index] += f",{remark}" if positional or lines[index] else remark
    return [f" {line}" if line.startswith("{") else line for line in lines]
