"""Token counts, offline: exact where the ranks ship with us, a named estimate otherwise.

Counting is linear, releases the GIL and is capped: a text of more than `SAMPLED_ABOVE` characters is counted on
evenly spaced chunks and scaled.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import toktok

SAMPLED_ABOVE = 2_000_000
_CHUNKS = 16
_CHUNK_CHARS = 65_536


@dataclass(frozen=True, slots=True)
class Family:
    """Models that share a tokenizer: those whose name, after any provider prefix, starts with `prefix`."""

    prefix: str
    encoding: str
    factor: float
    source: str

    @property
    def method(self) -> str:
        """`exact` if `encoding` is the model's own tokenizer, else `estimate`."""
        return "exact" if self.factor == 1.0 and self.source == "own ranks" else "estimate"


_OWN = "own ranks"
# Published comparisons of Claude 3.x with GPT-4o put it at +16 % for English, +21 % for maths and +30 % for code
# (VentureBeat, 2025-05); tool output is mostly of the latter kinds. Google documents about four characters a
# token for Gemini, which is what o200k needs for English. The factor scales both sides of a comparison alike, so
# no decision depends on it, only the absolute figures that are shown.
FAMILIES: tuple[Family, ...] = (
    Family("gpt-4o", "o200k_base", 1.0, _OWN),
    Family("gpt-4.1", "o200k_base", 1.0, _OWN),
    Family("gpt-4.5", "o200k_base", 1.0, _OWN),
    Family("gpt-5", "o200k_base", 1.0, _OWN),
    Family("chatgpt-4o", "o200k_base", 1.0, _OWN),
    Family("o1", "o200k_base", 1.0, _OWN),
    Family("o3", "o200k_base", 1.0, _OWN),
    Family("o4", "o200k_base", 1.0, _OWN),
    Family("codex", "o200k_base", 1.0, _OWN),
    Family("gpt-4", "cl100k_base", 1.0, _OWN),
    Family("gpt-3.5", "cl100k_base", 1.0, _OWN),
    Family("text-embedding-3", "cl100k_base", 1.0, _OWN),
    Family("claude", "o200k_base", 1.2, "VentureBeat 2025-05, GPT-4o against Claude 3.5 Sonnet"),
    Family("gemini", "o200k_base", 1.0, "Google, Gemini API: tokens"),
)
_UNKNOWN = Family("", "o200k_base", 1.0, "no published ranks")


@lru_cache(maxsize=1024)
def family_of(model: str) -> Family:
    """Return the tokenizer family of a model name; provider prefixes (`openai/`, `us.anthropic.`) are ignored."""
    name = model.lower().rsplit("/", 1)[-1]
    for family in FAMILIES:
        if name.startswith(family.prefix) or f".{family.prefix}" in name:
            return family
    return _UNKNOWN


class TokenCounter:
    """Counts tokens for one model.

    `method` is `exact` or `estimate`. Never raises: lone surrogates count as replacement characters.
    """

    __slots__ = ("_family", "encoding", "method")

    def __init__(self, model: str) -> None:
        self._family = family_of(model)
        self.encoding = self._family.encoding
        self.method = self._family.method

    def __call__(self, text: str) -> int:
        """Return the number of tokens of `text`."""
        return self.many((text,))[0]

    def many(self, texts: Iterable[str]) -> list[int]:
        """Return the number of tokens of each text; cheaper than one call each."""
        texts = list(texts)
        if any(len(text) > SAMPLED_ABOVE for text in texts):
            return [self._scaled(_sampled(text, self.encoding)) for text in texts]
        return [self._scaled(n) for n in _count(texts, self.encoding)]

    def _scaled(self, tokens: int) -> int:
        return tokens if self._family.factor == 1.0 else math.ceil(tokens * self._family.factor)


def warm(model: str = "gpt-4o") -> None:
    """Load the ranks of a model now; otherwise the first count does, and keeps the interpreter for that long."""
    TokenCounter(model)("the first count loads the ranks")


def count(text: str, model: str) -> int:
    """Return the tokens of `text` for `model`: exact or estimated as `family_of(model).method` says."""
    return TokenCounter(model)(text)


def _count(texts: list[str], encoding: str) -> list[int]:
    try:
        counts: list[int] = toktok.batch_count(texts, encoding, threads=1)
    except UnicodeEncodeError:
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        counts = toktok.batch_count(clean, encoding, threads=1)
    return counts


def _sampled(text: str, encoding: str) -> int:
    if len(text) <= SAMPLED_ABOVE:
        return _count([text], encoding)[0]
    step = (len(text) - _CHUNK_CHARS) // (_CHUNKS - 1)
    chunks = [text[i * step : i * step + _CHUNK_CHARS] for i in range(_CHUNKS)]
    return round(sum(_count(chunks, encoding)) * len(text) / (_CHUNKS * _CHUNK_CHARS))
