"""What every benchmark ends with: tables, bars that are held or missed, a JSON file and a part of the docs page."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "benchmarks.md"
PARTS = ("hop", "gateways", "body", "compress", "confusion", "scaling", "bill", "soak")
"""The parts of the page, in order."""

_HEAD = """# Benchmarks

Each part is written by the command that it names; figures are those of the machine on which it ran last.
A bar is a limit that the design sets; a missed one stays here until it is met.
"""


def _machine() -> str:
    python, system = platform.python_version(), f"{platform.system()} {platform.machine()}"
    return f"Python {python}, {system}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} before"


MACHINE = _machine()
"""Where the figures are taken, and how busy it was with other things at the start."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A limit for one figure: `value` should be at most `limit`, or at least if `at_least`."""

    name: str
    value: float
    limit: float
    unit: str = ""
    at_least: bool = False

    @property
    def held(self) -> bool:
        """Say whether the figure keeps to its limit."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    @property
    def row(self) -> tuple[str, str, str, str]:
        """The bar as a row of a table."""
        sign = ">=" if self.at_least else "<="
        unit = f" {self.unit}" if self.unit else ""
        return (self.name, f"{figure(self.value)}{unit}", f"{sign} {self.limit:g}{unit}", "ok" if self.held else "MISS")


@dataclass(frozen=True, slots=True)
class Table:
    """A title, a heading row and rows of cells; the first column is text, the others are figures."""

    title: str
    heading: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    @property
    def plain(self) -> str:
        """The table for a terminal: columns padded, no lines drawn."""
        widths = [max(map(len, column)) for column in zip(self.heading, *self.rows, strict=True)]
        lines = [_padded(row, widths) for row in (self.heading, *self.rows)]
        return "\n".join([self.title, *("  " + line for line in lines)])

    @property
    def markdown(self) -> str:
        """The table for the docs page."""
        marks = ("---", *["---:"] * (len(self.heading) - 1))
        lines = [f"| {' | '.join(row)} |" for row in (self.heading, marks, *self.rows)]
        return "\n".join([f"**{self.title}**", "", *lines])


@dataclass(frozen=True, slots=True)
class Report:
    """What one benchmark found. `part` is its name, `intro` a sentence or two on how it was measured.

    `command` is what makes it, if not `make bench-PART`.
    """

    part: str
    intro: str
    tables: Sequence[Table]
    bars: Sequence[Bar] = ()
    data: Any = None
    command: str = ""

    @property
    def all_tables(self) -> list[Table]:
        """The tables, that of the bars last."""
        if not self.bars:
            return list(self.tables)
        heading = ("bar", "measured", "limit", "")
        return [*self.tables, Table("Bars", heading, [bar.row for bar in self.bars])]

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        bars = [{"name": b.name, "value": b.value, "limit": b.limit, "unit": b.unit, "held": b.held} for b in self.bars]
        return {"part": self.part, "machine": MACHINE, "bars": bars, "data": self.data}


def publish(report: Report, results: Path = RESULTS, page: Path = PAGE) -> None:
    """Print the report, write its JSON file and put its part into the page."""
    print("\n\n".join(table.plain for table in report.all_tables))
    results.mkdir(parents=True, exist_ok=True)
    (results / f"{report.part}.json").write_text(json.dumps(report.as_json(), indent=1), encoding="utf-8")
    page.parent.mkdir(parents=True, exist_ok=True)
    old = page.read_text(encoding="utf-8") if page.exists() else ""
    page.write_text(with_part(old, report), encoding="utf-8")


def with_part(page: str, report: Report) -> str:
    """Return the page with the report in its place; the other parts stay as they are."""
    parts = {name: found.group() for name in PARTS if (found := _part(name).search(page))}
    tables = "\n\n".join(table.markdown for table in report.all_tables)
    body = f"## `{report.command or f'make bench-{report.part}'}`\n\n{report.intro}\n\n_{MACHINE}_\n\n{tables}\n"
    parts[report.part] = f"<!-- {report.part} -->\n{body}<!-- end of {report.part} -->"
    return "\n".join([_HEAD, *(parts[name] + "\n" for name in PARTS if name in parts)])


def figure(value: float) -> str:
    """Spell a figure with about three significant digits."""
    size = abs(value)
    digits = 0 if size >= 100 or not value else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:,.{digits}f}"


def _part(name: str) -> re.Pattern[str]:
    return re.compile(rf"<!-- {name} -->\n.*?<!-- end of {name} -->", re.DOTALL)


def _padded(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = row
    cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))]
    return "  ".join(cells).rstrip()
