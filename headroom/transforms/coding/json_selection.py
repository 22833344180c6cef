"""Parts of a JSON value that can go: most rows of long arrays and long maps, and what is long within strings.

The largest arrays lose rows without a trace in the JSON, so that what stays is a table still; which rows stay is told
by a phrase each. Any other long array has a note in each of its gaps:

    [0.12,0.15,"[rows 3-1534 left out: -0.98 to 0.97]",0.11]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from headroom.transforms import log_formats
from headroom.transforms.base import Hint
from headroom.transforms.coding.column_profiles import spread
from headroom.transforms.coding.failure_fields import failure_field
from headroom.transforms.coding.focus import Focus
from headroom.transforms.coding.json_places import LEAST_CHARACTERS, Path, about, places
from headroom.transforms.coding.json_rows import rows_of
from headroom.transforms.coding.json_text import CONTAINERS, JsonText, Pairs, Value, read_all, scalar, write
from headroom.transforms.coding.line_reduction import reduced
from headroom.transforms.coding.long_values import SHORTEST, shortened
from headroom.transforms.coding.notes import all_but, bracketed, left_out
from headroom.transforms.coding.row_selection import MIN_ROWS, Rows
from headroom.transforms.view import SAMPLE_LINES

_MOST_TABLES = 6
_MIN_SCALARS = 40
_LONG_SCALARS = 1_000
_LOG = 0.5
"""Share of lines that belong to a log in a string that is one."""
_LEAST_GAP = 80
"""Characters of values that are worth a note in their place."""
_RICH = 250
"""Characters of a member, on average, beside which its key costs little: keys stay though their values go."""
_LONG_JSON = 1_000
_SHOWN_KEY = re.compile(r"[\w.-]{1,40}")
_SHOWN_KEYS = 4


def cut_short(source: JsonText, hint: Hint, check: Callable[[], None]) -> tuple[str, str] | None:
    """Return a text with less JSON in it and the note on what is missing, None if there is nothing worth cutting.

    The text around the JSON stays; JSON that breaks off still breaks off where it did.
    """
    cutter = _Cutter(hint, check, len(source.text))
    root = cutter.cut(source.root)
    if not cutter.note:
        return None
    values = root if len(source.values) > 1 else [root]
    body = "\n".join(map(write, values))
    if not body.endswith(source.closers):
        return None
    return source.before + body[: len(body) - len(source.closers)] + source.after, cutter.note


@dataclass
class _Cutter:
    """Cuts one value; `note` tells what was left out."""

    hint: Hint
    check: Callable[[], None]
    whole: int
    within_string: bool = False
    _tables: dict[int, Path] = field(default_factory=dict)
    _phrases: list[str] = field(default_factory=list)
    _short: int = 0

    def cut(self, root: Value) -> Value:
        """Return the value without what can go."""
        largest = sorted(places(root), key=lambda place: -place.size)[:_MOST_TABLES]
        self._tables = {id(place.value): place.path for place in largest}
        return self._cut(root, failure=False)

    @property
    def note(self) -> str:
        """What is missing, empty if nothing is."""
        short = f"{self._short} long {'value' if self._short == 1 else 'values'} cut short, noted in place"
        return "; ".join([*self._phrases, *[short] * bool(self._short)])

    def _cut(self, value: Value, *, failure: bool) -> Value:
        kind = type(value)
        if kind is str:
            return value if len(value) < SHORTEST else self._string(value, failure=failure)
        if kind is dict:
            failure = failure or _is_failure(value)
            return {key: self._cut(inner, failure=failure) for key, inner in self._members(value)}
        if kind is Pairs:
            return Pairs((key, self._cut(inner, failure=failure)) for key, inner in value)
        return self._array(value, failure=failure) if kind is list else value

    def _string(self, text: str, *, failure: bool) -> str:
        json = self._json(text)
        if json:
            return json
        short = "\n".join(self._log(text.split("\n"))) or shortened(text, self.whole, failure=failure)
        self._short += short != text
        return short

    def _json(self, text: str) -> str:
        """Return what stays of a string that is JSON itself; empty if it is none, or stands in such a string."""
        if len(text) < _LONG_JSON or text[0] not in "{[" or self.within_string:
            return ""
        try:
            value = read_all(text)
        except ValueError:
            return ""
        inner = _Cutter(self.hint, self.check, self.whole, within_string=True)
        short = write(inner.cut(value))
        self._phrases += inner._phrases
        self._short += inner._short
        return short if inner.note else text

    def _log(self, lines: list[str]) -> list[str]:
        """Return the lines of a log that stay, with notes between them; none if these are no log or all stay."""
        if len(lines) < MIN_ROWS or log_formats.share(spread(lines, SAMPLE_LINES)) < _LOG:
            return []
        short = reduced(lines, self.hint, self.check)
        return [] if short is None else short[0].split("\n")

    def _members(self, value: dict[str, Value]) -> Iterator[tuple[str, Value]]:
        """Yield the members of an object that stay; where they are rich, a note stands for each of the others."""
        if id(value) not in self._tables:
            yield from value.items()
            return
        rows = rows_of(list(value.values()), list(value))
        is_rich = about(value) >= _RICH * len(value)
        kept = set(self._kept(value, rows, "values" if is_rich else "members"))
        for at, (key, member) in enumerate(value.items()):
            if at in kept:
                yield key, member
            elif is_rich:
                yield key, bracketed(f"{_keys(member)}{len(write(member)):,} characters left out")

    def _array(self, value: list[Value], *, failure: bool) -> list[Value]:
        if id(value) in self._tables:
            return [self._cut(value[at], failure=failure) for at in self._kept(value, rows_of(value), "rows")]
        if not _is_long(value):
            return [self._cut(item, failure=failure) for item in value]
        short: list[Value] = self._log(value) if set(map(type, value)) == {str} else []
        short = short or list(self._gapped(value, failure=failure))
        self._short += len(short) < len(value)
        return short

    def _kept(self, table: Value, rows: Rows, unit: str) -> list[int]:
        """Return which members of a table stay, and note which do not."""
        self.check()
        total = len(rows.sizes)
        kept = rows.selected(Focus(self.hint))
        hidden = sorted(set(range(total)).difference(kept))
        if hidden:
            phrase = all_but(unit, [at + 1 for at in kept], total, rows.told(hidden))
            self._phrases.append(_at(self._tables[id(table)]) + phrase)
        return kept

    def _gapped(self, value: list[Value], *, failure: bool) -> Iterator[Value]:
        """Yield what stays of an array, with a note in each gap that is worth one."""
        rows = rows_of(value)
        for above, here in pairwise([-1, *rows.landmarks(Focus(self.hint))]):
            gap = range(above + 1, here)
            if sum(rows.sizes[at] for at in gap) < _LEAST_GAP:
                yield from (self._cut(value[at], failure=failure) for at in gap)
            else:
                yield bracketed(left_out("rows", [at + 1 for at in gap], rows.told(gap)))
            yield self._cut(value[here], failure=failure)


def _at(path: Path) -> str:
    """Return what to write before a phrase about the array at a path; a key that is no plain name is a star."""
    shown = [part if _SHOWN_KEY.fullmatch(part) else "*" for part in path]
    return f"{'.'.join(shown)}: " if shown else ""


def _is_long(value: list[Value]) -> bool:
    """Say whether an array that is none of the largest is so long that its middle goes."""
    plain = not value or type(value[0]) not in CONTAINERS
    if len(value) < (_MIN_SCALARS if plain else MIN_ROWS):
        return False
    return about(value) >= (_LONG_SCALARS if plain else LEAST_CHARACTERS)


def _keys(member: Value) -> str:
    """Return the keys of a member as a note may show them, followed by a colon; empty if it has none to show."""
    keys = list(member) if type(member) is dict else []
    shown = [key for key in keys if _SHOWN_KEY.fullmatch(key)]
    return f"{', '.join(shown[:_SHOWN_KEYS])}{', ...' if len(keys) > _SHOWN_KEYS else ''}: " if shown else ""


def _is_failure(value: dict[str, Value]) -> bool:
    """Say whether a field of an object tells of its failure."""
    for key, inner in value.items():
        told = failure_field(key) if type(inner) not in CONTAINERS else None
        if told is not None and told.tells and told.failed(inner if type(inner) is str else scalar(inner)):
            return True
    return False
