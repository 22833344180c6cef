"""Column padding: what a terminal fills up with blanks so that columns line up.

Blanks go only where nothing depends on them: not in drawings of trees, not in names of files, not in rows with an
empty cell, which can be told from the header's columns alone, and not where padding is rare.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from headroom.transforms.coding.display import as_displayed

_GAP = re.compile(" {2,}")
_FIELD = re.compile(r"\S+(?: \S+)*")
_BRANCHES = ("├", "└", "│", "┬", "\\_", "|-", "`-", "+- ")
_DIGIT = re.compile(r"\d")
# What `ls -l` and `tar tv` print before the name.
_ENTRY = re.compile(
    r"[-dlbcpsD][-rwxsStTl]{9}[.+@]? ++(?:\S++ ++){2,5}"
    r"(?:[A-Z][a-z]{2} +\d{1,2} +(?:\d\d:\d\d|\d{4})|\d{4}-\d\d-\d\d \d\d:\d\d(?::[\d.]+)?(?: [-+]\d{4})?) "
)
_ENTRY_TYPES = "-dlcbpsD"
_PADDED_SHARE = 0.2
_HEADER_LINES = 6
_LOOKED_AT = 20


def unpadded(text: str) -> str:
    """Return the displayed text without column padding. Idempotent."""
    lines = as_displayed(text).split("\n")
    if sum("  " in line for line in lines) < _PADDED_SHARE * len(lines):
        return "\n".join(lines)
    header = _header(lines)
    starts = _starts(lines[header]) if header is not None else []
    kept = {at for at, line in enumerate(lines) if starts and _has_empty_cell(line, starts)}
    if kept and header is not None:
        kept.add(header)
    branches = [branch for branch in _BRANCHES if branch in text]
    if branches:
        kept.update(at for at, line in enumerate(lines) if any(branch in line for branch in branches))
    gap = "  " if header is not None and _has_wide_cells(lines[header], lines[header + 1 :][:_LOOKED_AT]) else " "
    return "\n".join(line if at in kept else _squeezed(line, gap) for at, line in enumerate(lines))


def _squeezed(line: str, gap: str) -> str:
    if "  " not in line and line[:1] != " ":
        return line
    entry = _ENTRY.match(line) if line[:1] in _ENTRY_TYPES else None
    if entry is not None:
        return _GAP.sub(gap, entry[0]) + line[entry.end() :]
    fields = line.lstrip(" ")
    indentation = "" if fields[:1].isdigit() else line[: len(line) - len(fields)]
    return indentation + _GAP.sub(gap, fields)


def _header(lines: Sequence[str]) -> int | None:
    """Return which of the first lines names columns: no digits, three or more padded fields."""
    for at, line in enumerate(lines[:_HEADER_LINES]):
        if not _DIGIT.search(line) and len(_FIELD.findall(line)) >= 3 and "  " in line.strip():
            return at
    return None


def _starts(header: str) -> list[int]:
    return [found.start() for found in _FIELD.finditer(header)]


def _has_empty_cell(line: str, starts: list[int]) -> bool:
    """Say whether a column before the last one that the line reaches is blank."""
    reached = len(line)
    return any(end < reached and end - start > 1 and not line[start:end].strip(" ") for start, end in pairwise(starts))


def _has_wide_cells(header: str, rows: Sequence[str]) -> bool:
    """Say whether a column but the last is named by words above cells that run on below the blank between them."""
    last = header.rstrip(" ").rfind("  ")
    inner = [at for at in range(1, last) if header[at] == " " and " " not in (header[at - 1], header[at + 1])]
    cells = [row for row in rows if any(map(str.isalnum, row))]
    return any(row[at : at + 1].strip(" ") for row in cells for at in inner)
