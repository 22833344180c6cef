"""A table as text: a note that says what holds for every row, a line that names the columns, then the rows.

    [table 1: 2 rows; _2,state="open",label?="none",owner{type="User",_},html_url="https://y.org/<name>"]
    id,name,owner.login
    7,first,ann
    8,second,bob,label=urgent

`name` is a cell of every row, blank if the field is absent. `name:"a*b"` is one whose text stands for the `*`,
`name:["k","l"]` one that is an array of objects, each given by its values of k and l.
The note holds what has no cell: `name=JSON` holds for every row, `name?=JSON` for every row but those that end
in `name=cell`; `name?` is absent but there. `<name>` in a string of the note is the cell of that column. A row
may also stand as a JSON object. `entries` are the members of an object, their first column is the key; `pairs`
are entries whose values are no objects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from itertools import count

from headroom.transforms.coding.budget import Budget
from headroom.transforms.coding.cells import cell_end, has_no_json, quoted, read_cell, read_column, read_strings
from headroom.transforms.coding.column_specs import Column, read_columns
from headroom.transforms.coding.columns import PATH, assemble
from headroom.transforms.coding.json_text import read_all, read_value, write
from headroom.transforms.coding.references import References, Template

_AT_ONCE = 2000
_NUMBER_STARTS = tuple("-0123456789NI")
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_FLAT = rf'[^"\[\]{{}}]*+(?:{_STRING}[^"\[\]{{}}]*+)*+'
_CELL = re.compile(rf'(?:\A|,)((?:{_STRING}|\[{_FLAT}\]|\{{{_FLAT}\}})(?=,|\Z)|(?!["\[{{])[^,]*+)')
_UNSURE = re.compile(r'[=.]["\[{]')
HEADER = re.compile(r"\[(table_*) ([0-9]+): ([0-9]+) (rows|arrays|entries|pairs)(?:; (.*))?\]")


class Shape(StrEnum):
    """What a table stands for: an array of objects or of arrays, an object of objects or of other values."""

    ROWS = "rows"
    ARRAYS = "arrays"
    ENTRIES = "entries"
    PAIRS = "pairs"


class Reader:
    """Restores the JSON texts of rows from their lines, column by column."""

    def __init__(self, columns: Sequence[Column], *, keyed: bool) -> None:
        """Prepare to read rows of these columns; if `keyed`, the first one holds the keys of entries."""
        self.columns, self.keyed = columns, keyed
        self._positional = [index for index, column in enumerate(columns) if column.positional]
        self._seldom = {column.name: index for index, column in enumerate(columns) if column.seldom}
        self._frames: dict[tuple[bool, ...], str] = {}

    def rows(self, lines: Sequence[str]) -> list[str]:
        """Return the JSON text of each row, or `"key":value` of each entry. Raises ValueError."""
        told = [line for line in lines if not line.startswith("{")]
        framed = self._framed(self._texts(told)) if told else []
        if len(told) == len(lines):
            return list(framed)
        found = iter(framed)
        return [self._whole(line) if line.startswith("{") else next(found) for line in lines]

    def _whole(self, line: str) -> str:
        text = write(read_all(line))
        return text[1:-1] if self.keyed else text

    def _texts(self, lines: list[str]) -> list[list[str]]:
        """Return the JSON texts of every column, empty where a field is absent."""
        split = self._split(lines)
        texts = [[column.default] * len(lines) for column in self.columns]
        for at, index in enumerate(self._positional):
            texts[index] = _read_cells(self.columns[index], [parts[at] for parts in split])
        self._fill(texts)
        for row, parts in enumerate(split if self._seldom else ()):
            for part in parts[len(self._positional) :]:
                index, cell = self._remark(part)
                texts[index][row] = read_cell(cell)
        return texts

    def _fill(self, texts: list[list[str]]) -> None:
        """Fill in the defaults that refer to cells of the row; of two cells with one name the first is meant."""
        cells = {self.columns[index].name: index for index in reversed(self._positional)}
        if not cells:
            return
        names = References(cells)
        for index, column in enumerate(self.columns):
            if column.default.startswith('"') and names.in_text(text := read_text(column.default)):
                template = Template(text, names)
                sources = [[read_text(cell) for cell in texts[cells[name]]] for name in template.names]
                texts[index] = quoted(template.rows(sources))

    def _split(self, lines: list[str]) -> list[list[str]]:
        """Return for each row the cells of the positional columns and the `name=cell` that follow them."""
        lines = [line[1:] if line[:1] == " " else line for line in lines]
        width = len(self._positional)
        if width:
            split = [line.split(",") if has_no_json(line) else self._parts(line) for line in lines]
        else:
            split = [self._parts(line) if line else [] for line in lines]
        lengths = set(map(len, split))
        if min(lengths) < width or (max(lengths) > width and not self._seldom):
            raise ValueError("a row with another number of cells")
        return split

    def _parts(self, line: str) -> list[str]:
        """Split a row at the commas that stand outside of JSON."""
        if not (self._seldom and _UNSURE.search(line)):
            cells: list[str] = _CELL.findall(line)
            if sum(map(len, cells)) + len(cells) - 1 == len(line):
                return cells
        return list(self._parts_one_by_one(line))

    def _parts_one_by_one(self, line: str) -> Iterator[str]:
        """Yield the parts of a row in which JSON nests, or may stand behind a name."""
        start = 0
        for index in count():
            name = PATH.match(line, start) if index >= len(self._positional) else None
            end = cell_end(line, name.end() + 1 if name else start)
            yield line[start:end]
            start = end + 1
            if start > len(line):
                return

    def _remark(self, part: str) -> tuple[int, str]:
        name = PATH.match(part)
        if name is None or name[0] not in self._seldom or part[name.end() : name.end() + 1] != "=":
            raise ValueError("no name=cell after the cells of a row")
        return self._seldom[name[0]], part[name.end() + 1 :]

    def _framed(self, columns: list[list[str]]) -> Iterable[str]:
        """Put the texts of each row, empty where absent, at their paths."""
        rows = zip(*columns, strict=True)
        if any("" in texts for texts in columns):
            return self._framed_one_by_one(rows)
        return map(self._frame((True,) * len(columns)).__mod__, rows)

    def _framed_one_by_one(self, rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
        """Put the texts of rows of several shapes at their paths; a frame is built once a set of fields."""
        for texts in rows:
            mask = tuple(map(bool, texts))
            frame = self._frames.get(mask)
            if frame is None:
                frame = self._frames[mask] = self._frame(mask)
            yield frame % (texts if all(mask) else tuple(filter(None, texts)))

    def _frame(self, mask: tuple[bool, ...]) -> str:
        present = (column.path for column, there in zip(self.columns, mask, strict=True) if there)
        fields = [(tuple(_percent(part) for part in path), "%s") for path in present]
        return f"%s:{assemble(fields[1:])}" if self.keyed else assemble(fields)


def _read_cells(column: Column, cells: list[str]) -> list[str]:
    """Return the JSON texts of the cells of a column."""
    if column.pattern is not None:
        return read_strings(cells, *column.pattern)
    if column.keys:
        return [_with_keys(column.keys, cell) if cell.startswith("[") else read_cell(cell) for cell in cells]
    return read_column(cells)


def _with_keys(keys: tuple[str, ...], cell: str) -> str:
    """Return the JSON text of an array of objects of which the cell has the values."""
    return write([dict(zip(keys, values, strict=True)) for values in read_all(cell)])


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
    keyed = shape in (Shape.ENTRIES, Shape.PAIRS)
    reader = Reader(columns, keyed=keyed)
    rows = ",".join(",".join(reader.rows(lines[at : at + _AT_ONCE])) for at in range(1, len(lines), _AT_ONCE))
    return f"{{{rows}}}" if keyed else f"[{rows}]"
