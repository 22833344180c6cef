"""Rows under headings: what all rows share stands in a note, what a run of rows shares in a heading above it.

    * 0/0 * 1985-10-26 08:15 package/*        the template: every row fills its stars
    > -rw-r--r-- * lib/*                      a heading: fills some stars, or the beginning of one
    3119 lib.es2021.weakref.d.ts              a row: fills the stars of the heading above it
    |total 112                                any other line, led by a bar; none needed before the first heading

A cell is split only after a whole directory or a whole part of a date. Order is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise, repeat
from math import inf
from operator import itemgetter, ne

from headroom.transforms.coding.front import common_root

STAR = "*"
HEADING = "> "
VERBATIM = "|"
_LOOKED_AT = 100
_ROWS_BELOW = 2
"""A heading stands above so many rows on average, or nobody would want to read it."""
# What cells end with: from a separator on, so that no word is cut, and with a word or times of day in it.
_END = re.compile(r"[/,;@+ -][^/,;@+ -]*[A-Za-z].*|:\d\d(?::\d\d)?Z?$", re.DOTALL)
_DATE = re.compile(r"(\d{4}[-/]\d\d[-/])\d\d(?:[ T]|$)")
_DAY = re.compile(r"(\d{4}[-/]\d\d[-/]\d\d[ T])\d\d:")

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


@dataclass(frozen=True, slots=True)
class _Fixed:
    """What all cells of a column begin and end with; the beginning is the whole cell if nothing varies."""

    begin: str
    end: str
    varies: bool

    @property
    def template(self) -> str:
        """What stands for the column in the template."""
        return f"{self.begin}{STAR}{self.end}" if self.varies else self.begin

    def rest(self, column: list[str]) -> list[str]:
        """Return what of each cell varies."""
        begin, end = len(self.begin), len(self.end)
        return [cell[begin : len(cell) - end] for cell in column] if begin or end else column


@dataclass(frozen=True, slots=True)
class _Shared:
    """What a column can give to headings: for each row the beginning of its cell, the whole of it if `whole`."""

    column: int
    whole: bool
    parts: list[str]
    changes: int
    length: int

    @classmethod
    def of(cls, column: int, parts: list[str], *, whole: bool) -> _Shared:
        """Measure what a column shares; with a whole cell its separator is saved too."""
        length = sum(map(len, parts)) + (len(parts) if whole else 0)
        return cls(column, whole, parts, _changes(parts), length)


def group(lines: Sequence[str], rows: Sequence[list[str] | None], form: Form) -> Grouped | None:
    """Write rows of equal width under headings; a line whose row is None stays as it is.

    Returns None where there are no rows or nothing varies. `form.glue.join(row)` is the line.
    """
    cells = [row for row in rows if row is not None]
    if len(cells) < 2:
        return None
    columns = [list(column) for column in zip(*cells, strict=True)]
    fixed = [_fixed(column) for column in columns]
    template = form.glue.join(part.template for part in fixed)
    varying = [part.rest(column) for column, part in zip(columns, fixed, strict=True) if part.varies]
    if not varying:
        return None
    chosen = _choose(varying)
    idle = _idle(fixed, chosen) if form.packed else 0
    if idle > 1:
        return group(lines, [row and [*row[:-idle], form.glue.join(row[-idle:])] for row in rows], form)
    return Grouped(template, list(_body(lines, rows, varying, chosen, form)))


def ungroup(template: str, body: Sequence[str], form: Form) -> Iterator[str]:
    """Restore the lines. Raises ValueError if a row does not fill its stars."""
    fixed = template.split(STAR)
    filled: _Filler | None = None
    for line in body:
        if line.startswith(HEADING):
            filled = _filler(fixed, line[len(HEADING) :], form)
        elif line.startswith(VERBATIM):
            yield line[len(VERBATIM) :]
        elif filled is None or not line:
            yield line
        else:
            yield from filled(line)


def _fixed(column: list[str]) -> _Fixed:
    """Return what all cells of a column share: all of it, or a folder they begin and a word they end with."""
    first, shortest = column[0], min(map(len, column))
    if column.count(first) == len(column) and STAR not in first:
        return _Fixed(first, "", varies=False)
    root = common_root(column)
    if STAR in root or not any(map(str.isalpha, root)):
        root = ""
    end = _common_end(column)[-(shortest - len(root)) :] if shortest > len(root) else ""
    found = _END.search(end)
    return _Fixed(root, found[0] if found and STAR not in end else "", varies=True)


def _common_end(column: list[str]) -> str:
    if len({cell[-1:] for cell in (column[0], column[len(column) // 2], column[-1])}) > 1:
        return ""
    backwards = [cell[::-1] for cell in column]
    low, high = min(backwards), max(backwards)
    same = next((at for at, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    return low[:same][::-1]


def _idle(fixed: list[_Fixed], chosen: list[_Shared]) -> int:
    """Return how many columns at the end share nothing with anything; one cell before them always varies."""
    varying = [number for number, part in enumerate(fixed) if part.varies]
    used = {varying[offer.column] for offer in chosen} | {varying[0]}
    used |= {number for number, part in enumerate(fixed) if part.template != STAR}
    return len(fixed) - 1 - max(used)


def _choose(columns: list[list[str]]) -> list[_Shared]:
    """Pick what goes into headings: as long as the text gets shorter, the steadiest columns first."""
    offers = sorted(
        (offer for number, column in enumerate(columns) for offer in _offers(number, column)),
        key=lambda offer: (offer.changes.bit_count(), not offer.whole, offer.column),
    )
    chosen: list[_Shared] = []
    best = _length(chosen, len(columns))
    for offer in offers:
        if STAR in "".join(offer.parts) or any(other.column == offer.column for other in chosen):
            continue
        if offer.whole and sum(other.whole for other in chosen) == len(columns) - 1:
            continue
        length = _length([*chosen, offer], len(columns))
        if length < best:
            chosen, best = [*chosen, offer], length
    return chosen


def _length(chosen: list[_Shared], columns: int) -> float:
    """Return the characters of headings less the characters that they take off the rows."""
    changes, heading, saved = 0, 2.0 + 2 * columns, 0
    for shared in chosen:
        changes |= shared.changes
        heading += shared.length / len(shared.parts)
        saved += shared.length
    headings = max(1, changes.bit_count())
    crowded = chosen and headings * _ROWS_BELOW > len(chosen[0].parts)
    return inf if crowded else headings * heading - saved


def _offers(number: int, column: list[str]) -> Iterator[_Shared]:
    """Yield what may go into headings: cells that often repeat, and their beginnings."""
    if sum(map(ne, column, column[1:])) < len(column) / 2:
        yield _Shared.of(number, column, whole=True)
    for beginning in (_directory, _month, _day):
        if any(map(beginning, column[:_LOOKED_AT])):
            parts = list(map(beginning, column))
            if sum(map(ne, parts, parts[1:])) < len(parts) / 2:
                yield _Shared.of(number, parts, whole=False)


def _directory(cell: str) -> str:
    return cell[: cell.rfind("/") + 1] or cell[: cell.rfind("\\") + 1]


def _month(cell: str) -> str:
    found = _DATE.match(cell)
    return found[1] if found else ""


def _day(cell: str) -> str:
    found = _DAY.match(cell)
    return found[1] if found else ""


def _changes(parts: list[str]) -> int:
    """Return a bit mask of the rows whose part differs from that of the row before; the first differs."""
    flags = ["1", *("0" if one == other else "1" for one, other in pairwise(parts))]
    return int("".join(flags), 2)


def _body(
    lines: Sequence[str],
    rows: Sequence[list[str] | None],
    columns: list[list[str]],
    chosen: list[_Shared],
    form: Form,
) -> Iterator[str]:
    """Yield the lines below the note; rows of one cell stand side by side if the form says so."""
    whole = sum(offer.whole for offer in chosen)
    entries = _entries(lines, rows, zip(_headings(columns, chosen, form), _kept(columns, chosen), strict=True), form)
    for is_row, run in groupby(entries, key=itemgetter(0)):
        texts = (text for _, text in run)
        if is_row and form.packed and len(columns) - whole == 1:
            yield form.separator.join(texts)
        else:
            yield from texts


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


def _headings(columns: list[list[str]], chosen: list[_Shared], form: Form) -> Iterator[str]:
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


def _kept(columns: list[list[str]], chosen: list[_Shared]) -> Iterator[tuple[str, ...]]:
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


_Filler = Callable[[str], Iterator[str]]


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

    def fill(line: str) -> Iterator[str]:
        packed = form.packed and stars == 1
        rows = [[cell] for cell in line.split(form.separator)] if packed else [form.split(line, stars)]
        for row in rows:
            if len(row) != stars:
                raise ValueError("a row that does not fill its heading")
            yield pattern % tuple(row)

    return fill
