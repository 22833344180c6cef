"""Finds what makes a prompt prefix change from call to call. It only looks: the prompt is never modified."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from headroom.transforms.base import Transform

# Each pattern is of bounded length, so that a scan is linear in the text.
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("uuid", re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")),
    ("jwt", re.compile(r"\beyJ[\w-]{8,2048}\.[\w-]{8,4096}\.[\w-]{8,1024}")),
    ("timestamp", re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?")),
    ("hex_digest", re.compile(r"\b(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})\b")),
    ("epoch", re.compile(r"\b1[5-9]\d{8}(?:\d{3})?\b")),
)
MAX_FINDINGS = 32


@dataclass(frozen=True, slots=True)
class Volatile:
    """A token that is likely to differ on the next call: its kind and where it stands, in characters."""

    kind: str
    start: int
    end: int


class CacheAligner(Transform):
    """Detector of volatile tokens in system prompts, which keep providers from caching what follows them."""

    name: ClassVar[str] = "cache_aligner"

    def findings(self, text: str) -> tuple[Volatile, ...]:
        """Return the volatile tokens of a system prompt in order, at most `MAX_FINDINGS`."""
        return _findings(text)


@lru_cache(maxsize=64)
def _findings(text: str) -> tuple[Volatile, ...]:
    found: list[Volatile] = []
    taken = -1
    spans = sorted((m.start(), m.end(), kind) for kind, pattern in _KINDS for m in pattern.finditer(text))
    for start, end, kind in spans:
        if start >= taken:
            found.append(Volatile(kind, start, end))
            taken = end
    return tuple(found[:MAX_FINDINGS])
