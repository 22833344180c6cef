"""Listings (find, ls, du, tar, dpkg, ps, df, docker, kubectl, maps): padding out, shared parts in headings.

    [listing: 3 lines like /srv/app/*; a line "> ..." fills some *, what stands below it the others]
    > src/api/*
    views.py urls.py
    > src/*
    settings.py

See `coding.groups` for the grammar and `coding.padding` for what counts as padding. In the plain tier what neighbouring
lines begin with is set above them instead (`coding.headings`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

from headroom.blocks import Fidelity, Lossless, Reduction, Tier
from headroom.transforms.base import Compressor, Context, Hint
from headroom.transforms.coding import headings
from headroom.transforms.coding.budget import Budget
from headroom.transforms.coding.focus import Focus
from headroom.transforms.coding.groups import Form, group, ungroup
from headroom.transforms.coding.listing_rows import LONG, selected_entries
from headroom.transforms.coding.padding import unpadded
from headroom.transforms.coding.probing import share
from headroom.transforms.coding.records import SEPARATORS, has_key, repeated, runs, tabulate, untabulate
from headroom.transforms.coding.table_rows import LineTable
from headroom.transforms.coding.tree import Undrawn, draw, undraw
from headroom.transforms.view import View, let_go

_NOTE = re.compile(
    r"\[listing: (\d+) lines(, cells two blanks apart,)? like (.*);"
    r' a line "> \.\.\." fills some \*, what stands below it the others\]'
)
_RECORDS_NOTE = re.compile(
    r'\[listing: (\d+) lines; a line "> \.\.\." names keys, "= \.\.\." gives the values for its \*,'
    rf' cells end at "({"|".join(map(re.escape, SEPARATORS))})"\]'
)
_TREE_NOTE = re.compile(
    r"\[listing: a tree of (\d+) lines, one blank a level; drawn with ([a-z ]+), cut at levels \(([\d ]*)\)\]"
)
_HEADED_NOTES = {f"[listing: {headings.clause(sign)}]": sign for sign in headings.SIGNS}
_KNOWN = re.compile(
    r"[-dlcbpsD][-rwxsStTl]{9}[.+@]? +\S"  # ls -l, tar tv
    r"|(?:[A-Za-z]:(?=\\))?[^\s/\\:,;=\"'<>{}()\[\]]*+[/\\][^\s:,;=\"'<>{}()\[\]]*+(?::\d++)?$"  # one path, grep -c
    r"|(?:\./|/)[^:,;=\"'<>{}]++$"  # one path with blanks
    r"|\s{0,8}(?:\d[\d.,]*+[KMGTPk]?i?B?|[0-9a-f]{32,128})[\t ]{1,4}\*?[^\s:/.]*+[/.][^\s:]*+$"  # du, wc, sums
    r"|[0-9a-f]{6,16}-[0-9a-f]{6,16} [-r]"  # maps
    r"|(?:[│|]\s{1,3}|\s{2,4})*+(?:[├└]─|\|-- |`-- |\+- |\\- )"  # a branch of a tree
)
_BETWEEN = re.compile(r"total \d|[^\s:/.]*+[/.][^\s:]*+:$")
_COMMIT = re.compile(r"commit [0-9a-f]{7,64}(?: \(.*\))?")
_TIME = re.compile(r"\W?(?:\d\d(?:\d\d)?[-/.]\d\d[-/.\d]*[T ]|[A-Z][a-z]{2} +\d{1,2} )?\d\d:\d\d")
_PADDED = re.compile(r"(?<=\S) {2,}(\S+)")
_MAX_CELLS = 12
_MIN_LINES = 4
_HEADER_LINES = 6
_LOOKED_AT = 240


class ListingCompressor(Compressor):
    """Says what the lines of a listing share once."""

    name: ClassVar[str] = "listing_compressor"

    def evidence(self, view: View, hint: Hint) -> float:  # noqa: ARG002 - a hint is no proof
        """Return the share of sampled lines that are rows of a known listing or line up in columns."""
        lines = view.sample
        if len(lines) < _MIN_LINES:
            return 0.0
        known = sum(map(_is_known, lines)) / len(lines) if share(lines, _is_known) >= 0.25 else 0.0
        return known if known >= 0.5 else max(_aligned(lines), _recorded(view.lines[:_LOOKED_AT]))

    def candidates(self, view: View, context: Context) -> Iterable[Lossless]:
        """Yield the listing without padding, and with what lines share in headings."""
        view.forget("lines")
        text = unpadded(view.text)
        fidelity = Fidelity.BYTES if text == view.text else Fidelity.DISPLAY
        context.check()
        if not text.startswith("[listing: "):
            yield Lossless(text, fidelity, "listing.unpadded", Tier.PLAIN)
        if self._is_own(view.text):
            return
        tier = Tier.PLAIN if context.tier is Tier.PLAIN else Tier.LEGEND
        for encoding, write in _FORMS[tier].items():
            context.check()
            written = write(text)
            if written is not None:
                yield Lossless(written, fidelity, encoding, tier)

    def reductions(self, view: View, hint: Hint, context: Context) -> Iterable[Reduction]:
        """Yield a long listing with the entries that matter; headings and whatever else is no entry stay."""
        if len(view.lines) < LONG:
            return
        lines = unpadded(view.text).split("\n")
        context.check()
        form = _form(lines)
        rows = [row for _, row in _rows(lines, form)]
        short = selected_entries(LineTable(lines, rows), Focus(hint))
        if short is not None:
            yield Reduction(*short, "listing.selected")

    def decode(self, text: str) -> str:
        """Restore the listing, without padding."""
        note, _, body = text.partition("\n")
        lines = body.split("\n")
        if rows := _NOTE.fullmatch(note):
            return "\n".join(ungroup(rows[3], lines, _WIDE if rows[2] else _SPACED, Budget(text)))
        if records := _RECORDS_NOTE.fullmatch(note):
            return "\n".join(untabulate(records[2], lines, Budget(text)))
        if sign := _HEADED_NOTES.get(note):
            return "\n".join(headings.decode(lines, sign, Budget(text)))
        if tree := _TREE_NOTE.fullmatch(note):
            return "\n".join(draw(Undrawn(tree[2], tuple(map(int, tree[3].split())), lines)))
        return text

    def normal(self, text: str, of: Fidelity) -> str:
        """Return the listing without padding, or the listing itself if it has none."""
        return unpadded(text) if of is Fidelity.DISPLAY else text

    def _is_own(self, text: str) -> bool:
        """Say whether a text is what this compressor makes: to read it and write it again changes nothing."""
        if not text.startswith("[listing: "):
            return False
        try:
            listing = self.decode(text)
        except ValueError:
            return False
        return any(write(listing) == text for forms in _FORMS.values() for write in forms.values())


def _split(line: str, cells: int) -> list[str]:
    return line.split(" ", cells - 1)


def _split_wide(line: str, cells: int) -> list[str]:
    return line.split("  ", cells - 1)


_SPACED = Form(" ", " ", _split, packed=True)
_TABBED = Form("\t", " ", _split, packed=True)
_WIDE = Form("  ", "  ", _split_wide, packed=True)


def _grouped(text: str) -> str | None:
    """Write a listing under headings, or return None if its lines share nothing."""
    lines = text.split("\n")
    form = _form(lines)
    grouped = group(_rows(lines, form, let_go), form)
    return grouped.under(_note(text.count("\n") + 1, grouped.template, form)) if grouped else None


def _tabulated(text: str) -> str | None:
    """Write repeated records as rows, or return None if there are none."""
    lines = text.split("\n")
    tabulated = tabulate(lines) if _recorded(lines[:_LOOKED_AT]) else None
    if tabulated is None:
        return None
    separator, body = tabulated
    return "\n".join([_records_note(len(lines), separator), *body])


def _records_note(lines: int, separator: str) -> str:
    names = 'a line "> ..." names keys, "= ..." gives the values for its *'
    return f'[listing: {lines} lines; {names}, cells end at "{separator}"]'


def _undrawn(text: str) -> str | None:
    """Write the drawing of a tree by indentation, or return None if it is none."""
    lines = text.split("\n")
    tree = undraw(lines)
    if tree is None:
        return None
    note = f"[listing: a tree of {len(lines)} lines, one blank a level; drawn with {tree.style}, cut at levels "
    return "\n".join([f"{note}({' '.join(map(str, tree.cut))})]", *tree.lines])


def _headed(text: str) -> str | None:
    """Write what neighbouring lines begin with above them, or return None if that is not worth it."""
    sign, lines = headings.encode(text.split("\n"))
    return "\n".join([f"[listing: {headings.clause(sign)}]", *lines]) if sign else None


_FORMS = {
    Tier.PLAIN: {"listing.headings": _headed},
    Tier.LEGEND: {"listing.grouped": _grouped, "listing.records": _tabulated, "listing.tree": _undrawn},
}


def _is_known(line: str) -> bool:
    return bool(_KNOWN.match(line) or _BETWEEN.match(line))


def _recorded(lines: list[str]) -> float:
    """Return the share of lines that belong to records with keys that come again; a git log is known by its commits."""
    if sum(1 for line in lines if line[:7] == "commit " and _COMMIT.fullmatch(line)) > 1:
        return 0.0 if any(line.startswith("@@ ") for line in lines) else 0.6
    if share(lines, has_key) < 0.25:
        return 0.0
    found = list(runs(lines))
    shapes = repeated(found, 2)
    return sum(len(run.keys) for run in found if run.keys in shapes) / len(lines)


def _note(lines: int, template: str, form: Form) -> str:
    like = f"lines{', cells two blanks apart,' if form is _WIDE else ''} like {template}"
    return f'[listing: {lines} {like}; a line "> ..." fills some *, what stands below it the others]'


def _aligned(lines: list[str]) -> float:
    """Return the share of lines that have a field after padding where most others have one too.

    Logs line up as well, but their lines begin with a time.
    """
    if share(lines, _PADDED.search) < 0.4:
        return 0.0
    if sum(1 for line in lines if _TIME.match(line)) > len(lines) / 2:
        return 0.0
    fields = [found for line in lines for found in _PADDED.finditer(line[:400])]
    places = (Counter(found.start(1) for found in fields), Counter(found.end(1) for found in fields))
    most = max(max(counts.values(), default=0) for counts in places) / len(lines)
    return min(most, 0.6) if most >= 0.6 else 0.0


def _form(lines: list[str]) -> Form:
    """Return how the cells of most lines are separated: by one tab, by two blanks or by one."""
    if sum(1 for line in lines if line.count("  ") > 1) > len(lines) / 2:
        return _WIDE
    tabbed = sum(1 for line in lines if line.count("\t") == 1)
    return _TABBED if tabbed > len(lines) / 2 else _SPACED


def _rows(
    lines: list[str], form: Form, read: Callable[[list[str]], Iterable[str]] = iter
) -> Iterator[tuple[str, list[str] | None]]:
    """Yield lines and their cells; those with too few cells, an indentation or above the first row have none.

    `read` goes through the lines.
    """
    width = _width([line.count(form.glue) + 1 for line in lines if line] or [1])
    first = _first_row(lines) if width > 2 else 0
    for at, line in enumerate(read(lines)):
        row = line.split(form.glue, width - 1)
        yield line, row if at >= first and len(row) == width and all(row) else None


def _width(counts: list[int]) -> int:
    """Return how many cells nearly all rows have at least; lines between rows have fewer than half of them."""
    usual = sorted(counts)[(len(counts) - 1) // 2]
    rows = sorted(count for count in counts if 2 * count > usual)
    return min(rows[len(rows) // 10], _MAX_CELLS)


def _first_row(lines: list[str]) -> int:
    """Return where the rows begin: a line without a digit at the top is a header."""
    for at, line in enumerate(lines[:_HEADER_LINES]):
        if any(map(str.isdigit, line)):
            return at
    return 0
