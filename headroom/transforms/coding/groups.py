"""Rows under headings: what all rows share stands in a note, what a run of rows shares in a heading above it.

    * 0/0 * 1985-10-26 08:15 package/*        the template: every row fills its stars
    > -rw-r--r-- * lib/*                      a heading: fills some stars, or the beginning of one
    3119 lib.es2021.weakref.d.ts              a row: fills the stars of the heading above it
    |total 112                                any other line, led by a bar; none needed before the first heading

Order is kept; `coding.shared` says what cells can share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice, repeat
from operator import itemgetter

from headroom.transforms.coding.budget import Budget
from headroom.transforms.coding.shared import STAR, Fixed, Shared, choose, fixed_part

HEADING = "> "
VERBATIM = "|"
_AT_A_TIME = 1024
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


def group(lines: Sequence[str], rows: Iterable[Sequence[str] | None], form: Form) -> Grouped | None:
    """Write rows of equal width under headings; a line whose row is None stays as it is.

    Returns None where there are no rows or nothing varies. `form.glue.join(row)` is the line.
    """
    is_row, columns = _columns(rows)
    return _grouped(lines, is_row, columns, form) if sum(is_row) > 1 else None


def _columns(rows: Iterable[Sequence[str] | None]) -> tuple[list[bool], list[list[str]]]:
    """Say which lines are rows and turn these into columns, some at a time and equal cells made one: rows are large."""
    is_row: list[bool] = []
    columns: list[list[str]] = []
    rest = iter(rows)
    while some := list(islice(rest, _AT_A_TIME)):
        is_row += [row is not None for row in some]
        for number, cells in enumerate(zip(*[row for row in some if row is not None], strict=True)):
            if number == len(columns):
                columns.append([])
            columns[number] += map({}.setdefault, cells, cells)
    return is_row, columns


def _grouped(lines: Sequence[str], is_row: Sequence[bool], columns: list[list[str]], form: Form) -> Grouped | None:
    fixed = [fixed_part(column) for column in columns]
    template = form.glue.join(part.template for part in fixed)
    varying = [part.rest(column) for column, part in zip(columns, fixed, strict=True) if part.varies]
    if not varying:
        return None
    chosen = choose(varying)
    idle = _idle(fixed, chosen) if form.packed else 0
    if idle > 1:
        last = list(map(form.glue.join, zip(*columns[-idle:], strict=True)))
        return _grouped(lines, is_row, [*columns[:-idle], last], form)
    return Grouped(template, list(_body(lines, is_row, varying, chosen, form)))


def ungroup(template: str, body: Sequence[str], form: Form, budget: Budget) -> Iterator[str]:
    """Restore the lines. Raises ValueError if a row does not fill its stars, or at too many characters."""
    fixed = template.split(STAR)
    fill: _Filler | None = None
    for special, found in groupby(body, _is_special):
        run = list(found)
        if not special:
            yield from run if fill is None else fill(run)
            continue
        for line in run:
            if line.startswith(HEADING):
                fill = _filler(fixed, line[len(HEADING) :], form, budget)
            elif line[:1] == VERBATIM:
                yield line[1:]
            else:
                yield from [line] if fill is None or not line else fill([line])


def _is_special(line: str) -> bool:
    """Say whether a line can be anything but a row: empty, a heading or verbatim."""
    return line[:1] in (VERBATIM, HEADING[0], "")


def _idle(fixed: list[Fixed], chosen: list[Shared]) -> int:
    """Return how many columns at the end share nothing with anything; one cell before them always varies."""
    varying = [number for number, part in enumerate(fixed) if part.varies]
    used = {varying[offer.column] for offer in chosen} | {varying[0]}
    used |= {number for number, part in enumerate(fixed) if part.template != STAR}
    return len(fixed) - 1 - max(used)


def _body(
    lines: Sequence[str],
    is_row: Sequence[bool],
    columns: list[list[str]],
    chosen: list[Shared],
    form: Form,
) -> Iterator[str]:
    """Yield the lines below the note; rows of one cell stand side by side if the form says so."""
    whole = sum(offer.whole for offer in chosen)
    texts = _texts(_kept(columns, chosen), form)
    entries = _entries(lines, is_row, zip(_headings(columns, chosen, form), texts, strict=True))
    if not form.packed or len(columns) - whole > 1:
        yield from map(itemgetter(1), entries)
        return
    for are_rows, run in groupby(entries, key=itemgetter(0)):
        found = map(itemgetter(1), run)
        yield from [form.separator.join(found)] if are_rows else found


def _entries(
    lines: Sequence[str], is_row: Sequence[bool], parts: Iterator[tuple[str, str]]
) -> Iterator[tuple[bool, str]]:
    """Yield headings, rows (marked as such) and verbatim lines, in order."""
    written = ""
    for line, among_rows in zip(lines, is_row, strict=True):
        heading, text = next(parts) if among_rows else ("", "")
        if not (heading and text):
            bare = not (line and written) and not line.startswith((HEADING, VERBATIM))
            yield False, line if bare else VERBATIM + line
            continue
        if heading != written:
            written = heading
            yield False, heading
        yield True, text


def _texts(columns: list[list[str]], form: Form) -> Iterator[str]:
    """Yield each row as one line, or nothing for a row that could not be read back as what it is."""
    rows = zip(*columns, strict=True)
    if any(form.separator in cells or '"' in cells for cells in map("".join, columns)):
        yield from (_readable(row, form) for row in rows)
        return
    for row in rows:
        text = form.separator.join(row)
        yield _readable(row, form) if _is_special(text) else text


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


def _kept(columns: list[list[str]], chosen: list[Shared]) -> list[list[str]]:
    """Return what the headings leave to the rows, column by column."""
    offers = {offer.column: offer for offer in chosen}
    kept = []
    for number, column in enumerate(columns):
        offer = offers.get(number)
        if offer is None:
            kept.append(column)
        elif not offer.whole:
            kept.append([cell[len(part) :] for cell, part in zip(column, offer.parts, strict=True)])
    return kept


_Filler = Callable[[Iterable[str]], list[str]]


def _filler(fixed: list[str], heading: str, form: Form, budget: Budget) -> _Filler:
    """Return what restores lines from lines below a heading."""
    cells = form.split(heading, len(fixed) - 1)
    if len(cells) != len(fixed) - 1:
        raise ValueError("a heading that does not fill the template")
    ends = [STAR if cell.endswith(STAR) else "" for cell in cells]
    shown = (before + cell.removesuffix(STAR) for before, cell in zip(fixed, cells, strict=False))
    pattern = "".join(text.replace("%", "%%") + end.replace(STAR, "%s") for text, end in zip(shown, ends, strict=True))
    pattern += fixed[-1].replace("%", "%%")
    stars = ends.count(STAR)
    budget.spend(len(pattern))

    def fill(lines: Iterable[str]) -> list[str]:
        if form.packed and stars == 1:
            filled = [cell for line in lines for cell in line.split(form.separator)]
            budget.spend(len(filled) * len(pattern))
            return [pattern % cell for cell in filled]
        rows = [tuple(form.split(line, stars)) for line in lines]
        if any(len(row) != stars for row in rows):
            raise ValueError("a row that does not fill its heading")
        budget.spend(len(rows) * len(pattern))
        return [pattern % row for row in rows]

    return fill
