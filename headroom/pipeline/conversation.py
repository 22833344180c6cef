"""All blocks of one request, decided in the order in which the model reads them.

A block's decision follows from itself and what stands before it. Mode `cache` is the stated exception: what was not
sent shortened while it was new stays as it came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec import Struct
from msgspec.structs import replace

from headroom.blocks import Block, Decision, Edit, Mode, Reason, Tier
from headroom.pipeline.additions import Additions
from headroom.pipeline.decide import Decider, decided_as
from headroom.pipeline.earlier import Earlier
from headroom.pipeline.hooks import Wishes
from headroom.pipeline.past import Past

_DECIDED_ON_MERITS = frozenset({Reason.COMPRESSED, Reason.NO_GAIN, Reason.UNRECOGNISED})


@dataclass(slots=True)
class Decided:
    """What came of the blocks. `originals` are the texts that were shortened with loss, by handle.

    `conversation` tells calls of equal ids apart, where ids may come twice.
    """

    decisions: list[Decision] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    originals: dict[str, str] = field(default_factory=dict)
    conversation: str = ""


class Conversation(Struct, frozen=True):
    """How the blocks of one request are decided: by whom, in which mode, and what its hooks wish.

    With `refers`, outputs refer to earlier ones; not where the blocks are of several conversations, or where the
    provider itself may drop results. `additions` are what was retrieved beside calls of the client.
    """

    decider: Decider
    wishes: Wishes
    tier: Tier
    mode: Mode
    refers: bool = False
    additions: Additions | None = None

    def keys(self, blocks: Sequence[Block]) -> list[bytes]:
        """Return the names of the blocks' decisions."""
        return [self.decider.key(block, self.wishes.tier(block, self.tier)) for block in blocks]

    def decided(self, blocks: Sequence[Block], boundary: int = 0) -> Decided:
        """Decide every block; before the boundary, outputs of calls that were made again are superseded."""
        found = Decided(conversation="" if self.additions is None else self.additions.conversation)
        past = Past(self.decider.notebook, newest_turn(blocks)) if self.mode is Mode.CACHE else None
        has_outputs = any(block.role == "tool" for block in blocks)
        earlier = Earlier(self.decider.count) if self.refers and has_outputs else None
        old = superseded(blocks, boundary) if boundary else frozenset[int]()
        for index, block in enumerate(blocks):
            pair = self.decider.superseded(block, self.wishes.tier(block, self.tier)) if index in old else None
            decision, edit = pair or self._decide(index, self.wishes.protected(block), earlier, past)
            found.decisions.append(decision)
            if decision.handle:
                found.originals[decision.handle] = block.text
            edit = self._with_addition(block, edit)
            if edit is not None:
                found.edits.append(edit)
        return found

    def _decide(
        self, index: int, block: Block, earlier: Earlier | None, past: Past | None
    ) -> tuple[Decision, Edit | None]:
        tier = self.wishes.tier(block, self.tier)
        key = name = self.decider.key(block, tier)
        if past is not None and block.role == "tool" and past.stays(index, key):
            block = replace(block, protected=block.protected or Reason.FROZEN)
            name = self.decider.key(block, tier)
        decision, edit = self.decider.decide(block, tier, name)
        if earlier is not None and block.role == "tool" and not block.opaque:
            decision, edit = self._referred(block, key, decision, edit, earlier)
        if past is not None and block.role == "tool":
            past.sent(short=edit is not None)
        return decision, edit

    def _referred(
        self, block: Block, key: bytes, decision: Decision, edit: Edit | None, earlier: Earlier
    ) -> tuple[Decision, Edit | None]:
        """Return the decision, or the one to refer to an earlier output if that is shorter by enough."""
        on_merits = decision.reason in _DECIDED_ON_MERITS
        verdict = self.decider.referred(block, key, decision, earlier) if on_merits else None
        earlier.add(block, key, decision, referred=verdict is not None)
        if verdict is None or verdict.text is None:
            return decision, edit
        return decided_as(block, verdict), Edit(block.path, verdict.text)

    def _with_addition(self, block: Block, edit: Edit | None) -> Edit | None:
        """Add what the model had asked for beside this call; nothing ever shortens it."""
        text = self.additions.to(block) if self.additions is not None else None
        if text is None:
            return edit
        return Edit(block.path, f"{block.text if edit is None else edit.value}\n{text}")


def superseded(blocks: Sequence[Block], boundary: int) -> frozenset[int]:
    """Return the tool outputs before the boundary whose call was made again before it, in a later message."""
    last: dict[tuple[str, str], int] = {}
    for block in blocks[:boundary]:
        if _is_output(block):
            last[block.tool, block.arguments] = block.message
    return frozenset(
        index
        for index, block in enumerate(blocks[:boundary])
        if _is_output(block) and block.message < last[block.tool, block.arguments]
    )


def _is_output(block: Block) -> bool:
    return block.role == "tool" and bool(block.tool) and not block.opaque and not block.is_error


def newest_turn(blocks: Sequence[Block]) -> int:
    """Return the index of the first block after everything that the assistant said.

    An assistant message that only calls tools may have no block; then a message number is missing.
    """
    first = len(blocks)
    while first > 0:
        block = blocks[first - 1]
        gap = first < len(blocks) and blocks[first].message - block.message > 1
        if block.role not in ("tool", "user") or gap:
            break
        first -= 1
    return first


def last_turn(blocks: Sequence[Block]) -> int:
    """Return where the turn before the newest one ends, which is where the request before this one ended."""
    end = newest_turn(blocks)
    while end > 0 and blocks[end - 1].role not in ("tool", "user", "system"):
        end -= 1
    return end
