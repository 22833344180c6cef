"""One spelling for a value in a table cell: bare where nobody can mistake it, JSON elsewhere.

A bare cell is a number, `true`, `false`, `null`, or the text of a string. Strings that would read as something
else (`"17"`, `"null"`, the empty string) or that contain a comma or a line break stand as JSON strings. A blank
cell means that the field is absent. Objects and arrays stand as JSON.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, cast

from headroom.transforms.coding.json_spelling import quote
from headroom.transforms.coding.json_text import Number, Value, read_all, read_value, scalar, write
from headroom.transforms.coding.shared import OnceEach


class Absent:
    """The type of `ABSENT`: no value at all, which is neither null nor an empty string."""

    __slots__ = ()


ABSENT: Final = Absent()

_SCALAR_SYNTAX = r"(?:-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?|true|false|null|NaN|-?Infinity)"
_NEEDS_QUOTES = re.compile('[,\\x00-\\x1f\\ud800-\\udfff]|\\A(?:["\\[{\\s]|\\Z)|\\s\\Z')
_SCALAR = re.compile(_SCALAR_SYNTAX)
_SCALARS = re.compile(rf"{_SCALAR_SYNTAX}(?:\n{_SCALAR_SYNTAX})*+")
_FRONTS, _FRONTS_OF_SCALARS = '"[{ ', "-0123456789tfnNI"
_FRONT = re.compile(rf'\n(?:["\[{{ \n]|{_SCALAR_SYNTAX}\n)')
_FRONT_OF_STRING = re.compile('\n(?:["\\[{ \n]|null\n)')
_HASHABLE = frozenset((str, Number, bool, type(None), Absent))
_NO_STRING_IN_COLUMN = re.compile(rf'\n(?:["\[{{\n]|{_SCALAR_SYNTAX}\n)')


def reads_as_scalar(text: str) -> bool:
    """Say whether a bare cell with this text is a number, boolean or null."""
    return text[:1] in _FRONTS_OF_SCALARS and _SCALAR.fullmatch(text) is not None


def spell_string(text: str) -> str:
    """Return the cell of a string in a column that holds strings (and null) only."""
    return text if _is_bare(text) and text != "null" else quote(text)


def _is_bare(text: str) -> bool:
    """Say whether no character of a text asks for quotes; plain text is told at once."""
    if text.isprintable() and "," not in text and text[:1] not in _FRONTS and text[-1:] != " ":
        return True
    return _NEEDS_QUOTES.search(text) is None


def spell(value: Value | Absent) -> str:
    """Return the cell of any value."""
    if type(value) is str:
        return value if _is_bare(value) and not reads_as_scalar(value) else quote(value)
    if type(value) is Number or value is None or type(value) is bool:
        return scalar(value)
    return "" if value is ABSENT else write(value)


def spell_column(values: Sequence[Value | Absent]) -> list[str]:
    """Return the cells of a column: `spell` of each value, at once where all are plain."""
    kinds = set(map(type, values))
    if kinds == {Number}:
        return b"\n".join(cast("Sequence[bytes]", values)).decode().split("\n")
    if str in kinds and _are_bare([value for value in values if type(value) is str], _FRONT):
        return [value if type(value) is str else spell(value) for value in values]
    if kinds <= _HASHABLE and 2 * len(distinct := dict.fromkeys(values)) <= len(values):
        spelled = {value: spell(value) for value in distinct}
        return [spelled[value] for value in values]
    cells = OnceEach()
    cells.extend([spell(value) for value in values])
    return cells.cells


def spell_strings(texts: Sequence[str]) -> list[str]:
    """Return the cells of a column of strings: `spell_string` of each, at once where all are plain."""
    return list(texts) if _are_bare(texts, _FRONT_OF_STRING) else [spell_string(text) for text in texts]


def _are_bare(texts: Sequence[str], special: re.Pattern[str]) -> bool:
    """Say whether no text needs quotes, because of a character or of the way it begins after a line break."""
    if not "".join(texts).isprintable():
        return False
    lines = "\n".join(["", *texts, ""])
    return "," not in lines and " \n" not in lines and special.search(lines) is None


def read_strings(cells: Sequence[str], prefix: str, suffix: str) -> list[str]:
    """Return the JSON texts of the cells of a string column whose strings share `prefix` and `suffix`."""
    return [
        cell if cell in ("", "null") else quote(prefix + (read_all(cell) if cell[0] == '"' else cell) + suffix)
        for cell in cells
    ]


def read_cell(cell: str) -> str:
    """Return the JSON text of a cell, empty if the field is absent."""
    if not cell or cell[0] in '"[{' or reads_as_scalar(cell):
        return cell
    return quote(cell)


def read_column(cells: list[str]) -> list[str]:
    """Return the JSON texts of the cells of a column: `read_cell` of each, at once where all are alike."""
    joined = "\n".join(cells)
    if _SCALARS.fullmatch(joined):
        return cells
    if not _NO_STRING_IN_COLUMN.search(f"\n{joined}\n"):
        return quoted(cells)
    return [read_cell(cell) for cell in cells]


def quoted(texts: Sequence[str]) -> list[str]:
    """Return the JSON strings of texts."""
    return list(map(quote, texts))


def has_no_json(line: str) -> bool:
    """Say whether no cell of a row can be JSON, so that every comma ends a cell."""
    return '"' not in line and "[" not in line and "{" not in line


def cell_end(line: str, start: int) -> int:
    """Return where the cell at `start` ends: at a comma or at the end of the line."""
    if line[start : start + 1] in ('"', "[", "{"):
        end = read_value(line, start)[1]
        if end != len(line) and line[end] != ",":
            raise ValueError("text after the JSON of a cell")
        return end
    end = line.find(",", start)
    return len(line) if end < 0 else end
