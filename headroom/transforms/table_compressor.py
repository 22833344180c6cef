"""Tables: CSV, TSV and the like as they are, drawn ones undrawn; what rows share in headings.

    [table: 5 comma-separated lines like *,*,USA; a line "> ..." fills some *, the rows below it the others]
    date,weather,country
    > 2012-01-*,*
    01,drizzle
    02,rain
    > 2012-02-*,*
    01,rain

See `coding.groups` for the grammar, `coding.drawn` and `coding.delimited` for what a table is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import ClassVar

from headroom.blocks import Fidelity, Lossless, Reduction, Tier
from headroom.transforms.base import Compressor, Context, Hint
from headroom.transforms.coding.budget import Budget
from headroom.transforms.coding.delimited import DELIMITERS, balanced, split_cells, width
from headroom.transforms.coding.drawn import RULE, cells_of, is_rule, undrawn
from headroom.transforms.coding.focus import Focus
from headroom.transforms.coding.groups import Form, group, ungroup
from headroom.transforms.coding.probing import probe
from headroom.transforms.coding.table_rows import LineTable, selected_lines
from headroom.transforms.view import View, let_go

_NAMES = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
_BY_NAME = {name: delimiter for delimiter, name in _NAMES.items()}
_NOTE = re.compile(
    r"\[table: (\d+) (comma|tab|semicolon|bar)-separated lines like (.*);"
    r' a line "> \.\.\." fills some \*, the rows below it the others\]'
)
_COLUMN = re.compile(r"[\"' ]?[^\W\d]|[\"#$%]")
_MEMBER = re.compile(r'^\s*"[^"]*"\s*:')
_MIN_LINES = 4
_MOST = 0.9
_SAMPLE = 240
_ABOVE = 6
"""Among so many lines at the top a header is looked for."""


class TableCompressor(Compressor):
    """Undraws tables and says once what rows share."""

    name: ClassVar[str] = "table_compressor"

    def evidence(self, view: View, hint: Hint) -> float:  # noqa: ARG002 - a hint is no proof
        """Return the share of sampled lines that are rows: drawn between bars, or of one width if delimited."""
        lines = view.sample
        if len(lines) < _MIN_LINES:
            return 0.0
        drawn = _share_drawn(lines)
        return drawn if drawn >= 0.5 else _delimiter(lines)[1]

    def candidates(self, view: View, context: Context) -> Iterable[Lossless]:
        """Yield the table undrawn, and with what rows share in headings."""
        drawn = _share_drawn(view.sample) >= 0.5
        text, of = (undrawn(view.text), Fidelity.DISPLAY) if drawn else (view.text, Fidelity.BYTES)
        context.check()
        if drawn and not _NOTE.match(text):
            yield Lossless(text, of, "table.undrawn", Tier.PLAIN)
        view.forget("lines")
        grouped = None if self._is_own(view.text) else _grouped(text)
        if grouped is not None:
            yield Lossless(grouped, of, "table.grouped", Tier.LEGEND)

    def reductions(self, view: View, hint: Hint, context: Context) -> Iterable[Reduction]:
        """Yield the table with the rows that matter; header, rules and lines that are no rows stay."""
        context.check()
        table = _drawn_table(undrawn(view.text).split("\n")) if _share_drawn(view.sample) >= 0.5 else _table(view.lines)
        short = None if table is None else selected_lines(table, Focus(hint))
        if short is not None:
            yield Reduction(*short, "table.selected")

    def decode(self, text: str) -> str:
        """Restore the table, undrawn if it was drawn."""
        note, _, body = text.partition("\n")
        found = _NOTE.fullmatch(note)
        if found is None:
            return text
        return "\n".join(ungroup(found[3], body.split("\n"), _form(_BY_NAME[found[2]]), Budget(text)))

    def normal(self, text: str, of: Fidelity) -> str:
        """Return the table undrawn, or the table itself."""
        return undrawn(text) if of is Fidelity.DISPLAY else text

    def _is_own(self, text: str) -> bool:
        """Say whether a text is what this compressor makes: to read it and write it again changes nothing."""
        if not _NOTE.fullmatch(text.partition("\n")[0]):
            return False
        try:
            return _grouped(self.decode(text)) == text
        except ValueError:
            return False


def _form(delimiter: str) -> Form:
    return Form(delimiter, delimiter, partial(_split, delimiter))


def _split(delimiter: str, line: str, limit: int) -> list[str]:
    return split_cells(line, delimiter, limit)


def _share_drawn(lines: Sequence[str]) -> float:
    """Return the share of lines that are drawn rows or rules, if there is a rule."""
    rules = [line for line in lines if not line.lstrip(" ")[:1].isalnum() and is_rule(line.strip(" "))]
    if not rules:
        return 0.0
    bars = max(line.count("+") for line in rules)
    rows = sum(1 for line in lines if cells_of(line.strip(" ")) or (bars and line.count("|") == bars))
    return min(1.0, (len(rules) + rows) / len(lines))


def _delimiter(lines: Sequence[str]) -> tuple[str, float]:
    """Return the delimiter that gives most lines as many cells as a row has, and the share that has it."""
    best = ("", 0.0)
    for delimiter in _frequent(lines):
        cells, share = width(lines, delimiter)
        if share < _MOST:
            cells, share = _ragged(lines, delimiter)
        if share >= _MOST and share > best[1] and _is_table(lines, delimiter, cells):
            best = (delimiter, share)
    return best


def _ragged(lines: Sequence[str], delimiter: str) -> tuple[int, float]:
    """Return the cells of a header above rows that end once nothing but empty cells would follow, and the rows' share.

    Such rows have at least half of the cells. Without a header in the first line their share is nothing.
    """
    names = len(split_cells("".join(lines[:1]), delimiter))
    if not _header(lines[:1], delimiter, names):
        return names, 0.0
    rows = sum(1 for line in lines if names <= 2 * len(split_cells(line, delimiter)) <= 2 * names)
    return names, rows / len(lines)


def _frequent(lines: Sequence[str]) -> list[str]:
    """Return the delimiters that nearly all lines have, none where the lines are members of JSON objects."""
    probed = probe(lines)
    likely = [one for one in DELIMITERS if sum(one in line for line in probed) >= 0.7 * len(probed)]
    found = [one for one in likely if sum(one in line for line in lines) >= _MOST * len(lines)]
    return [] if found and any(map(_MEMBER.match, lines)) else found


def _is_table(lines: Sequence[str], delimiter: str, cells: int) -> bool:
    """Tell a table from prose and code with as many commas a line: delimiters stand close, a header names columns."""
    total = sum(line.count(delimiter) for line in lines)
    spaced = sum(line.count(delimiter + " ") for line in lines)
    closed = sum(1 for line in lines if line.endswith(delimiter))
    if cells < 2 or 3 * spaced > total or 2 * closed > len(lines):
        return False
    return cells > 3 or bool(_header(lines, delimiter, cells))


def _header(lines: Sequence[str], delimiter: str, cells: int) -> list[str]:
    """Return the first row at the top whose cells can name columns: all different, all beginning like a name."""
    for line in lines[:_ABOVE]:
        row = split_cells(line, delimiter)
        if len(row) == cells == len(set(row)) and all(len(cell) <= 60 and _COLUMN.match(cell) for cell in row):
            return row
    return []


def _grouped(text: str) -> str | None:
    """Write a delimited table under headings, or return None if it is none."""
    lines = text.split("\n")
    delimiter, cells = _layout(lines)
    if not delimiter:
        return None
    grouped = group(_rows(lines, delimiter, cells, let_go), _form(delimiter))
    if grouped is None:
        return None
    return grouped.under(_note(text.count("\n") + 1, _NAMES[delimiter], grouped.template))


def _layout(lines: Sequence[str]) -> tuple[str, int]:
    """Return the delimiter of a table and how many cells its rows have; no delimiter if it is none."""
    filled = list(islice((line for line in lines if line and line != RULE), _SAMPLE))
    delimiter, _ = _delimiter(filled)
    return (delimiter, width(filled, delimiter)[0]) if delimiter else ("", 0)


def _table(lines: list[str]) -> LineTable | None:
    """Read a delimited table, None if it is none."""
    delimiter, cells = _layout(lines)
    if not delimiter:
        return None
    names = _header(list(islice(filter(None, lines), _ABOVE)), delimiter, cells)
    return LineTable(lines, [row for _, row in _rows(lines, delimiter, cells)], names)


def _drawn_table(lines: Sequence[str]) -> LineTable:
    """Read an undrawn table: the row above a rule names the columns."""
    cells, _ = width([line for line in lines if line and line != RULE], "|")
    rows = [line.split("|") if line.count("|") == cells - 1 else None for line in lines]
    header = next((at for at, below in enumerate(lines[1:_ABOVE]) if below == RULE and rows[at]), None)
    names = None if header is None else rows[header]
    return LineTable(lines, [None if row == names else row for row in rows], names or [])


def _note(lines: int, delimiter: str, template: str) -> str:
    return (
        f"[table: {lines} {delimiter}-separated lines like {template};"
        f' a line "> ..." fills some *, the rows below it the others]'
    )


def _rows(
    lines: list[str], delimiter: str, cells: int, read: Callable[[list[str]], Iterable[str]] = iter
) -> Iterator[tuple[str, list[str] | None]]:
    """Yield lines and, of those below the header, the cells; records that span lines, or of another width, have none.

    `read` goes through the lines.
    """
    header = _header(lines, delimiter, cells)
    are_whole = balanced(lines)
    for line, is_whole in zip(read(lines), are_whole, strict=True):
        row = split_cells(line, delimiter) if is_whole else []
        yield line, row if len(row) == cells and row != header else None
