"""Lines of delimited cells: CSV, TSV and the like, quoted as RFC 4180 says. Cells keep their quotes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

DELIMITERS = ",\t;|"
_QUOTED = re.compile(r'"[^"]*+(?:""[^"]*+)*+"')


def split_cells(line: str, delimiter: str, limit: int = -1) -> list[str]:
    """Split a line into raw cells, at most `limit` of them (the last takes the rest); joining restores the line."""
    if '"' not in line:
        return line.split(delimiter, limit - 1 if limit > 0 else -1)
    cells: list[str] = []
    at = 0
    while len(cells) != limit - 1:
        quoted = _QUOTED.match(line, at)
        cut = line.find(delimiter, quoted.end() if quoted else at)
        if cut < 0:
            break
        cells.append(line[at:cut])
        at = cut + 1
    return [*cells, line[at:]]


def width(lines: Sequence[str], delimiter: str) -> tuple[int, float]:
    """Return the most frequent number of cells and the share of lines that have it."""
    counts = Counter(len(split_cells(x, delimiter)) if '"' in x else x.count(delimiter) + 1 for x in lines)
    best = max(counts, key=lambda cells: (counts[cells], cells), default=1)
    return best, counts[best] / max(1, len(lines))


def balanced(lines: Sequence[str]) -> list[bool]:
    """Say of each line whether it is a record by itself, not part of one whose quoted cell spans lines."""
    if not any('"' in line for line in lines):
        return [True] * len(lines)
    out = []
    inside = False
    for line in lines:
        odd = line.count('"') % 2 == 1
        out.append(not inside and not odd)
        inside ^= odd
    return out
