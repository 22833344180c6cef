"""How the language of a text is told: by its fence, the file that a call names, its first line, or typical lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from math import ceil
from typing import NamedTuple

from headroom.transforms.coding.code_grammars import BY_NAME, GRAMMARS, Grammar

_LEAST_SIGNS = 3
_SIGNS_SHARE = 0.08
_LINES_LOOKED_AT, _GLANCE = 2000, 100
_LONGEST_LOOKED_AT = 200

_BY_EXTENSION = {extension: grammar.name for grammar in GRAMMARS for extension in grammar.extensions}
_NEITHER_PATH_NOR_NAME = re.compile(r"[^\w./\\+~@-]+")
_COMMENT_LINE = re.compile(r"(?:[*#]+|/[*/]+)(?:\s|$)")
_HEADER = re.compile(r"\w\.h\b")
"""Headers are of C or C++, which their lines tell; only where these are few, C is the likelier one."""
_INFO_WORD = re.compile(r"[\w+#]+")


class _Signs(NamedTuple):
    """What lines of a language begin with, and what they hold elsewhere, by a text that is part of it."""

    begin: re.Pattern[str]
    inside: dict[str, re.Pattern[str]]

    @classmethod
    def of(cls, *grammars: Grammar) -> _Signs:
        """Return the signs of any of the languages."""
        inside = {mark: re.compile(pattern) for grammar in grammars for mark, pattern in grammar.inside}
        return cls(re.compile("|".join(grammar.signs for grammar in grammars)), inside)

    def typical(self, lines: Sequence[str]) -> Iterator[str]:
        """Yield the lines that have one of the signs."""
        text = "\n".join(lines)
        inside = [pattern.search for mark, pattern in self.inside.items() if mark in text]
        if not inside:
            return filter(self.begin.match, lines)
        return (line for line in lines if self.begin.match(line) or any(search(line) for search in inside))


_SIGNS = {grammar.name: _Signs.of(grammar) for grammar in GRAMMARS}
_TOLD_APART = tuple({grammar.signs: grammar for grammar in reversed(GRAMMARS)}.values())[::-1]
"""The languages in order, of those with the same signs the first."""
_ANY_SIGN = _Signs.of(*_TOLD_APART)


def language_of(text: str, arguments: str = "", fence: str = "") -> str | None:
    """Return the name of the language that a text is in, or None.

    `fence` is the info string of the fence around it and decides. `arguments` are those of the call that printed it:
    a file named there decides only if the text has lines typical of its language, since a script's name may as well
    stand above its output. Else the first line tells, or the language that most lines are typical of. The answer is a
    guess until the text has been parsed.
    """
    info = _INFO_WORD.search(fence.lower())
    if info is not None:
        return _name(info[0])
    named = _by_file_name(arguments)
    if named and _has_typical(_lines_of_code(text, _GLANCE), named, _LEAST_SIGNS):
        return named
    lines = _lines_of_code(text)
    if named and _has_typical(lines, named, _LEAST_SIGNS):
        return named
    found = _by_first_line(text) or _by_signs(lines)
    is_header = found is None and _HEADER.search(arguments) and _has_typical(lines, "c", _LEAST_SIGNS)
    return "c" if is_header else found


def named_language(arguments: str) -> str:
    """Return the language of the source file that a call names, empty if it names none or several."""
    return _by_file_name(arguments) or ("c" if _HEADER.search(arguments) else "")


def has_share(lines: Sequence[str], language: str, least: float) -> bool:
    """Say whether so large a share of the lines, comments and blank ones apart, is typical of a language."""
    told = _lines_of_code("\n".join(lines))
    return _has_typical(told, language, ceil(least * max(_LEAST_SIGNS, len(told))))


def _name(word: str) -> str | None:
    grammar = BY_NAME.get(word) or BY_NAME.get(word.rstrip("0123456789."))
    return grammar.name if grammar else None


def _by_file_name(arguments: str) -> str | None:
    """Return the language of the files named, if all are of one."""
    words = _NEITHER_PATH_NOR_NAME.split(arguments)
    named = {_BY_EXTENSION.get(word.rpartition(".")[2].lower()) for word in words if "." in word} - {None}
    return named.pop() if len(named) == 1 else None


def _by_first_line(text: str) -> str | None:
    first = text[:_LONGEST_LOOKED_AT].partition("\n")[0].strip()
    if first.startswith("<?php"):
        return "php"
    if not first.startswith("#!"):
        return None
    words = [word.rpartition("/")[2] for word in first[2:].split()]
    return next((name for word in words if (name := _name(word))), None)


def _lines_of_code(text: str, most: int = _LINES_LOOKED_AT) -> list[str]:
    """Return the beginnings of the first lines, without blank ones and those that look like comments."""
    heads = (line[:_LONGEST_LOOKED_AT].strip() for line in text.split("\n", most)[:most])
    return [head for head in heads if head and not _COMMENT_LINE.match(head)]


def _has_typical(lines: Sequence[str], language: str, least: int) -> bool:
    """Say whether so many of the lines are typical of a language; looks no further than it must."""
    return sum(1 for _ in islice(_SIGNS[language].typical(lines), least)) == least


def _by_signs(lines: list[str]) -> str | None:
    """Return the language that most lines are typical of, the plainer of two that share them; None if too few are."""
    least = max(_LEAST_SIGNS, _SIGNS_SHARE * len(lines))
    told = list(_ANY_SIGN.typical(lines))
    if len(told) < least:
        return None
    counts = {grammar.name: sum(1 for _ in _SIGNS[grammar.name].typical(told)) for grammar in _TOLD_APART}
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] >= least else None
