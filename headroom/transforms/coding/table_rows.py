"""Lines of a table as rows to choose from; what is no row (header, rules, totals, titles) stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headroom.transforms.coding.focus import Focus
from headroom.transforms.coding.notes import all_but
from headroom.transforms.coding.row_selection import Rows

_LEAST_CHARACTERS = 3_000
"""Rows of fewer characters cost too little to be asked for."""
_AROUND = '" '


@dataclass(frozen=True, slots=True)
class LineTable:
    """Lines, the cells of each (all of one width; None for lines that are no rows), and the columns' names if any."""

    lines: Sequence[str]
    rows: Sequence[Sequence[str] | None]
    names: Sequence[str] = ()


def selected_lines(table: LineTable, focus: Focus) -> tuple[str, str] | None:
    """Return the lines that stay and the note on the others, None if all stay."""
    places = [at for at, row in enumerate(table.rows) if row is not None]
    sizes = [len(table.lines[at]) for at in places]
    if sum(sizes) < _LEAST_CHARACTERS:
        return None
    rows = Rows(_columns(table), [0] * len(places), sizes)
    chosen = set(rows.selected(focus))
    hidden = [index for index in range(len(places)) if index not in chosen]
    if not hidden:
        return None
    gone = {places[index] for index in hidden}
    kept = [at for at in range(len(table.lines)) if at not in gone]
    filled = [at + 1 for at in kept if table.lines[at]]
    phrase = all_but("lines", filled, len(filled) + len(gone), rows.told(hidden))
    return "\n".join(table.lines[at] for at in kept), phrase


def _columns(table: LineTable) -> dict[str, list[str]]:
    """Return the cells of each column by its name, by its number where names are missing or not told apart."""
    cells = [row for row in table.rows if row is not None]
    width = len(cells[0]) if cells else 0
    names = [name.strip(_AROUND) or str(at) for at, name in enumerate(table.names, 1)]
    if len(set(names)) != width:
        names = [str(at) for at in range(1, width + 1)]
    columns = zip(*cells, strict=True)
    return {name: [cell.strip(_AROUND) for cell in column] for name, column in zip(names, columns, strict=True)}
