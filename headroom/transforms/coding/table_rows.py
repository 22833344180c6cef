"""Lines of a table as rows to choose from; what is no row (header, rules, totals, titles) stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from headroom.transforms.coding.focus import Focus
from headroom.transforms.coding.notes import all_but
from headroom.transforms.coding.row_selection import Rows

_LEAST_CHARACTERS = 3_000
"""Rows of fewer characters cost too little to be asked for."""
_AROUND = '" '


@dataclass(frozen=True)
class LineTable:
    """Lines, the cells of each (all of one width; None for lines that are no rows), and the columns' names if any."""

    lines: Sequence[str]
    rows: Sequence[Sequence[str] | None]
    names: Sequence[str] = ()

    @cached_property
    def places(self) -> list[int]:
        """Which lines are rows."""
        return [at for at, row in enumerate(self.rows) if row is not None]

    @cached_property
    def columns(self) -> dict[str, list[str]]:
        """The cells of each column by its name, by its number where names are missing or not told apart."""
        cells = [row for row in self.rows if row is not None]
        width = len(cells[0]) if cells else 0
        names = [name.strip(_AROUND) or f"column {at}" for at, name in enumerate(self.names, 1)]
        if len(set(names)) != width:
            names = [f"column {at}" for at in range(1, width + 1)]
        columns = zip(*cells, strict=True)
        return {name: [cell.strip(_AROUND) for cell in column] for name, column in zip(names, columns, strict=True)}

    @cached_property
    def choice(self) -> Rows:
        """The rows to choose from."""
        return Rows(self.columns, [0] * len(self.places), [len(self.lines[at]) for at in self.places])

    def landmarks(self, focus: Focus) -> list[int]:
        """Return the lines of the rows that no gap should hide."""
        return [self.places[index] for index in self.choice.landmarks(focus)]


def selected_lines(table: LineTable, focus: Focus) -> tuple[str, str] | None:
    """Return the lines that stay and the note on the others, None if all stay."""
    if sum(len(table.lines[at]) for at in table.places) < _LEAST_CHARACTERS:
        return None
    chosen = set(table.choice.selected(focus))
    hidden = [index for index in range(len(table.places)) if index not in chosen]
    if not hidden:
        return None
    gone = {table.places[index] for index in hidden}
    kept = [at for at in range(len(table.lines)) if at not in gone]
    filled = [at + 1 for at in kept if table.lines[at]]
    phrase = all_but("lines", filled, len(filled) + len(gone), table.choice.told(hidden))
    return "\n".join(table.lines[at] for at in kept), phrase
