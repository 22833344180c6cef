"""From values to tables: decides for every column how it is told most shortly, and writes the lines.

The decisions look at the values alone: a column that never changes goes into the header, one that follows from
others becomes a template there, one that seldom differs is told at the end of the rows concerned, and strings
with a common beginning or end are told without it. Strings are only cut where a word ends.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from headroom.transforms.coding.cells import ABSENT, spell_column, spell_string
from headroom.transforms.coding.columns import Cells, Path, columns_of, key_order
from headroom.transforms.coding.json_text import Number, Value, write
from headroom.transforms.coding.references import Template, reference, template_for
from headroom.transforms.coding.tables import KEY, Column, Shape, note_specs

MIN_ROWS = 3
MAX_POSITIONAL = 32
_MIN_AFFIX = 6
_MIN_AFFIX_OF_NAMES = 32
_MIN_TEMPLATE = 6
_ODD_SHARE = 5
_SHAPES_TRIED = 32
_WIDE = 40
_FEW_ROWS = 8
_BLANK_COST = 3
_BORDERS = frozenset(" /:-=@#?&|([{<>)]}\"'\t;!~^$%+")


@dataclass(slots=True)
class Draft:
    """A column on its way: its values, their cells, and what has been decided."""

    column: Column
    values: Cells
    cells: list[str]

    @property
    def size(self) -> int:
        """Characters of all cells."""
        return sum(map(len, self.cells))


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and lines of a table, and the characters of the JSON that it stands for (estimated)."""

    shape: Shape
    columns: list[Column]
    lines: list[str]
    replaces: int

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
        return positional <= MAX_POSITIONAL and size + 40 < 0.92 * self.replaces


def table_of(value: Value) -> Table | None:
    """Return a table for an array or object whose members are alike, or None if there is none that pays."""
    if len(value) < MIN_ROWS:
        return None
    if type(value) is list:
        table = _build(Shape.ROWS, value, None)
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
    drafts = _decide(drafts, keyed=keys is not None)
    lines = _lines(drafts)
    for index, line in sorted(odd.items()):
        lines.insert(index, line)
    return Table(shape, [draft.column for draft in drafts], lines, replaces)


def _json_size(draft: Draft) -> int:
    key = len(str(draft.column.path[-1])) + 4 if draft.column.path else 0
    present = len(draft.cells) - draft.cells.count("")
    return draft.size + present * (key + 2)


def _decide(drafts: list[Draft], *, keyed: bool) -> list[Draft]:
    """Decide column by column, short ones first, so that long ones can be told by the short ones."""
    names = reference(draft.column.name for draft in drafts)
    identity = next((i for i, draft in enumerate(drafts) if _identifies(draft)), -1)
    decided: dict[int, Draft] = {}
    sources: list[Draft] = []
    for index in sorted(range(len(drafts)), key=lambda i: (drafts[i].size, i)):
        draft = drafts[index]
        if index == identity or (keyed and index == 0):
            new = _string_column(draft, names=True) or draft
        else:
            new = _decided(draft, sources, names)
        decided[index] = new
        if new.column.positional and not (keyed and index and new.column.name == KEY.name):
            sources.append(draft)
    return [decided[index] for index in range(len(drafts))]


def _identifies(draft: Draft) -> bool:
    """Say whether a column names its rows; names stay whole, so that they can be found and quoted."""
    return len(set(draft.cells)) == len(draft.cells) and "" not in draft.cells


def _decided(draft: Draft, sources: list[Draft], names: re.Pattern[str]) -> Draft:
    cell, count = Counter(draft.cells).most_common(1)[0]
    rows = len(draft.cells)
    value = draft.values[draft.cells.index(cell)]
    frozen = not (type(value) is str and names.search(value))
    if count == rows and frozen:
        return _hoisted(draft, value, [])
    filled = _filled(draft, sources, names)
    best = filled or draft
    if frozen and filled is None:
        exceptions = [i for i, other in enumerate(draft.cells) if other != cell]
        best = _cheaper(_hoisted(draft, value, exceptions), draft)
    if best is draft:
        return _string_column(draft) or draft
    return best


def _hoisted(draft: Draft, value: Value, exceptions: list[int]) -> Draft:
    """Tell the value in the header, and after the rows that differ."""
    default = "" if value is ABSENT else write(value)
    column = Column(draft.column.path, positional=False, seldom=bool(exceptions), default=default)
    cells = [""] * len(draft.cells)
    for index in exceptions:
        cells[index] = f"{column.name}={draft.cells[index]}"
    return Draft(column, draft.values, cells)


def _cheaper(seldom: Draft, positional: Draft) -> Draft:
    """Choose between cells in every row and a remark after some; a blank cell is not free to count past."""
    blanks = positional.cells.count("")
    cost = positional.size + len(positional.cells) + blanks * (_BLANK_COST - 1)
    exceptions = sum(map(bool, seldom.cells))
    remarks = seldom.size + exceptions * 2 + len(seldom.column.default)
    return seldom if remarks < 0.8 * cost else positional


def _string_column(draft: Draft, *, names: bool = False) -> Draft | None:
    """Tell strings without their common beginning and end, or at least without quotes around numbers.

    Names of rows are cut only where the common part is long.
    """
    values = draft.values
    strings = [value for value in values if type(value) is str]
    if not strings or any(type(v) is not str and v is not None and v is not ABSENT for v in values):
        return None
    prefix, suffix = common_affixes(strings)
    if len(prefix) + len(suffix) < (_MIN_AFFIX_OF_NAMES if names else _MIN_AFFIX):
        prefix = suffix = ""
        if not any(cell.startswith('"') for cell in draft.cells):
            return None
    start, stop = len(prefix), -len(suffix) or None
    cells = [
        spell_string(value[start:stop]) if type(value) is str else cell
        for value, cell in zip(values, draft.cells, strict=True)
    ]
    new = Draft(Column(draft.column.path, pattern=(prefix, suffix)), values, cells)
    return new if new.size < draft.size - len(prefix) - len(suffix) - 4 else None


def common_affixes(strings: Sequence[str]) -> tuple[str, str]:
    """Return what all strings begin with and what the rest of all ends with, cut where words end."""
    low, high = min(strings), max(strings)
    size = _shared(low, high)
    while size and (low[size - 1] not in _BORDERS or low[size - 1] == "*"):
        size -= 1
    prefix = low[:size].partition("*")[0] if "*" in low[:size] else low[:size]
    backwards = [text[len(prefix) :][::-1] for text in strings]
    low, high = min(backwards), max(backwards)
    size = _shared(low, high)
    while size and low[size - 1] not in _BORDERS and low[size - 1] != ".":
        size -= 1
    suffix = low[:size][::-1]
    return prefix, suffix if "*" not in suffix else ""


def _shared(one: str, other: str) -> int:
    """Return the length of the common beginning of two strings."""
    if other.startswith(one):
        return len(one)
    return next(i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)


def _filled(draft: Draft, sources: list[Draft], names: re.Pattern[str]) -> Draft | None:
    """Tell strings that follow from other columns by a template in the header."""
    values = draft.values
    first, example = next(((i, value) for i, value in enumerate(values) if type(value) is str), (0, ""))
    if len(example) < _MIN_TEMPLATE:
        return None
    known = {draft.column.name: text for draft in reversed(sources) if (text := _text(draft.values[first]))}
    found = template_for(example, known)
    if found is None:
        return None
    template = Template(found, names)
    columns = {d.column.name: d.values for d in reversed(sources) if d.column.name in template.names}
    exceptions = [
        index
        for index, value in enumerate(values)
        if type(value) is not str
        or value != template.fill({name: _text(cells[index]) for name, cells in columns.items()})
    ]
    filled = _hoisted(draft, found, exceptions)
    return filled if not exceptions else (filled if _cheaper(filled, draft) is filled else None)


def _text(value: Value) -> str:
    """Return what a reference to a value stands for; empty if it cannot be referred to."""
    return str(value) if type(value) is str or type(value) is Number else ""


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
