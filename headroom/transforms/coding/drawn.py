"""Tables drawn with bars and rules (markdown, psql, MySQL, box drawing): cells without padding, rules as `---`.

    +----+-------+        ---
    | id | name  |        id|name
    +----+-------+   ->   ---
    |  1 | Alice |        1|Alice
    +----+-------+        ---

Where some row of the text begins or ends with an empty cell all rows keep their outer bars.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from headroom.transforms.coding.display import as_displayed

RULE = "---"
_BARS = "|│┃║"
_RULE_CHARACTERS = re.compile(r"[\s\-=+|:─━═┄┈┌┬┐├┼┤└┴┘╭╮╰╯┍┑┕┙╒╤╕╞╪╡╘╧╛│┃║╔╗╚╝╠╣╦╩╬╟╢╫╥╨┏┳┓┡╇┩┣┫╋┗┻┛┠╂┨┝┥]+")
_JUNCTION = re.compile(r"[+|┬┼┴┐┤┘╮╯╤╪╧╗╣╝╦╬╩╥╫╨┓┩┛┳┻╇╂╋┫┨]")
_LINE = re.compile(r"[-=─━═┄┈]{2}")
_BAR = re.compile(r"(?<!\\)\|")


def is_rule(line: str) -> bool:
    """Say whether a line only separates rows: drawn lines that cross."""
    return bool(_RULE_CHARACTERS.fullmatch(line) and _LINE.search(line) and _JUNCTION.search(line))


def cells_of(line: str) -> list[str] | None:
    """Return the cells of a row that stands between bars, or None."""
    bar = line[:1]
    if len(line) < 2 or bar not in _BARS or line[-1] != bar:
        return None
    return _cells(line[1:-1], bar)


def _cells(line: str, bar: str) -> list[str] | None:
    """Split a line at its bars; None if a cell could not be told from its neighbours between plain bars."""
    if bar != "|" and "|" in line:
        return None
    cells = _BAR.split(line) if "\\|" in line else line.split(bar)
    return [cell.strip(" \t") for cell in cells]


def undrawn(text: str) -> str:
    """Return the displayed text with its tables undrawn. Idempotent."""
    lines = as_displayed(text).split("\n")
    rows = _rows(lines)
    bars = any(not row[0] or not row[-1] for row in rows if row)
    out = []
    for line, row in zip(lines, rows, strict=True):
        if row is not None:
            inner = "|".join(row)
            out.append(f"|{inner}|" if bars else inner)
        else:
            out.append(RULE if is_rule(line.strip(" ")) else line)
    return "\n".join(out)


def _rows(lines: Sequence[str]) -> list[list[str] | None]:
    """Return the cells of every line that is a row of a drawn table."""
    rows = [None if is_rule(line) else cells_of(line) for line in (line.strip(" ") for line in lines)]
    for at, line in enumerate(lines):
        if at and "-+-" in line and is_rule(line) and line.lstrip(" ")[0] == "-":
            _add_open_rows(rows, lines, at, line.count("+"))
    return rows


def _add_open_rows(rows: list[list[str] | None], lines: Sequence[str], rule: int, bars: int) -> None:
    """Fill in the rows around a rule without outer bars, as psql draws it: one above, the others below."""
    for at in (rule - 1, *range(rule + 1, len(lines))):
        cells = _cells(lines[at], "|") or []
        if len(cells) == bars + 1:
            rows[at] = cells
        elif at > rule:
            return
