"""A blackboard between agents: one writes a text, the others read it short or whole."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from headroom.pipeline import Exchange, Pipeline
from headroom.providers import WIRES

DEFAULT_MODEL = "gpt-4o"


@dataclass(frozen=True, slots=True)
class ContextEntry:
    """One text on the blackboard. Tokens are those of the whole and of the short form."""

    key: str
    original: str
    compressed: str
    agent: str | None
    original_tokens: int
    compressed_tokens: int
    expires: float


class SharedContext:
    """Texts by key, for `ttl` seconds each, at most `max_entries`; the one written longest ago goes first.

    Safe to use from several threads. `get` and `keys` see only what has not expired.
    """

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        ttl: float = 3600,
        max_entries: int = 100,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model = model
        self._ttl = ttl
        self._max_entries = max_entries
        self._clock = clock
        self._entries: OrderedDict[str, ContextEntry] = OrderedDict()
        self._lock = Lock()
        self._pipeline = Pipeline()

    def put(self, key: str, content: str, *, agent: str | None = None) -> ContextEntry:
        """Write a text under a key, in place of what stood there."""
        exchange = Exchange(request_id="", model=self._model)
        payload = {"model": self._model, "messages": [{"role": "tool", "content": content}]}
        after, rewritten = self._pipeline.run_payload(payload, WIRES["openai-chat"], exchange)
        (decision,) = rewritten.decisions
        entry = ContextEntry(
            key=key,
            original=content,
            compressed=after["messages"][0]["content"],
            agent=agent,
            original_tokens=decision.tokens_before,
            compressed_tokens=decision.tokens_after,
            expires=self._clock() + self._ttl,
        )
        with self._lock:
            self._entries.pop(key, None)
            self._entries[key] = entry
            while len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)
        return entry

    def get(self, key: str, full: bool = False) -> str | None:  # noqa: FBT001, FBT002 - a documented signature
        """Return the short form, or with `full` the text as it was written; None if there is none."""
        with self._lock:
            self._expire()
            entry = self._entries.get(key)
        if entry is None:
            return None
        return entry.original if full else entry.compressed

    def keys(self) -> list[str]:
        """Return the keys in the order in which they were written."""
        with self._lock:
            self._expire()
            return list(self._entries)

    def stats(self) -> dict[str, int]:
        """Return the number of entries and their tokens, whole, short and saved."""
        with self._lock:
            self._expire()
            before = sum(entry.original_tokens for entry in self._entries.values())
            after = sum(entry.compressed_tokens for entry in self._entries.values())
        return {
            "entries": len(self._entries),
            "original_tokens": before,
            "compressed_tokens": after,
            "tokens_saved": before - after,
        }

    def clear(self) -> None:
        """Remove everything."""
        with self._lock:
            self._entries.clear()

    def _expire(self) -> None:
        now = self._clock()
        for key in [key for key, entry in self._entries.items() if entry.expires <= now]:
            del self._entries[key]
