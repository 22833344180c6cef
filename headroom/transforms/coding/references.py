"""Strings told by fields beside them: `<name>` stands for the text of the field `name`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

_MAX_SOURCES = 24
_WORD = re.compile(r"\w")


class References:
    """Finds `<name>` in texts, for some names; one that holds a bracket itself is never found."""

    __slots__ = ("_longest", "_names")

    def __init__(self, names: Iterable[str]) -> None:
        """Find these names."""
        self._names = frozenset(names)
        self._longest = max(map(len, self._names), default=0)

    def split(self, text: str) -> list[str]:
        """Return texts and, between them, the names that stand there; a lone text if there are none."""
        parts, taken, start = list[str](), 0, text.find("<")
        while start >= 0:
            end = text.find(">", start + 2, start + self._longest + 2)
            if end > 0 and (name := text[start + 1 : end]) in self._names:
                parts += (text[taken:start], name)
                taken = start = end + 1
            start = text.find("<", max(taken, start + 1))
        return [*parts, text[taken:]]

    def in_text(self, text: str) -> bool:
        """Say whether any of the names is referred to."""
        return "<" in text and len(self.split(text)) > 1


class Template:
    """A string with `<name>` in it, to be filled with the texts of fields."""

    __slots__ = ("_pattern", "names")

    def __init__(self, text: str, references: References) -> None:
        """Split `text` at its references."""
        parts = references.split(text)
        self.names = parts[1::2]
        self._pattern = "%s".join([part.replace("%", "%%") for part in parts[::2]])

    def fill(self, texts: Mapping[str, str]) -> str:
        """Return the string for the given texts by name; a name without a text is empty."""
        return self.join([texts.get(name, "") for name in self.names])

    def join(self, texts: Sequence[str]) -> str:
        """Return the string for the given texts, one for each of `names`."""
        return self._pattern % tuple(texts)

    def rows(self, columns: Sequence[Sequence[str]]) -> list[str]:
        """Return the string of each row, for columns of texts, one for each of `names`."""
        return list(map(self._pattern.__mod__, zip(*columns, strict=True)))


def template_for(text: str, known: Mapping[str, str]) -> str | None:
    """Return `text` with the longest known texts that stand in it as whole words replaced by `<name>`."""
    pieces = [text]
    for name, value in sorted(known.items(), key=lambda item: -len(item[1]))[:_MAX_SOURCES]:
        if value not in text:
            continue
        for index in range(0, len(pieces), 2):
            at = pieces[index].find(value)
            if at >= 0 and _stands_alone(pieces[index], at, at + len(value)):
                before, after = pieces[index][:at], pieces[index][at + len(value) :]
                pieces[index : index + 1] = [before, f"<{name}>", after]
                break
    return "".join(pieces) if len(pieces) > 1 else None


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Say whether no word is cut at either end of a span."""
    return not (
        (start and _WORD.match(text, start - 1) and _WORD.match(text, start))
        or (end < len(text) and _WORD.match(text, end - 1) and _WORD.match(text, end))
    )
