"""A provider's prompt cache, simulated: what of a request is read from it, what is written, what is neither."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from headroom.providers.caching import CacheRule
from headroom.tokens import TokenCounter

_COUNT = TokenCounter("gpt-4o")


@dataclass(frozen=True, slots=True)
class Piece:
    """One block of a prompt in the order in which the model reads it; `mark` says that a cache entry ends here."""

    digest: bytes
    tokens: int
    mark: bool


@dataclass(frozen=True, slots=True)
class Charge:
    """The input tokens of one request by how they are billed, and how many whole pieces were read."""

    read: int = 0
    written: int = 0
    plain: int = 0
    pieces_read: int = 0

    def cost(self, rule: CacheRule) -> float:
        """Return the price in input tokens."""
        return rule.cost(self.read, self.written, self.plain)


class PromptCache:
    """Entries of one account under one rule. Time is given, in seconds."""

    def __init__(self, rule: CacheRule) -> None:
        self._rule = rule
        self._expires: dict[bytes, float] = {}

    def charge(self, pieces: Sequence[Piece], now: float) -> Charge:
        """Bill a request, and remember its prefixes."""
        prefixes = list(_prefixes(pieces))
        marks = [at for at, piece in enumerate(pieces) if piece.mark] if self._rule.explicit else range(len(pieces))
        found = self._longest(prefixes, marks, now)
        read = self._rounded(prefixes[found][1]) if found >= 0 else 0
        last = marks[-1] if marks else -1
        total = prefixes[-1][1] if prefixes else 0
        end = prefixes[last][1] if last >= 0 else 0
        caches = end >= self._rule.minimum
        if caches:
            for at in marks:
                self._expires[prefixes[at][0]] = now + self._rule.ttl_seconds
        written = max(0, end - read) if caches else 0
        return Charge(read, written, total - read - written, found + 1 if read else 0)

    def _longest(self, prefixes: Sequence[tuple[bytes, int]], marks: Sequence[int], now: float) -> int:
        """Return the index of the last piece of the longest live entry that this request begins with, or -1."""
        reach = self._rule.lookback if self._rule.explicit else 1
        seen = {at for mark in marks for at in range(max(0, mark - reach + 1), mark + 1)}
        for at in sorted(seen, reverse=True):
            digest, tokens = prefixes[at]
            if tokens >= self._rule.minimum and self._expires.get(digest, -1.0) >= now:
                self._expires[digest] = now + self._rule.ttl_seconds
                return at
        return -1

    def _rounded(self, tokens: int) -> int:
        return tokens // self._rule.step * self._rule.step


def _prefixes(pieces: Sequence[Piece]) -> Iterator[tuple[bytes, int]]:
    """Yield for every piece the digest of all up to it, and their tokens."""
    digest, tokens = b"", 0
    for piece in pieces:
        digest = hashlib.blake2b(digest + piece.digest, digest_size=16).digest()
        tokens += piece.tokens
        yield digest, tokens


def pieces_of(body: bytes) -> list[Piece]:
    """Cut a request body (OpenAI chat or Anthropic) into what a provider's cache compares."""
    payload = json.loads(body)
    pieces = [_piece({"model": payload["model"], "tools": payload.get("tools")})]
    pieces += [_piece(part) for part in _listed(payload.get("system"))]
    for message in payload["messages"]:
        role = {key: value for key, value in message.items() if key != "content"}
        pieces += [_piece({"role": role, "part": part}, marked=part) for part in _listed(message.get("content"))]
    return pieces


def _listed(content: Any) -> list[Any]:
    return content if isinstance(content, list) else [content]


def _piece(value: Any, marked: Any = None) -> Piece:
    """Digest without `cache_control`: a mark that moves is no other prompt."""
    mark = isinstance(marked if marked is not None else value, dict) and "cache_control" in (marked or value)
    text = json.dumps(value, ensure_ascii=False, default=str)
    if mark:
        text = json.dumps(_unmarked(value), ensure_ascii=False)
    return Piece(hashlib.blake2b(text.encode(), digest_size=16).digest(), _tokens(text), mark)


def _unmarked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unmarked(one) for key, one in value.items() if key != "cache_control"}
    return value


@lru_cache(maxsize=65_536)
def _tokens(text: str) -> int:
    return _COUNT(text)
