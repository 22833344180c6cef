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
from itertools import chain, count, groupby, islice, repeat
from operator import itemgetter

from headroom.transforms.coding.budget import Budget
from headroom.transforms.coding.shared import STAR, Fixed, OnceEach, Shared, choose, fixed_part

HEADING = "> "
VERBATIM = "|"
_AT_A_TIME = 1024
"""Lines that are held as objects of their own, which take several times as much memory as their text."""
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
    """Rows under headings: the template of all rows, and what the lines below the note are made of.

    `others` are the lines that are no rows. `columns` hold what varies of the rows, `chosen` says what of it goes into
    headings.
    """

    template: str
    others: list[str]
    is_row: bytearray
    columns: list[list[str]]
    chosen: list[Shared]
    form: Form

    @property
    def body(self) -> list[str]:
        """The lines below the note."""
        return list(_body(self))

    def under(self, note: str) -> str:
        """Return the text: a note and the lines below it."""
        rest = chain([note], _body(self))
        parts = []
        while some := list(islice(rest, _AT_A_TIME)):
            parts.append("\n".join(some))
        return "\n".join(parts)

    def line(self, row: int) -> str:
        """Return a row as the line that it was."""
        fixed = self.template.split(STAR)
        cells = [column[row] for column in self.columns]
        return "".join(chain.from_iterable(zip(fixed, cells, strict=False))) + fixed[-1]


def group(lines: Iterable[tuple[str, Sequence[str] | None]], form: Form) -> Grouped | None:
    """Write rows of equal width under headings; a line whose row is None stays as it is.

    Returns None where there are no rows or nothing varies. `form.glue.join(row)` is the line. Of the lines only those
    that are no rows are held.
    """
    is_row, columns, others = _columns(lines)
    if sum(is_row) < 2:
        return None
    parts = _parted(columns)
    chosen = _chosen(parts)
    while form.packed and (idle := _idle(parts, chosen)) > 1:
        last = list(map(form.glue.join, zip(*[part.rest for part in parts[-idle:]], strict=True)))
        del parts[-idle:]
        parts += _parted([last])
        chosen = _chosen(parts)
    template = form.glue.join(part.fixed.template for part in parts)
    varying = [part.rest for part in parts if part.fixed.varies]
    return Grouped(template, others, is_row, varying, chosen, form) if varying else None


def _columns(lines: Iterable[tuple[str, Sequence[str] | None]]) -> tuple[bytearray, list[list[str]], list[str]]:
    """Say which lines are rows and turn these into columns, some at a time: rows are large. Return the others, too."""
    is_row = bytearray()
    columns: list[OnceEach] = []
    others: list[str] = []
    rest = iter(lines)
    while some := list(islice(rest, _AT_A_TIME)):
        is_row += bytes([row is not None for _, row in some])
        others += [line for line, row in some if row is None]
        for number, cells in enumerate(zip(*[row for _, row in some if row is not None], strict=True)):
            if number == len(columns):
                columns.append(OnceEach())
            columns[number].extend(cells)
    return is_row, [column.cells for column in columns], others


@dataclass(frozen=True, slots=True)
class _Part:
    """A column taken apart: what all its cells share, and what varies."""

    fixed: Fixed
    rest: list[str]


def _parted(columns: list[list[str]]) -> list[_Part]:
    """Take columns apart, and out of the list, so that no cell is held whole and cut."""
    parts = []
    while columns:
        column = columns.pop(0)
        fixed = fixed_part(column)
        parts.append(_Part(fixed, fixed.rest(column)))
    return parts


def _chosen(parts: Sequence[_Part]) -> list[Shared]:
    varying = [part.rest for part in parts if part.fixed.varies]
    return choose(varying) if varying else []


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


def _idle(parts: Sequence[_Part], chosen: list[Shared]) -> int:
    """Return how many columns at the end share nothing with anything; one cell before them always varies."""
    varying = [number for number, part in enumerate(parts) if part.fixed.varies]
    used = {varying[offer.column] for offer in chosen} | set(varying[:1])
    used |= {number for number, part in enumerate(parts) if part.fixed.template != STAR}
    return len(parts) - 1 - max(used)


def _body(grouped: Grouped) -> Iterator[str]:
    """Yield the lines below the note; rows of one cell stand side by side if the form says so."""
    columns, chosen, form = grouped.columns, grouped.chosen, grouped.form
    parts = zip(_headings(columns, chosen, form), _texts(columns, chosen, form), strict=True)
    entries = _entries(grouped, parts)
    if not form.packed or len(columns) - sum(offer.whole for offer in chosen) > 1:
        yield from map(itemgetter(1), entries)
        return
    for are_rows, run in groupby(entries, key=itemgetter(0)):
        found = map(itemgetter(1), run)
        yield from [form.separator.join(found)] if are_rows else found


def _entries(grouped: Grouped, parts: Iterator[tuple[str, str]]) -> Iterator[tuple[bool, str]]:
    """Yield headings, rows (marked as such) and verbatim lines, in order."""
    others, rows, written = iter(grouped.others), count(), ""
    for among_rows in grouped.is_row:
        row, (heading, text) = (next(rows), next(parts)) if among_rows else (0, ("", ""))
        if not (heading and text):
            line = grouped.line(row) if among_rows else next(others)
            bare = not (line and written) and not line.startswith((HEADING, VERBATIM))
            yield False, line if bare else VERBATIM + line
            continue
        if heading != written:
            written = heading
            yield False, heading
        yield True, text


def _texts(columns: list[list[str]], chosen: list[Shared], form: Form) -> Iterator[str]:
    """Yield each row as one line, or nothing for a row that could not be read back as what it is."""
    rows = zip(*_kept(columns, chosen), strict=True)
    if any(form.separator in cells or '"' in cells for cells in map("".join, _kept(columns, chosen))):
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


def _kept(columns: list[list[str]], chosen: list[Shared]) -> Iterator[Iterable[str]]:
    """Yield what the headings leave to the rows, column by column."""
    offers = {offer.column: offer for offer in chosen}
    for number, column in enumerate(columns):
        offer = offers.get(number)
        if offer is None:
            yield column
        elif not offer.whole:
            yield map(str.removeprefix, column, offer.parts)


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
