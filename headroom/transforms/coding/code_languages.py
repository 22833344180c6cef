"""How the language of a text is told: by its fence, the file that a call names, its first line, or typical lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from headroom.transforms.coding.code_grammars import BY_NAME, GRAMMARS

_LEAST_SIGNS = 3
_SIGNS_SHARE = 0.08
_LINES_LOOKED_AT = 2000
_LONGEST_LOOKED_AT = 200

_BY_EXTENSION = {extension: grammar.name for grammar in GRAMMARS for extension in grammar.extensions}
_SIGNS = {grammar.name: re.compile(grammar.signs) for grammar in GRAMMARS}
_NEITHER_PATH_NOR_NAME = re.compile(r"[^\w./\\+~@-]+")
_COMMENT_LINE = re.compile(r"(?:[*#]+|/[*/]+)(?:\s|$)")
_HEADER = re.compile(r"\w\.h\b")
"""Headers are of C or C++, which their lines tell; only where these are few, C is the likelier one."""
_INFO_WORD = re.compile(r"[\w+#]+")


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
    lines = _lines_of_code(text)
    named = _by_file_name(arguments)
    if named and _typical(lines, named) >= _LEAST_SIGNS:
        return named
    found = _by_first_line(text) or _by_signs(lines)
    is_header = found is None and _typical(lines, "c") >= _LEAST_SIGNS and _HEADER.search(arguments)
    return "c" if is_header else found


def named_language(arguments: str) -> str:
    """Return the language of the source file that a call names, empty if it names none or several."""
    return _by_file_name(arguments) or ("c" if _HEADER.search(arguments) else "")


def typical_share(lines: Sequence[str], language: str) -> float:
    """Return the share of the lines, comments and blank ones apart, that are typical of a language."""
    told = _lines_of_code("\n".join(lines))
    return _typical(told, language) / max(_LEAST_SIGNS, len(told))


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


def _lines_of_code(text: str) -> list[str]:
    """Return the beginnings of the first lines, without blank ones and those that look like comments."""
    heads = (line[:_LONGEST_LOOKED_AT].strip() for line in text.split("\n", _LINES_LOOKED_AT)[:_LINES_LOOKED_AT])
    return [head for head in heads if head and not _COMMENT_LINE.match(head)]


def _typical(lines: list[str], language: str) -> int:
    """Return how many of the lines are typical of a language."""
    return sum(1 for line in lines if _SIGNS[language].match(line))


def _by_signs(lines: list[str]) -> str | None:
    """Return the language that most lines are typical of, the plainer of two that share them; None if too few are."""
    counts = {language: _typical(lines, language) for language in _SIGNS}
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] >= max(_LEAST_SIGNS, _SIGNS_SHARE * len(lines)) else None
