"""One spelling for a value in a table cell: bare where nobody can mistake it, JSON elsewhere.

A bare cell is a number, `true`, `false`, `null`, or the text of a string. Strings that would read as something
else (`"17"`, `"null"`, the empty string) or that contain a comma or a line break stand as JSON strings. A blank
cell means that the field is absent. Objects and arrays stand as JSON.
"""

from __future__ import annotations

import re
from typing import Final

from headroom.transforms.coding.json_text import Number, Value, quote, read_value, scalar, write


class Absent:
    """The type of `ABSENT`: no value at all, which is neither null nor an empty string."""

    __slots__ = ()


ABSENT: Final = Absent()

_SCALAR = re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?|true|false|null|NaN|-?Infinity")
_NEEDS_QUOTES = re.compile('[,\\x00-\\x1f\\ud800-\\udfff]|\\A(?:["\\[{\\s]|\\Z)|\\s\\Z')


def reads_as_scalar(text: str) -> bool:
    """Say whether a bare cell with this text is a number, boolean or null."""
    return _SCALAR.fullmatch(text) is not None


def spell_string(text: str) -> str:
    """Return the cell of a string in a column that holds strings (and null) only."""
    return quote(text) if _NEEDS_QUOTES.search(text) or text == "null" else text


def spell(value: Value | Absent) -> str:
    """Return the cell of any value."""
    if type(value) is str:
        return quote(value) if _NEEDS_QUOTES.search(value) or reads_as_scalar(value) else value
    if type(value) is Number or value is None or type(value) is bool:
        return scalar(value)
    return "" if value is ABSENT else write(value)


def read_string_cell(cell: str, prefix: str, suffix: str) -> str:
    """Return the JSON text of a cell of a string column whose strings share `prefix` and `suffix`."""
    if cell in ("", "null"):
        return cell
    text = read_value(cell)[0] if cell[0] == '"' else cell
    return quote(f"{prefix}{text}{suffix}")


def read_cell(cell: str) -> str:
    """Return the JSON text of a cell, empty if the field is absent."""
    if not cell or cell[0] in '"[{' or reads_as_scalar(cell):
        return cell
    return quote(cell)


def split_cells(line: str) -> list[str]:
    """Split a row at the commas that stand outside of JSON. Raises ValueError on broken JSON."""
    if '"' not in line and "[" not in line and "{" not in line:
        return line.split(",")
    cells, start = list[str](), 0
    while True:
        end = cell_end(line, start)
        cells.append(line[start:end])
        if end == len(line):
            return cells
        start = end + 1


def cell_end(line: str, start: int) -> int:
    """Return where the cell at `start` ends: at a comma or at the end of the line."""
    if line[start : start + 1] in ('"', "[", "{"):
        end = read_value(line, start)[1]
        if end != len(line) and line[end] != ",":
            raise ValueError("text after the JSON of a cell")
        return end
    end = line.find(",", start)
    return len(line) if end < 0 else end
