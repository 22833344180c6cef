"""Decisions already made, so that a block is worked on once. A cache only: forgetting costs time, never bytes."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from threading import Lock

from msgspec import Struct

from headroom.blocks import Block, Fidelity, Reason

_KEY_BYTES = 20
_OVERHEAD_BYTES = 400
"""What an entry costs besides its text: key, object, dictionary slot."""
_STEP = 262_144
"""Characters of a text encoded in one call: no other thread runs meanwhile."""


class Verdict(Struct, frozen=True):
    """What is remembered of a block: everything of its decision but the place. `text` is None if it stays."""

    reason: Reason
    tokens_before: int
    tokens_after: int
    text: str | None = None
    compressor: str = ""
    encoding: str = ""
    fidelity: Fidelity | None = None
    handle: str = ""


class DecisionMemory:
    """Verdicts by content, least recently used out first, bounded by bytes. Safe to use from several threads."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[bytes, Verdict] = OrderedDict()
        self._lock = Lock()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes) -> Verdict | None:
        """Return what was decided under this key, if it is still known."""
        with self._lock:
            verdict = self._entries.get(key)
            if verdict is not None:
                self._entries.move_to_end(key)
            return verdict

    def put(self, key: bytes, verdict: Verdict) -> None:
        """Remember a verdict; the first one under a key stays, so that two threads agree."""
        with self._lock:
            if key in self._entries:
                return
            self._entries[key] = verdict
            self.size_bytes += _cost(verdict)
            while self.size_bytes > self._max_bytes and self._entries:
                _, old = self._entries.popitem(last=False)
                self.size_bytes -= _cost(old)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self.size_bytes = 0


def key_of(block: Block, settings: bytes) -> bytes:
    """Return the key of a block: a digest of all that its decision may depend on, and of nothing else."""
    # Lengths before the parts, so that no two blocks have the same spelling.
    role, tool, arguments, question = block.role, block.tool, block.arguments, block.question
    lengths = f"{len(role)},{len(tool)},{len(arguments)},{len(question)}"
    flags = f"{block.is_error:d}{block.opaque:d},{block.protected}"
    digest = hashlib.sha256(settings)  # which most processors of this decade have an instruction for
    digest.update(f"{lengths},{flags}:{role}{tool}{arguments}{question}".encode("utf-8", "surrogatepass"))
    for start in range(0, len(block.text), _STEP):
        digest.update(block.text[start : start + _STEP].encode("utf-8", "surrogatepass"))
    return digest.digest()[:_KEY_BYTES]


def _cost(verdict: Verdict) -> int:
    return _OVERHEAD_BYTES + (4 * len(verdict.text) if verdict.text else 0)
