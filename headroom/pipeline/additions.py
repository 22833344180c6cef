"""Originals that the model asked for in one answer together with calls of the client's own.

The client never sees our call, so what was retrieved is added to the result of its own call in the next request,
and again on every later turn.
"""

from __future__ import annotations

from dataclasses import dataclass

from headroom.blocks import Block, Edit, Payload, Reason
from headroom.ccr.answers.openai_responses import closing_edits
from headroom.ccr.pending import of_call, open_in, recall
from headroom.pipeline.memory import DecisionMemory, Verdict
from headroom.state import Store

_CONTINUES = "previous_response_id"


@dataclass(frozen=True, slots=True)
class Additions:
    """Additions to tool results of one tenant's `conversation`. The memory spares the store questions for old ones."""

    store: Store
    tenant: str
    memory: DecisionMemory
    conversation: str = ""

    def to(self, block: Block) -> str | None:
        """Return what is to be added to this result, or None."""
        if block.role != "tool" or block.opaque or not block.call:
            return None
        return self._kept(of_call(self.conversation, block.call))

    def continuations(self, payload: Payload) -> list[Edit]:
        """Return the edits that let a request go on from the response in which the answer really ended.

        A streamed Responses answer that took a further request keeps the id of its first response, for SDKs refuse
        another; at the provider that one ends in a call that nobody answered. Nor may calls of ours stay open that
        stood beside calls of the client.
        """
        told = payload.get(_CONTINUES)
        if not isinstance(told, str):
            return []
        last = self._kept(told)
        still_open = self._kept(open_in(last or told))
        closing = closing_edits(still_open.split(), payload.get("input")) if still_open else []
        return [*closing, *([] if last is None else [Edit((_CONTINUES,), last)])]

    def _kept(self, name: str) -> str | None:
        key = f"addition {self.tenant} {name}".encode("utf-8", "surrogatepass")
        known = self.memory.get(key)
        if known is None:
            # What is kept under an id is known before the client names that id, so an absence is final too.
            known = Verdict(Reason.RETRIEVED, 0, 0, recall(self.store, self.tenant, name))
            self.memory.put(key, known)
        return known.text
