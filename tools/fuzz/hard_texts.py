"""Texts that are hard for a pattern: made from its own parts, each repetition pumped up, and broken off at the end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from re import _constants as op  # what `re` itself parses patterns into; there is no public way to it
from re import _parser as parser
from typing import Any

COMMON = (
    "a",
    " ",
    "\n",
    "0",
    "\\",
    '"',
    "[",
    "<",
    ":",
    "a ",
    "a\n",
    "x=1, ",
    '\\"',
    "- ",
    "|-",
    "/a",
    ".",
    "a.",
    "\x1b[",
)
"""What texts that are hard for many patterns consist of."""

_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)
_OF_CATEGORY = {
    op.CATEGORY_DIGIT: "7",
    op.CATEGORY_NOT_DIGIT: "a",
    op.CATEGORY_SPACE: " ",
    op.CATEGORY_NOT_SPACE: "a",
    op.CATEGORY_WORD: "a",
    op.CATEGORY_NOT_WORD: "-",
}
_TRIED = " a0-\n.:/<\"'[]{}()=_|,;~\\\t#@A"


def hard_for(pattern: re.Pattern[Any], size: int) -> Iterator[Any]:
    """Yield texts of about `size` characters, or bytes for a pattern of bytes; none comes twice."""
    shapes: dict[tuple[str, str, str], None] = {}
    for before, unit, after in _pumped(pattern):
        whole = before + unit * 3 + after
        for shape in ((before, unit, after), (before, unit, "\x00"), ("", whole, ""), ("", before + unit, "")):
            shapes[shape] = None
    shapes |= dict.fromkeys(("", unit, "") for unit in COMMON)
    for before, unit, after in shapes:
        if unit:
            text = before + unit * (size // len(unit)) + after
            yield text if isinstance(pattern.pattern, str) else text.encode("latin-1", "replace")


def _pumped(pattern: re.Pattern[Any]) -> Iterator[tuple[str, str, str]]:
    """Yield, for each repetition in a pattern, what comes before it, what is repeated, and what follows."""
    tree = parser.parse(
        pattern.pattern, pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    )
    whole = _Example(tree, pumped=-1)
    yield "", whole.text, ""
    for number in range(whole.repeats):
        one = _Example(tree, pumped=number)
        before, _, rest = one.text.partition(_Example.START)
        unit, _, after = rest.partition(_Example.END)
        if unit:
            yield before, unit, after


class _Example:
    """A text that a pattern matches, with the marks `START` and `END` around the repetition to be pumped up."""

    START, END = "\ue000", "\ue001"

    def __init__(self, tree: Sequence[Any], pumped: int) -> None:
        self._pumped = pumped
        self._groups: dict[int, str] = {}
        self.repeats = 0
        self.text = self._of(tree)

    def _of(self, tree: Sequence[Any]) -> str:
        return "".join(self._one(code, value) for code, value in tree)

    def _one(self, code: Any, value: Any) -> str:
        if code in _REPEATS:
            return self._repeated(*value)
        if code is op.SUBPATTERN:
            text = self._of(value[3])
            self._groups[value[0]] = text.replace(self.START, "").replace(self.END, "")
            return text
        if code is op.BRANCH:
            return max((self._of(branch) for branch in value[1]), key=lambda text: self.START in text)
        if code is op.ATOMIC_GROUP:
            return self._of(value)
        if code is op.GROUPREF:
            return self._groups.get(value, "")
        return self._character(code, value)

    def _repeated(self, least: int, _: int, tree: Sequence[Any]) -> str:
        number, self.repeats = self.repeats, self.repeats + 1
        text = self._of(tree)
        if number == self._pumped:
            return self.START + text + self.END
        return text * (least or 1) if self.START not in text else text

    def _character(self, code: Any, value: Any) -> str:
        if code is op.LITERAL:
            return chr(value)
        if code is op.NOT_LITERAL:
            return next(one for one in _TRIED if ord(one) != value)
        if code is op.ANY:
            return "a"
        return self._of_set(value) if code is op.IN else ""  # what is left looks at characters, and takes none

    def _of_set(self, members: Sequence[Any]) -> str:
        first, value = members[0]
        if first is op.NEGATE:
            return next((one for one in _TRIED if not any(_holds(member, one) for member in members[1:])), "\u20ac")
        if first is op.LITERAL:
            return chr(value)
        return chr(value[0]) if first is op.RANGE else _OF_CATEGORY.get(value, "a")


def _holds(member: Any, one: str) -> bool:
    code, value = member
    if code is op.LITERAL:
        return chr(value) == one
    if code is op.RANGE:
        return value[0] <= ord(one) <= value[1]
    return value in _OF_CATEGORY and re.match(_CLASSES[value], one) is not None


_CLASSES = {
    op.CATEGORY_DIGIT: r"\d",
    op.CATEGORY_NOT_DIGIT: r"\D",
    op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w",
    op.CATEGORY_NOT_WORD: r"\W",
}
