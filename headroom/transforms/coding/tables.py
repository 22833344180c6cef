"""A table as text: a note that says what holds for every row, a line that names the columns, then the rows.

    [table 1: 2 rows; _2,state="open",label?="none",_,html_url="https://y.org/<name>"]
    id,name,url:"https://x.org/*"
    7,first,a.html
    8,second,b/c.html,label=urgent

`name` is a cell of every row, blank if the field is absent. `name:"a*b"` is one whose text stands for the `*`.
The note holds what has no cell: `name=JSON` holds for every row, `name?=JSON` for every row but those that end
in `name=cell`; `name?` is absent but there. `_` is the place of a column among the keys, `_2` of two. `<name>`
in a string of the note is the cell of that column. A row may also stand as a JSON object. `entries` are the
members of an object, their first column is the key; `pairs` are entries whose values are no objects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import groupby, islice

from headroom.transforms.coding.budget import Budget
from headroom.transforms.coding.cells import cell_end, read_cell, read_string_cell, split_cells
from headroom.transforms.coding.columns import PATH, Path, assemble, read_path, spell_path
from headroom.transforms.coding.json_text import quote, read_all, read_value, write
from headroom.transforms.coding.references import Template, reference

_NUMBER_STARTS = tuple("-0123456789NI")
HEADER = re.compile(r"\[(table_*) ([0-9]+): ([0-9]+) (rows|entries|pairs)(?:; (.*))?\]")
_PLACE = re.compile(r"_([0-9]*)(?=,|\Z)")


class Shape(StrEnum):
    """What a table stands for: an array of objects, an object of objects, or an object of other values."""

    ROWS = "rows"
    ENTRIES = "entries"
    PAIRS = "pairs"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a header.

    `positional`: every row has a cell. Otherwise `default` (JSON text, empty for absent) holds for every row,
    but, if `seldom`, for those that say otherwise. `pattern` is (prefix, suffix) of a column of strings.
    """

    path: Path
    positional: bool = True
    seldom: bool = False
    default: str = ""
    pattern: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        """The path as the header spells it."""
        return spell_path(self.path) if self.path else "value"

    @property
    def spec(self) -> str:
        """The column as it stands in the header."""
        if self.pattern is not None:
            return f"{self.name}:{quote('*'.join(self.pattern))}"
        return f"{self.name}{'?' * self.seldom}{'=' * bool(self.default)}{self.default}"


KEY = Column(("key",))


def note_specs(columns: Sequence[Column]) -> str:
    """Return the second part of a note: what has no cell, and the places of what has one; empty if all have."""
    specs: list[str] = []
    for positional, run in groupby(columns, key=lambda column: column.positional):
        members = list(run)
        if positional:
            specs.append(f"_{len(members)}" if len(members) > 1 else "_")
        else:
            specs += [column.spec for column in members]
    return ",".join(specs) if any(not column.positional for column in columns) else ""


def read_columns(note: str | None, line: str) -> list[Column]:
    """Return the columns that a note and the line below it describe. Raises ValueError if they do not fit."""
    cells = [spec for spec in _read_specs(line) if isinstance(spec, Column)]
    if not note:
        return cells
    remaining = iter(cells)
    columns: list[Column] = []
    for spec in _read_specs(note):
        columns += [spec] if isinstance(spec, Column) else islice(remaining, spec)
    if next(remaining, None) is not None or len(columns) < len(cells):
        raise ValueError("columns without a place")
    return columns


def _read_specs(text: str) -> Iterator[Column | int]:
    """Yield columns, and for places among them how many there are."""
    position = 0
    while position < len(text):
        place = _PLACE.match(text, position)
        if place is not None:
            position = place.end()
            yield int(place[1] or 1)
        else:
            path = PATH.match(text, position)
            if path is None:
                raise ValueError("no column name")
            column, position = _read_spec(text, read_path(path[0]), path.end())
            yield column
        if text[position : position + 1] not in ("", ","):
            raise ValueError("no comma between columns")
        position += 1


def _read_spec(text: str, path: Path, position: int) -> tuple[Column, int]:
    seldom = text[position : position + 1] == "?"
    position += seldom
    sign = text[position : position + 1]
    if sign == ":":
        value, end = read_value(text, position + 1)
        prefix, star, suffix = value.partition("*") if type(value) is str else ("", "", "")
        if not star or seldom:
            raise ValueError("no pattern")
        return Column(path, pattern=(prefix, suffix)), end
    if sign == "=":
        end = read_value(text, position + 1)[1]
        return Column(path, positional=False, seldom=seldom, default=text[position + 1 : end]), end
    return Column(path, positional=not seldom, seldom=seldom), position


@dataclass(slots=True)
class Reader:
    """Restores the JSON text of rows from their lines."""

    columns: Sequence[Column]
    keyed: bool
    _positional: list[int] = field(init=False)
    _extra: dict[str, int] = field(init=False)
    _names: re.Pattern[str] = field(init=False)
    _templates: dict[int, Template] = field(init=False)
    _frames: dict[tuple[bool, ...], str] = field(init=False)

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        cells = [name for name, column in zip(names, self.columns, strict=True) if column.positional]
        self._positional = [index for index, column in enumerate(self.columns) if column.positional]
        self._extra = {name: i for i, name in enumerate(names) if self.columns[i].seldom}
        self._names = reference(cells)
        self._frames = {}
        self._templates = {}
        for index, column in enumerate(self.columns):
            if column.default.startswith('"') and cells and self._names.search(text := read_text(column.default)):
                self._templates[index] = Template(text, self._names)

    def row(self, line: str) -> str:
        """Return the JSON text of one row, or `"key":value` of one entry. Raises ValueError."""
        if line.startswith("{"):
            whole = write(read_all(line))
            return whole[1:-1] if self.keyed else whole
        cells, extras = self._cells(line.removeprefix(" "))
        texts = [column.default for column in self.columns]
        for index, cell in zip(self._positional, cells, strict=True):
            pattern = self.columns[index].pattern
            texts[index] = read_string_cell(cell, *pattern) if pattern else read_cell(cell)
        if self._templates:
            known = {self.columns[i].name: read_text(texts[i]) for i in reversed(self._positional)}
            for index, template in self._templates.items():
                texts[index] = quote(template.fill(known))
        for index, cell in extras:
            texts[index] = read_cell(cell)
        return self._framed(texts)

    def _cells(self, line: str) -> tuple[list[str], list[tuple[int, str]]]:
        """Return the cells of the positional columns and the `name=cell` that follow them."""
        count = len(self._positional)
        if not self._extra:
            return split_cells(line) if count or line else [], []
        cells: list[str] = []
        start = 0
        while len(cells) < count:
            if start > len(line):
                raise ValueError("too few cells in a row")
            end = cell_end(line, start)
            cells.append(line[start:end])
            start = end + 1
        extras: list[tuple[int, str]] = []
        while start < len(line):
            name = PATH.match(line, start)
            if name is None or name[0] not in self._extra or line[name.end() : name.end() + 1] != "=":
                raise ValueError("no name=cell after the cells of a row")
            end = cell_end(line, name.end() + 1)
            extras.append((self._extra[name[0]], line[name.end() + 1 : end]))
            start = end + 1
        return cells, extras

    def _framed(self, texts: list[str]) -> str:
        """Put the texts of a row, empty where absent, at their paths; the frame is built once a set of fields."""
        present = [text for text in texts if text]
        mask = tuple(map(bool, texts))
        frame = self._frames.get(mask)
        if frame is None:
            fields = [(column.path, "%s") for column, text in zip(self.columns, texts, strict=True) if text]
            frame = self._frames[mask] = self._frame(fields)
        return frame % tuple(present)

    def _frame(self, fields: list[tuple[Path, str]]) -> str:
        escaped = [(tuple(_percent(part) for part in path), text) for path, text in fields]
        return f"%s:{assemble(escaped[1:])}" if self.keyed else assemble(escaped)


def _percent(part: str | int) -> str | int:
    return part.replace("%", "%%") if isinstance(part, str) else part


def read_text(json_text: str) -> str:
    """Return what a reference to a cell stands for: the string or number; empty for anything else."""
    if not json_text.startswith('"'):
        return json_text if json_text[:1] in _NUMBER_STARTS else ""
    return json_text[1:-1] if "\\" not in json_text else str(read_value(json_text)[0])


def read_table(header: re.Match[str], lines: Sequence[str], budget: Budget) -> str:
    """Return the JSON text that a table stands for; `lines` are the names and the rows.

    Raises ValueError if it is no table, or one that stands for more than the budget allows.
    """
    shape = Shape(header[4])
    if len(lines) != int(header[3]) + 1:
        raise ValueError("rows are missing")
    columns = read_columns(header[5], lines[0])
    budget.spend(len(lines) * sum(len(column.default) + len(column.name) for column in columns))
    if shape is Shape.PAIRS:
        columns[1:] = [replace(column, path=()) for column in columns[1:]]
    reader = Reader(columns, keyed=shape is not Shape.ROWS)
    rows = ",".join([reader.row(line) for line in lines[1:]])
    return f"[{rows}]" if shape is Shape.ROWS else f"{{{rows}}}"
