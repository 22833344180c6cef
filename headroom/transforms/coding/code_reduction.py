"""Code for a reader who wants to know what is there: comments out, bodies of functions folded to a line.

    def area(self, unit="cm"):
        ...  # [lines 12-48 left out]

Functions that the question or the call names stay whole. Where the question asks to work on the text itself, all of
it stays.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from headroom.transforms import log_formats
from headroom.transforms.base import Hint
from headroom.transforms.coding import code_languages
from headroom.transforms.coding.code_grammars import Refusal, is_available
from headroom.transforms.coding.code_levels import Level, Reduced
from headroom.transforms.coding.code_levels import reduced as reduced_source
from headroom.transforms.coding.code_source import Gap, Part
from headroom.transforms.coding.probing import share

Draft = tuple[str, str]
"""A text, and a note on what it lacks."""

_WORKS_ON_TEXT = re.compile(
    r"\b(?:debug|edit|fix|format|implement|modif|patch|refactor|rename|replac|review|rewrit)\w*", re.IGNORECASE
)
"""Requests for which every line may matter."""
_LIKE_CODE = re.compile(r"[^\n]*[;{}(),:]$|\s*+(?:def|class|if|for|return|import|from|func|fn|let|const|var)\b")
_AT_LEAST = 0.3
"""Share of the lines that must look like code at a glance for the language to be looked for."""
_LIKELY, _SURE = 0.05, 0.15
"""Share of the lines that must be typical of a language where the call names a file of it, and where it does not."""
_QUOTED = 0.3
"""Share of lines of logs, builds and tests above which a text quotes code."""
_READS_FILE = re.compile(
    r"\b(?:cat|head|tail|sed|less|more|bat|nl|awk|type|Get-Content|show)\b|\"\w*(?:path|file)\w*\":"
)
_MOSTLY = 0.75
"""A source with a larger share of comments is there for their sake: of a header that documents an interface, only
the middles of long comments go."""
FOLDED_FROM = 20
"""Lines from which a body is folded: what can be read at a glance says more than its placeholder."""
_WORD = re.compile(r"\w+")
_PATH = re.compile(r"(?<![\w.~+-])[\w.~+-]*+[/\\][^\s\"]*+")
"""Words of a path name files, not functions."""
_PARTS = {Part.BODY: "bodies of functions", Part.COMMENT: "comments", Part.DOCSTRING: "docstrings"}


def language_of(text: str, sample: Sequence[str], hint: Hint) -> str:
    """Return the language of a text, empty if it is no code or no grammar of the language is there.

    A file that the call reads is believed if some lines agree; else the lines must be surely those of the language.
    Output of compilers and tests quotes code and is none.
    """
    named = code_languages.named_language(hint.arguments) if _READS_FILE.search(hint.arguments) else ""
    if not named and share(sample, _LIKE_CODE.match) < _AT_LEAST:
        return ""
    language = code_languages.language_of(text if named else "\n".join(sample), hint.arguments)
    if language is None or not is_available(language):
        return ""
    is_code = code_languages.has_share(sample, language, _LIKELY if named else _SURE)
    return language if is_code and log_formats.share(sample) < _QUOTED else ""


def reduced(text: str, shown: Sequence[str], language: str, hint: Hint, check: Callable[[], None]) -> Draft | None:
    """Return what stays of a source, and what does not in a phrase; None if it is to stay as it is.

    `shown` are the lines of the text as the tool printed them, perhaps with their numbers.
    """
    if not language or _WORKS_ON_TEXT.search(hint.question):
        return None
    named = names_in(hint)
    result = reduced_source(text, language, Level.COMMENTS | Level.BODIES, named, check, FOLDED_FROM)
    if isinstance(result, Reduced) and _words(result) > _MOSTLY * len(shown):
        result = reduced_source(text, language, Level.MIDDLES | Level.BODIES, named, check, FOLDED_FROM)
    if isinstance(result, Refusal):
        return None
    return "\n".join(_without(shown, result.gaps)), _note(result, len(shown))


def names_in(hint: Hint) -> frozenset[str]:
    """Return the words of question and call that may name functions."""
    return frozenset(_WORD.findall(f"{hint.question} {_PATH.sub(' ', hint.arguments)}"))


def _without(shown: Sequence[str], gaps: Sequence[Gap]) -> Iterator[str]:
    """Yield the lines that are in no gap, and what stands in the place of gaps."""
    at = 0
    for gap in gaps:
        yield from shown[at : gap.first - 1]
        if gap.placeholder is not None:
            yield gap.placeholder
        at = gap.last
    yield from shown[at:]


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
