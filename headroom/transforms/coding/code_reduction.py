"""Code for a reader who wants to know what is there: comments out, bodies of functions folded to a line.

    def area(self, unit="cm"):
        ...  # [lines 12-48 left out]

Functions that the question or the call names stay whole. Where the question asks to work on the text itself, all of
it stays.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from headroom.transforms.base import Hint
from headroom.transforms.coding import code_languages
from headroom.transforms.coding.code_grammars import Refusal, is_available
from headroom.transforms.coding.code_levels import Level, Reduced
from headroom.transforms.coding.code_levels import reduced as reduced_source
from headroom.transforms.coding.code_source import Part
from headroom.transforms.coding.probing import share

_WORKS_ON_TEXT = re.compile(
    r"\b(?:debug|edit|fix|format|implement|modif|patch|refactor|rename|replac|review|rewrit)\w*", re.IGNORECASE
)
"""Requests for which every line may matter."""
_LIKE_CODE = re.compile(r"[^\n]*[;{}(),:]$|\s*+(?:def|class|if|for|return|import|from|func|fn|let|const|var)\b")
_AT_LEAST = 0.3
"""Share of the lines that must look like code at a glance for the language to be looked for."""
_MOSTLY = 0.75
"""A source with a larger share of comments is there for their sake: of a header that documents an interface, only
the middles of long comments go."""
_WORD = re.compile(r"\w+")
_PARTS = {Part.BODY: "bodies of functions", Part.COMMENT: "comments", Part.DOCSTRING: "docstrings"}


def language_of(text: str, sample: Sequence[str], hint: Hint) -> str:
    """Return the language of a text, empty if it is no code or no grammar of the language is there.

    A file that the call names is believed; else the lines must be surely those of the language.
    """
    named = code_languages.named_language(hint.arguments)
    if not named and share(sample, _LIKE_CODE.match) < _AT_LEAST:
        return ""
    language = code_languages.language_of(text if named else "\n".join(sample), hint.arguments)
    if language is None or not is_available(language):
        return ""
    return language if named or code_languages.is_code(sample, language) else ""


def reduced(text: str, language: str, hint: Hint, check: Callable[[], None]) -> tuple[str, str] | None:
    """Return what stays of a source, and what does not in a phrase; None if it is to stay as it is."""
    if not language or _WORKS_ON_TEXT.search(hint.question):
        return None
    named = frozenset(_WORD.findall(f"{hint.question} {hint.arguments}"))
    lines = text.count("\n") + 1
    result = reduced_source(text, language, Level.COMMENTS | Level.BODIES, named, check)
    if isinstance(result, Reduced) and _words(result) > _MOSTLY * lines:
        result = reduced_source(text, language, Level.MIDDLES | Level.BODIES, named, check)
    return None if isinstance(result, Refusal) else (result.text, _note(result, lines))


def _words(result: Reduced) -> int:
    """Return how many lines of comments and docstrings are missing."""
    return sum(gap.last - gap.first + 1 for gap in result.gaps if gap.part is not Part.BODY)


def _note(result: Reduced, lines: int) -> str:
    """Say how many lines are missing, and of what."""
    parts: Counter[str] = Counter()
    for gap in result.gaps:
        parts[_PARTS[gap.part]] += gap.last - gap.first + 1
    told = ", ".join(f"{count} of {what}" for what, count in parts.items())
    return f"{parts.total()} of {lines} lines left out: {told}"
