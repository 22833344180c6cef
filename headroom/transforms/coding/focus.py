"""What a reader is after: lines that share rare words with the question and with the call that made the text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from headroom.transforms.base import Hint

_WORD = re.compile(r"[^\W_]{2,40}")
_MOST_WORDS = 64
_SHORTEST = 3
_RARE_SHARE = 0.05
_ALWAYS_RARE = 3
"""A word that stands in so few lines is rare however short the text is."""


class Focus:
    """The words of a hint, and which lines of a text they single out."""

    __slots__ = ("_words",)

    def __init__(self, hint: Hint) -> None:
        """Take the first words of the question and of the call's arguments; numbers count from two digits on."""
        words = dict.fromkeys(_words(f"{hint.question[:4_000]} {hint.arguments[:4_000]}"))
        told = [word for word in words if len(word) >= _SHORTEST or word.isdigit()]
        self._words = frozenset(told[:_MOST_WORDS])

    def rank(self, lines: Sequence[str]) -> list[int]:
        """Return the indices of lines that hold a rare word of the hint, the most relevant first.

        A word that many lines hold says nothing. Of equally relevant lines the earlier comes first. Linear.
        """
        found = self._found(lines)
        frequency = Counter(word for words in found.values() for word in words)
        rare = {word for word, count in frequency.items() if count <= max(_ALWAYS_RARE, _RARE_SHARE * len(lines))}
        scores = {at: sum(1 / frequency[word] for word in sorted(words & rare)) for at, words in found.items()}
        return sorted((at for at, score in scores.items() if score), key=lambda at: (-scores[at], at))

    def _found(self, lines: Sequence[str]) -> dict[int, set[str]]:
        """Return the words of the hint by the line that holds them; most hints have no word in most texts."""
        whole = "\n".join(lines).lower()
        present = frozenset(word for word in self._words if word in whole)
        if not present:
            return {}
        found = ((at, present.intersection(_words(line))) for at, line in enumerate(lines))
        return {at: set(words) for at, words in found if words}


def _words(text: str) -> Iterator[str]:
    return (found[0] for found in _WORD.finditer(text.lower()))
