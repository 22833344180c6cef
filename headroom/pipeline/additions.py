"""Originals that the model asked for in one answer together with calls of the client's own.

The client never sees our call, so what was retrieved is added to the result of its own call in the next request,
and again on every later turn.
"""

from __future__ import annotations

from dataclasses import dataclass

from headroom.blocks import Block, Reason
from headroom.ccr.pending import recall
from headroom.pipeline.memory import DecisionMemory, Verdict
from headroom.state import Store


@dataclass(frozen=True, slots=True)
class Additions:
    """Additions to one tenant's tool results. The memory spares the store a question for every old result."""

    store: Store
    tenant: str
    memory: DecisionMemory

    def to(self, block: Block) -> str | None:
        """Return what is to be added to this result, or None."""
        if block.role != "tool" or block.opaque or not block.call:
            return None
        key = f"addition {self.tenant} {block.call}".encode("utf-8", "surrogatepass")
        known = self.memory.get(key)
        if known is None:
            # What is added is known before the client sends the result, so an absence is final too.
            known = Verdict(Reason.RETRIEVED, 0, 0, recall(self.store, self.tenant, block.call))
            self.memory.put(key, known)
        return known.text
