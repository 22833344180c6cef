"""A JSON text as a document: a note, the JSON with tables and texts taken out, the tables, the texts.

    [json: ...]
    {"total":3,"items":"[table 1]"}
    [table 1: 3 rows]
    id,name
    1,one
    ...

    [text 1: 40 lines]
    ...

If the JSON is nothing but one table, its line is left out. Text before and after the JSON stays around all this.
JSON that breaks off is shown as if it were complete; the note says what the end lacks, and how it was laid out.
The names `json`, `table` and `text` get underscores where the original has such marks itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from headroom.transforms.coding.budget import MAX_GROWTH, Budget
from headroom.transforms.coding.column_specs import Column
from headroom.transforms.coding.json_bare import bared, quoted
from headroom.transforms.coding.json_layout import laid_out, layout_said
from headroom.transforms.coding.json_spelling import escape_surrogates
from headroom.transforms.coding.json_strings import COMPACT, SPACED, folded, unfolded_root
from headroom.transforms.coding.json_text import LABEL, JsonText, Value, read_all, write
from headroom.transforms.coding.json_texts import below, inlined_texts, read_texts, references, texts_of, with_texts
from headroom.transforms.coding.prototypes import Listener, Marks, Teller
from headroom.transforms.coding.table_builder import Table, table_of
from headroom.transforms.coding.tables import HEADER, read_table

_MARKS = re.compile(r"\[(?:json|table)(_*+)[: ]")
_MARKS_AND_TEXTS = re.compile(r"\[(?:json|table|text)(_*+)[: ]")
_FRONT_OF_NOTE = re.compile(rf"(?:\A|\n)(?:{LABEL})?(?=\[json)")
_NOTE = re.compile(r"\[json(_*+): (.*)\]$", re.MULTILINE)
_CUT = re.compile(r"cut off (in a string )?with ([0-9]+) brackets? open")
_LIFTED = frozenset((dict, list))
_LINES = "one value a line"
_BARE = 'k=v stands for "k":v, a blank for a comma, a word for itself in quotes'
_LEAST_BARED = 200
"""Quotation marks that go, below which it does not pay to say so."""
_TEXTS = "texts stood as strings"
_STRINGS = f"{COMPACT} and {SPACED} hold what stood as a string of JSON"
_BROKEN_LINE = "what follows stood on the last line"
_LIKE = re.compile(r'\{"(\.{3,})":"A",k:v\} is the object marked "(#+)":"A" with that k')
_COLUMN_CLAUSES: tuple[tuple[str, Callable[[Column], bool]], ...] = (
    ("c=v holds in every row", lambda column: bool(column.default) and not column.seldom),
    ("c?=v holds unless a row ends in c=w", lambda column: bool(column.default) and column.seldom),
    ("c? is absent unless a row ends in c=w", lambda column: not column.default and column.seldom),
    ("* is the cell", lambda column: column.pattern is not None and any(column.pattern)),
    ("c:[k,l] is an array of objects, given by their values of k and l", lambda column: bool(column.keys)),
    ("<c> is the cell of c", lambda column: "<" in column.default),
)


def encode_document(
    source: JsonText, check: Callable[[], None] = lambda: None, *, plain: bool = False, with_texts_below: bool = False
) -> str | None:
    """Return the document of a JSON text, or None if nothing in it can be told more shortly.

    In a plain document nothing is told by something else: there are tables, and every cell that is not the same in
    all rows stands in its row. `with_texts_below` asks for one with texts, which not every JSON text has.
    `check` is called before each part that may take long; what it raises goes on to the caller.
    """
    root, has_strings = (source.root, False) if plain else unfolded_root(source)
    texts = texts_of(root) if with_texts_below else []
    if with_texts_below and not texts:
        return None
    mark = "_" * _underscores(source, _MARKS_AND_TEXTS if texts else _MARKS)
    root = with_texts(root, references(f"text{mark}", texts)) if texts else root
    tables: list[Table] = []
    skeleton = _Lifter(f"table{mark}", tables, check, plain).lifted(root)
    teller = Teller(skeleton)
    if not plain:
        skeleton = teller.told()
    line = "" if type(skeleton) is str else write(skeleton)
    bare = _bare(source, line) if plain else ""
    if not (tables or teller.references or has_strings or bare or texts):
        return None
    parts = [bare or line] if line else []
    parts += [table.text(f"table{mark}", number) for number, table in enumerate(tables, 1)]
    parts += below(f"text{mark}", texts)
    said = ((_TEXTS, texts), (_STRINGS, has_strings), (_BARE, bare))
    clauses = [*_clauses(source, tables, teller), *[clause for clause, holds in said if holds]]
    return _noted(source, mark, clauses, parts)


def encode_minified(source: JsonText) -> str | None:
    """Return JSON that breaks off in one line, under a note on its layout; None if it has no layout to speak of."""
    if source.layout is None or not source.layout.clauses:
        return None
    return _noted(source, "_" * _underscores(source, _MARKS), _of_source(source), [write(source.root)])


def _noted(source: JsonText, mark: str, clauses: Iterable[str], parts: list[str]) -> str | None:
    """Return the parts under a note, the text around the JSON around all this; None if they would unfold too far."""
    body = escape_surrogates("\n".join([f"[json{mark}: {'; '.join(clauses)}]", *parts]))
    text = source.before + body + ("\n" if _breaks_line(source) else "") + source.after
    return text if _grows_little(source, text) else None


def _bare(source: JsonText, line: str) -> str:
    """Return the JSON line without needless quotes, nothing if that is not worth a note.

    What follows JSON that breaks off goes on as JSON, and values of their own lines keep these.
    """
    if source.closers or len(source.values) > 1:
        return ""
    bare = bared(line)
    return bare if len(line) - len(bare) >= _LEAST_BARED else ""


def _grows_little(source: JsonText, text: str) -> bool:
    """Say whether the document is within what a decoder unfolds; spelling a text makes it six times as long at most."""
    limit = MAX_GROWTH * len(text) // 2
    return 6 * len(source.text) < limit or len(source.canonical) < limit


def _underscores(source: JsonText, marks: re.Pattern[str]) -> int:
    """Return how many underscores keep our marks apart from those that stand in the original."""
    text = source.canonical if "\\u" in source.text else source.text
    if "[json" not in text and "[t" not in text:
        return 0
    return max((len(found[1]) + 1 for found in marks.finditer(text)), default=0)


def _breaks_line(source: JsonText) -> bool:
    """Say whether text follows on the line of the JSON, so that a line break of ours goes between.

    One always does where the JSON breaks off: what follows stood right there.
    """
    return bool(source.after) and (bool(source.closers) or not source.after.startswith("\n"))


@dataclass(frozen=True, slots=True)
class _Lifter:
    """Takes the tables out of a value, outermost first, and leaves references in their places."""

    mark: str
    tables: list[Table]
    check: Callable[[], None]
    plain: bool

    def lifted(self, value: Value) -> Value:
        """Return the value with its tables replaced by references."""
        if type(value) not in _LIFTED:
            return value
        self.check()
        table = table_of(value, plain=self.plain)
        if table is not None:
            self.tables.append(table)
            return f"[{self.mark} {len(self.tables)}]"
        if type(value) is dict:
            return {k: self.lifted(v) if type(v) in _LIFTED else v for k, v in value.items()}
        return [self.lifted(v) if type(v) in _LIFTED else v for v in value]


def _clauses(source: JsonText, tables: list[Table], teller: Teller) -> Iterator[str]:
    """Say what a reader has to know, and no more."""
    if tables:
        yield "tables hold what stood as JSON"
    if teller.references:
        marks = teller.marks
        yield f'{{"{marks.like}":"A",k:v}} is the object marked "{marks.label}":"A" with that k, in its addresses too'
    yield from _of_source(source)
    columns = [column for table in tables for column in table.columns]
    yield from (clause for clause, needed in _COLUMN_CLAUSES if any(map(needed, columns)))


def _of_source(source: JsonText) -> Iterator[str]:
    """Say how the JSON stood in its text, where that is not as one value, complete and followed by a line break."""
    if len(source.values) > 1:
        yield _LINES
    if source.closers:
        brackets = source.closers.lstrip('"')
        within, plural = "" if brackets == source.closers else "in a string ", "" if len(brackets) == 1 else "s"
        yield f"cut off {within}with {len(brackets)} bracket{plural} open"
        yield from source.layout.clauses if source.layout else ()
    elif _breaks_line(source):
        yield _BROKEN_LINE


def decode_document(text: str) -> str:
    """Restore the canonical spelling of the JSON text, that of JSON that breaks off in its layout.

    Raises ValueError if `text` is not a document.
    """
    fronts = _FRONT_OF_NOTE.finditer(text) if "[json" in text else ()
    notes = [note for front in fronts if (note := _NOTE.match(text, front.end()))]
    if not notes:
        raise ValueError("no note of a JSON document")
    note = max(notes, key=lambda found: len(found[1]))
    lines = text[note.end() + 1 :].split("\n")
    mark = f"table{note[1]}"
    skeleton, used = f'"[{mark} 1]"', 0
    if not HEADER.fullmatch(lines[0]):
        skeleton, used = quoted(lines[0]) if _BARE in note[2] else lines[0], 1
    budget = Budget(text)
    tables, used = _tables(lines, used, mark, budget)
    body = escape_surrogates(_inlined(_untold(skeleton, note[2], budget), mark, tables))
    texts, used = read_texts(lines, used, f"text{note[1]}") if _TEXTS in note[2] else ([], used)
    after = "\n".join(lines[used:])
    cut = _CUT.search(note[2])
    joint = "\n" if used < len(lines) and not cut and _BROKEN_LINE not in note[2] else ""
    if texts or _STRINGS in note[2]:
        value = inlined_texts(read_all(body), f"text{note[1]}", texts)
        body = escape_surrogates(write(folded(value) if _STRINGS in note[2] else value))
    if _LINES in note[2]:
        body = escape_surrogates("\n".join([write(value) for value in read_all(body)]))
    if cut:
        body = laid_out(body[: -int(cut[2]) - bool(cut[1])], layout_said(note[2]), Budget(text))
    return "".join((text[: note.start()], body, joint, after))


def _tables(lines: list[str], start: int, mark: str, budget: Budget) -> tuple[list[str], int]:
    """Read the tables from line `start` on; return their JSON texts and the first line after them."""
    tables: list[str] = []
    while start < len(lines):
        header = HEADER.fullmatch(lines[start])
        if header is None or header[1] != mark or int(header[2]) != len(tables) + 1:
            break
        end = start + 2 + int(header[3])
        tables.append(read_table(header, lines[start + 1 : end], budget))
        start = end
    return tables, start


def _untold(skeleton: str, note: str, budget: Budget) -> str:
    """Restore the objects of the JSON line that are told by others."""
    like = _LIKE.search(note)
    if like is None:
        return skeleton
    return write(Listener(Marks(like[2], like[1]), budget).untold(read_all(skeleton)))


def _inlined(text: str, mark: str, tables: list[str]) -> str:
    """Put the tables back where they are referred to, each in one place, in order."""
    place = re.compile(rf'"\[{mark} ([0-9]+)\]"')
    if [int(number) for number in place.findall(text)] != list(range(1, len(tables) + 1)):
        raise ValueError("tables and their places differ")
    return place.sub(lambda found: tables[int(found[1]) - 1], text)
