"""Rows under headings: what all rows share stands in a note, what a run of rows shares in a heading above it.

    * 0/0 * 1985-10-26 08:15 package/*        the template: every row fills its stars
    > -rw-r--r-- * lib/*                      a heading: fills some stars, or the beginning of one
    3119 lib.es2021.weakref.d.ts              a row: fills the stars of the heading above it
    |total 112                                any other line, led by a bar; none needed before the first heading

Order is kept; `coding.shared` says what cells can share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, repeat
from operator import itemgetter

from headroom.transforms.coding.shared import STAR, Fixed, Shared, choose, fixed_part

HEADING = "> "
VERBATIM = "|"
Split = Callable[[str, int], list[str]]
"""Splits a line into at most so many cells; the last one takes the rest."""


@dataclass(frozen=True, slots=True)
class Form:
    """How rows are written: what stands between cells in the source and in the result, and how to split there.

    `packed` is for words: rows of a single cell stand side by side, and cells at the end that share nothing are one.
    """

    glue: str
    separator: str
    split: Split
    packed: bool = False


@dataclass(frozen=True, slots=True)
class Grouped:
    """The template of all rows, and the lines below the note."""

    template: str
    body: list[str]


def group(lines: Sequence[str], rows: Sequence[list[str] | None], form: Form) -> Grouped | None:
    """Write rows of equal width under headings; a line whose row is None stays as it is.

    Returns None where there are no rows or nothing varies. `form.glue.join(row)` is the line.
    """
    cells = [row for row in rows if row is not None]
    if len(cells) < 2:
        return None
    columns = [list(column) for column in zip(*cells, strict=True)]
    fixed = [fixed_part(column) for column in columns]
    template = form.glue.join(part.template for part in fixed)
    varying = [part.rest(column) for column, part in zip(columns, fixed, strict=True) if part.varies]
    if not varying:
        return None
    chosen = choose(varying)
    idle = _idle(fixed, chosen) if form.packed else 0
    if idle > 1:
        return group(lines, [row and [*row[:-idle], form.glue.join(row[-idle:])] for row in rows], form)
    return Grouped(template, list(_body(lines, rows, varying, chosen, form)))


def ungroup(template: str, body: Sequence[str], form: Form) -> Iterator[str]:
    """Restore the lines. Raises ValueError if a row does not fill its stars."""
    fixed = template.split(STAR)
    fill: _Filler | None = None
    for line in body:
        first = line[:1]
        if first == HEADING[0] and line.startswith(HEADING):
            fill = _filler(fixed, line[len(HEADING) :], form)
        elif first == VERBATIM:
            yield line[1:]
        elif fill is None or not first:
            yield line
        else:
            yield from fill(line)


def _idle(fixed: list[Fixed], chosen: list[Shared]) -> int:
    """Return how many columns at the end share nothing with anything; one cell before them always varies."""
    varying = [number for number, part in enumerate(fixed) if part.varies]
    used = {varying[offer.column] for offer in chosen} | {varying[0]}
    used |= {number for number, part in enumerate(fixed) if part.template != STAR}
    return len(fixed) - 1 - max(used)


def _body(
    lines: Sequence[str],
    rows: Sequence[list[str] | None],
    columns: list[list[str]],
    chosen: list[Shared],
    form: Form,
) -> Iterator[str]:
    """Yield the lines below the note; rows of one cell stand side by side if the form says so."""
    whole = sum(offer.whole for offer in chosen)
    entries = _entries(lines, rows, zip(_headings(columns, chosen, form), _kept(columns, chosen), strict=True), form)
    if not form.packed or len(columns) - whole > 1:
        yield from map(itemgetter(1), entries)
        return
    for is_row, run in groupby(entries, key=itemgetter(0)):
        texts = map(itemgetter(1), run)
        yield from [form.separator.join(texts)] if is_row else texts


def _entries(
    lines: Sequence[str],
    rows: Sequence[list[str] | None],
    parts: Iterator[tuple[str, tuple[str, ...]]],
    form: Form,
) -> Iterator[tuple[bool, str]]:
    """Yield headings, rows (marked as such) and verbatim lines, in order."""
    written = ""
    for line, row in zip(lines, rows, strict=True):
        text = ""
        if row is not None:
            heading, cells = next(parts)
            text = _readable(cells, form) if heading else ""
        if not text:
            bare = not (line and written) and not line.startswith((HEADING, VERBATIM))
            yield False, line if bare else VERBATIM + line
            continue
        if heading != written:
            written = heading
            yield False, heading
        yield True, text


def _readable(cells: tuple[str, ...], form: Form) -> str:
    """Return the row as one line, or nothing if it could not be read back as what it is."""
    text = form.separator.join(cells)
    if (text + form.separator).startswith((HEADING, VERBATIM)):
        return ""
    if form.packed and len(cells) == 1:
        return "" if form.separator in text else text
    if '"' not in text and text.count(form.separator) == len(cells) - 1:
        return text
    return text if form.split(text, len(cells)) == list(cells) else ""


def _headings(columns: list[list[str]], chosen: list[Shared], form: Form) -> Iterator[str]:
    """Yield for each row the heading that it stands under; an empty one if that could not be read back."""
    offers = {offer.column: offer for offer in chosen}
    blank = [STAR] * len(columns)
    last, heading = None, ""
    for shared in zip(*(offer.parts for offer in chosen), strict=True) if chosen else repeat((), len(columns[0])):
        if shared != last:
            cells = list(blank)
            for number, part in zip(offers, shared, strict=True):
                cells[number] = part if offers[number].whole else part + STAR
            text = form.separator.join(cells)
            heading = HEADING + text if form.split(text, len(cells)) == cells else ""
            last = shared
        yield heading


def _kept(columns: list[list[str]], chosen: list[Shared]) -> Iterator[tuple[str, ...]]:
    """Yield for each row what its heading leaves to it."""
    offers = {offer.column: offer for offer in chosen}
    kept = []
    for number, column in enumerate(columns):
        offer = offers.get(number)
        if offer is None:
            kept.append(column)
        elif not offer.whole:
            kept.append([cell[len(part) :] for cell, part in zip(column, offer.parts, strict=True)])
    return zip(*kept, strict=True)


_Filler = Callable[[str], list[str]]


def _filler(fixed: list[str], heading: str, form: Form) -> _Filler:
    """Return what restores the lines from what stands on one line below a heading."""
    cells = form.split(heading, len(fixed) - 1)
    if len(cells) != len(fixed) - 1:
        raise ValueError("a heading that does not fill the template")
    ends = [STAR if cell.endswith(STAR) else "" for cell in cells]
    shown = (before + cell.removesuffix(STAR) for before, cell in zip(fixed, cells, strict=False))
    pattern = "".join(text.replace("%", "%%") + end.replace(STAR, "%s") for text, end in zip(shown, ends, strict=True))
    pattern += fixed[-1].replace("%", "%%")
    stars = ends.count(STAR)

    def fill(line: str) -> list[str]:
        if form.packed and stars == 1:
            return [pattern % cell for cell in line.split(form.separator)]
        row = form.split(line, stars)
        if len(row) != stars:
            raise ValueError("a row that does not fill its heading")
        return [pattern % tuple(row)]

    return fill
