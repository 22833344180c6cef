"""Parts of an original: a range of lines, or what holds the words of a query. Linear in the text, never failing.

Whatever is shown is shown verbatim; what is not shown is counted by a note in square brackets in its place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from headroom.ccr.excerpt_json import fitting_elements

CONTEXT = 2
"""Lines shown before and behind a line that fits."""

MAX_WORDS = 32
MAX_ECHO = 200
"""Characters of a query that are said back."""

_RANGE = re.compile(r"\s*+([0-9]{1,9})\s*+(-?)\s*+([0-9]{0,9})\s*+")

Span = tuple[int, int]
"""First line shown and the first one behind it, from 0."""


def excerpt(text: str, *, query: str = "", lines: str = "") -> str:
    """Return the part of `text` that is asked for; all of it, byte for byte, if nothing is.

    `lines` is `a-b`, `a-` or `a`, from 1; `query` is words, in any case, of which all should stand in a line, else
    any; context is shown around it. Of a document of JSON in one line, the fitting elements are shown. With both,
    only those lines are searched. A request that cannot be met is answered by a sentence that says why.
    """
    words = query.casefold().split()[:MAX_WORDS]
    if not words and not lines.strip():
        return text
    rows = _rows(text)
    span = _range(lines, len(rows))
    if isinstance(span, str):
        return span
    if not words:
        return "".join(rows[slice(*span)])
    if len(rows) == 1:
        found = fitting_elements(text, words)
        if found is not None:
            return found
    return _fitting_lines(rows, span, words)


def _rows(text: str) -> list[str]:
    """Return the lines with their ends; only a line feed ends one, as editors and `grep -n` count."""
    rows = [row + "\n" for row in text.split("\n")]
    last = rows.pop()[:-1]
    return [*rows, last] if last else rows


def _range(lines: str, total: int) -> Span | str:
    """Return which lines are meant, or a sentence if that cannot be told."""
    if not lines.strip():
        return 0, total
    match = _RANGE.fullmatch(lines)
    if match is None:
        return f"[lines must be a range such as 10-40; the original has {total} lines]"
    first = max(1, int(match[1]))
    last = int(match[3] or (total if match[2] else match[1]))
    if first > total or last < first:
        return f"[there are no lines {lines.strip()}: the original has {total} lines]"
    return first - 1, min(last, total)


def _fitting_lines(rows: Sequence[str], span: Span, words: Sequence[str]) -> str:
    searched = [row.casefold() for row in rows[slice(*span)]]
    fitting = [number for number, row in enumerate(searched, span[0]) if all(word in row for word in words)]
    fitting = fitting or [number for number, row in enumerate(searched, span[0]) if any(word in row for word in words)]
    if not fitting:
        return _nothing(span, len(rows), words)
    shown = _with_context(fitting, span)
    found = _written(rows, shown)
    searched_all = span == (0, len(rows))
    return "".join(rows) if searched_all and len(found) >= sum(map(len, rows)) else found


def _nothing(span: Span, total: int, words: Sequence[str]) -> str:
    where = "lines" if span == (0, total) else f"lines {span[0] + 1}-{span[1]}"
    return (
        f"[none of the {where} holds any of: {' '.join(words)[:MAX_ECHO]}. The original has {total} lines; "
        "ask with other words, with a range of lines, or without both for all of it]"
    )


def _with_context(fitting: Sequence[int], span: Span) -> list[Span]:
    """Return what to show around the fitting lines; what overlaps or touches is one."""
    shown: list[Span] = []
    for number in fitting:
        start, end = max(span[0], number - CONTEXT), min(span[1], number + CONTEXT + 1)
        if shown and start <= shown[-1][1]:
            shown[-1] = (shown[-1][0], end)
        else:
            shown.append((start, end))
    return shown


def _written(rows: Sequence[str], shown: Sequence[Span]) -> str:
    pieces: list[str] = []
    for (_, before), (start, end) in pairwise([(0, 0), *shown]):
        pieces += (_gap(before, start, len(rows)), *rows[start:end])
    if not pieces[-1].endswith("\n") and shown[-1][1] < len(rows):
        pieces.append("\n")
    pieces.append(_gap(shown[-1][1], len(rows), len(rows)))
    return "".join(pieces)


def _gap(start: int, end: int, total: int) -> str:
    return f"[lines {start + 1}-{end} of {total} not shown]\n" if end > start else ""
