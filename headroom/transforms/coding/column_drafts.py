"""How each column of a table is told most shortly.

The decisions look at the values alone: a column that never changes goes into the note, one that follows from
others becomes a template there, one that seldom differs is told at the end of the rows concerned, strings with a
common beginning or end are told without it, and arrays of objects without their keys. Strings are only cut where
a word ends.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from headroom.transforms.coding.cells import ABSENT, Absent, spell_strings
from headroom.transforms.coding.column_specs import KEY, Column
from headroom.transforms.coding.columns import Cells
from headroom.transforms.coding.json_text import Value, text_of, write
from headroom.transforms.coding.references import References, Template, template_for

_STRINGS = frozenset((str, type(None), Absent))
_MOSTLY = 3
_BLANK_COST = 3
_MIN_AFFIX = 5
_MIN_AFFIX_OF_NAMES = 12
_MIN_TEMPLATE = 6
_MIN_OBJECTS = 3
_PIECES = re.compile("[A-Za-z]+|[0-9]{1,3}|[^A-Za-z0-9]")
"""About what a tokenizer makes of a text: words, groups of digits, signs."""
_BORDERS = frozenset(" /:-=@#?&|([{<>)]}\"'\t;!~^$%+")


@dataclass
class Draft:
    """A column on its way: its values, their cells, and what has been decided."""

    column: Column
    values: Cells
    cells: list[str]

    @cached_property
    def size(self) -> int:
        """Characters of all cells."""
        return sum(map(len, self.cells))

    @cached_property
    def texts(self) -> list[str]:
        """What a reference to each cell stands for."""
        return list(map(text_of, self.values))

    @cached_property
    def kinds(self) -> frozenset[type]:
        """The types of the values."""
        return frozenset(map(type, self.values))


def decide(drafts: list[Draft], *, keyed: bool) -> list[Draft]:
    """Decide column by column, short ones first, so that long ones can be told by the short ones."""
    names = References(draft.column.name for draft in drafts)
    identity = next((i for i, draft in enumerate(drafts) if _identifies(draft)), -1)
    decided: dict[int, Draft] = {}
    sources: list[Draft] = []
    for index in sorted(range(len(drafts)), key=lambda i: (drafts[i].size, i)):
        draft = drafts[index]
        if index == identity or (keyed and index == 0):
            new = _string_column(draft, names=True) or draft
        else:
            new = _decided(draft, sources, names)
        decided[index] = new
        if new.column.positional and not (keyed and index and new.column.name == KEY.name):
            sources.append(draft)
    return [decided[index] for index in range(len(drafts))]


def hoisted_constants(drafts: list[Draft]) -> list[Draft]:
    """Tell columns that never change in the note, all others in full."""
    return [_hoisted(draft, draft.values[0], []) if len(set(draft.cells)) == 1 else draft for draft in drafts]


def _identifies(draft: Draft) -> bool:
    """Say whether a column names its rows; names stay whole, so that they can be found and quoted."""
    return len(set(draft.cells)) == len(draft.cells) and "" not in draft.cells


def _decided(draft: Draft, sources: list[Draft], names: References) -> Draft:
    cell, count = Counter(draft.cells).most_common(1)[0]
    rows = len(draft.cells)
    value = draft.values[draft.cells.index(cell)]
    frozen = not (type(value) is str and names.in_text(value))
    if count == rows and frozen:
        return _hoisted(draft, value, [])
    filled = _filled(draft, sources, names)
    best = filled or draft
    if frozen and filled is None and _MOSTLY * count >= rows:
        exceptions = [i for i, other in enumerate(draft.cells) if other != cell]
        best = _cheaper(_hoisted(draft, value, exceptions), draft)
    if best is draft:
        return _string_column(draft) or _without_keys(draft) or draft
    return best


def _hoisted(draft: Draft, value: Value, exceptions: list[int]) -> Draft:
    """Tell the value in the header, and after the rows that differ."""
    default = "" if value is ABSENT else write(value)
    column = Column(draft.column.path, positional=False, seldom=bool(exceptions), default=default)
    cells = [""] * len(draft.cells)
    for index in exceptions:
        cells[index] = f"{column.name}={draft.cells[index]}"
    return Draft(column, draft.values, cells)


def _cheaper(seldom: Draft, positional: Draft) -> Draft:
    """Choose between cells in every row and a remark after some; a blank cell is not free to count past."""
    blanks = positional.cells.count("")
    cost = positional.size + len(positional.cells) + blanks * (_BLANK_COST - 1)
    exceptions = sum(map(bool, seldom.cells))
    remarks = seldom.size + exceptions * 2 + len(seldom.column.default)
    return seldom if remarks < 0.8 * cost else positional


def _string_column(draft: Draft, *, names: bool = False) -> Draft | None:
    """Tell strings without their common beginning and end, or at least without quotes around numbers.

    Names of rows are cut only where the common part is long.
    """
    if str not in draft.kinds or not draft.kinds <= _STRINGS:
        return None
    values = draft.values
    strings: list[str] = [value for value in values if type(value) is str]
    prefix, suffix = _worthy_affixes(strings, _MIN_AFFIX_OF_NAMES if names else _MIN_AFFIX)
    if not (prefix or suffix or any(cell[:1] == '"' for cell in draft.cells)):
        return None
    start, stop = len(prefix), -len(suffix) or None
    told = iter(spell_strings([value[start:stop] for value in strings]))
    cells = [next(told) if type(v) is str else cell for v, cell in zip(values, draft.cells, strict=True)]
    new = Draft(Column(draft.column.path, pattern=(prefix, suffix)), values, cells)
    return new if new.size < draft.size - len(prefix) - len(suffix) - 4 else None


def _worthy_affixes(strings: list[str], least: int) -> tuple[str, str]:
    """Return what all strings begin and end with if it has so many pieces; a few of them are looked at first."""
    few = [strings[0], strings[len(strings) // 2], strings[-1]]
    for looked_at in (few, strings):
        affixes = common_affixes(looked_at)
        if sum([len(_PIECES.findall(affix)) for affix in affixes]) < least:
            return "", ""
    return affixes


def _without_keys(draft: Draft) -> Draft | None:
    """Tell arrays of objects that all have the same keys as arrays of arrays."""
    if list not in draft.kinds:
        return None
    arrays = [value for value in draft.values if type(value) is list]
    objects = [item for value in arrays for item in value]
    if len(objects) < _MIN_OBJECTS or not all(type(item) is dict for item in objects):
        return None
    if len(set(map(tuple, objects))) != 1:
        return None
    cells = [
        write([list(item.values()) for item in value]) if type(value) is list else cell
        for value, cell in zip(draft.values, draft.cells, strict=True)
    ]
    return Draft(Column(draft.column.path, keys=tuple(objects[0])), draft.values, cells)


def common_affixes(strings: Sequence[str]) -> tuple[str, str]:
    """Return what all strings begin with and what the rest of all ends with, cut where words end."""
    low, high = min(strings), max(strings)
    size = _shared(low, high)
    while size and (low[size - 1] not in _BORDERS or low[size - 1] == "*"):
        size -= 1
    prefix = low[:size].partition("*")[0] if "*" in low[:size] else low[:size]
    if strings[0][-1:] != strings[-1][-1:]:
        return prefix, ""
    backwards = [text[len(prefix) :][::-1] for text in strings]
    low, high = min(backwards), max(backwards)
    size = _shared(low, high)
    while size and not (low[size - 1] in _BORDERS or (low[size - 1] == "." and not low[size - 2].isdigit())):
        size -= 1
    suffix = low[:size][::-1]
    return prefix, suffix if "*" not in suffix else ""


def _shared(one: str, other: str) -> int:
    """Return the length of the common beginning of two strings."""
    if other.startswith(one):
        return len(one)
    return next(i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)


def _filled(draft: Draft, sources: list[Draft], names: References) -> Draft | None:
    """Tell strings that follow from other columns by a template in the note."""
    if str not in draft.kinds:
        return None
    strings = [row for row, value in enumerate(draft.values) if type(value) is str]
    first, last = strings[0], strings[-1]
    for example in (first, last):
        found = _template_at(example, draft, sources)
        if found is None:
            continue
        template = Template(found, names)
        named = {source.column.name: source for source in sources}
        columns = [named[name].texts for name in template.names if name in named]
        if len(columns) < len(template.names):
            continue
        if all(draft.values[row] == template.join([column[row] for column in columns]) for row in (last, first)):
            made = zip(template.rows(columns), draft.values, strict=True)
            exceptions = [row for row, (text, value) in enumerate(made) if text != value]
            filled = _hoisted(draft, found, exceptions)
            return filled if not exceptions or _cheaper(filled, draft) is filled else None
    return None


def _template_at(row: int, draft: Draft, sources: list[Draft]) -> str | None:
    """Return a template for the string of one row, told by the other columns of that row."""
    text = str(draft.values[row])
    if len(text) < _MIN_TEMPLATE:
        return None
    known = {source.column.name: told for source in sources if (told := text_of(source.values[row]))}
    return template_for(text, known)
