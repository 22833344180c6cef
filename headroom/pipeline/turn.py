"""One request's turn: what its reader can do, how its blocks are decided, and how far its history is rewritten."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from headroom.blocks import Block, Mode, Payload
from headroom.ccr.capability import Offer, offer
from headroom.ccr.keeper import Keeper, Retrieval
from headroom.economics import rewrite_gain
from headroom.pipeline.additions import Additions
from headroom.pipeline.conversation import Conversation, Decided, last_turn, superseded
from headroom.pipeline.decide import Decider
from headroom.pipeline.epochs import Epochs
from headroom.pipeline.guard import Guard
from headroom.pipeline.hooks import Wishes
from headroom.pipeline.lineup import Lineup
from headroom.pipeline.memory import DecisionMemory
from headroom.pipeline.notebook import Notebook
from headroom.pipeline.stages import Exchange
from headroom.policy import Policy, Rewrite
from headroom.providers import Wire
from headroom.providers.caching import CacheRule, rule_for
from headroom.providers.wire import conversation_of
from headroom.state import Store
from headroom.tokens import TokenCounter


class Means(Struct, frozen=True):
    """What a pipeline decides with, the same for all its requests. `clock` gives seconds since 1970."""

    policy: Policy
    memory: DecisionMemory
    guard: Guard
    store: Store
    retrieval: Retrieval | None
    clock: Callable[[], float]


class Turn(Struct, frozen=True):
    """One request on its way through a pipeline."""

    means: Means
    lineup: Lineup
    wishes: Wishes
    exchange: Exchange

    def reader(self, payload: Payload, wire: Wire) -> Offer | None:
        """Return how the reader of this request gets originals back, if it can and may."""
        policy, retrieval = self.means.policy, self.means.retrieval
        if retrieval is None or self.exchange.lossless or policy.lossless or not policy.optimize:
            return None
        return offer(retrieval, payload, wire.name)

    def decided(self, blocks: Sequence[Block], payload: Payload, wire: Wire, reader: Offer | None) -> Decided:
        """Decide every block of the request, and what else has to change in it for its reader."""
        additions = self._additions(blocks, wire, reader)
        found = self._decided(blocks, payload, wire, reader, additions)
        if additions is not None:
            found.edits += additions.continuations(payload)
        if reader is not None and reader.edit is not None:
            found.edits.append(reader.edit)
        return found

    def _decided(
        self, blocks: Sequence[Block], payload: Payload, wire: Wire, reader: Offer | None, additions: Additions | None
    ) -> Decided:
        keeps_results = wire.keeps_results(payload)
        conversation = self.conversation(reader, additions, refers=self.means.policy.cross_turn and keeps_results)
        rule = rule_for(self.exchange.model, payload) if keeps_results and reader is not None else None
        rewrites = self.means.policy.rewrite is not Rewrite.OFF and conversation.mode is Mode.TOKEN
        if rule is None or not rewrites:
            return conversation.decided(blocks)
        epochs = Epochs(self.means.store, self.exchange.tenant, _frame(payload), rule, self.means.clock)
        boundary = epochs.boundary(
            conversation.keys(blocks),
            last_turn(blocks),
            lambda old, new: self._pays(conversation, blocks, old, new, rule),
        )
        return conversation.decided(blocks, boundary)

    def conversation(
        self, reader: Offer | None, additions: Additions | None = None, *, refers: bool = False
    ) -> Conversation:
        """Return how this request's blocks are decided."""
        means, tenant = self.means, self.exchange.tenant
        count = TokenCounter(self.exchange.model)
        keeper = None
        if reader is not None and means.retrieval is not None:
            keeper = Keeper(means.retrieval.mint, means.retrieval.channel, means.store, tenant)
        settings = (means.policy.version, self.lineup.version, count.encoding.encode(), tenant.encode())
        decider = Decider(
            policy=means.policy,
            router=self.lineup.router,
            protector=self.lineup.protector,
            compressors=self.lineup.compressors,
            memory=means.memory,
            guard=means.guard,
            count=count,
            settings=b"".join(settings) + (b"" if keeper is None else keeper.version),
            deadline=time.monotonic() + means.policy.request_seconds,
            notebook=Notebook(means.store, tenant),
            keeper=keeper,
        )
        return Conversation(
            decider,
            self.wishes,
            tier=self.exchange.tier or means.policy.tier,
            mode=self.exchange.mode or means.policy.mode,
            refers=refers,
            additions=additions,
        )

    def _additions(self, blocks: Sequence[Block], wire: Wire, reader: Offer | None) -> Additions | None:
        """Return what earlier answers owe to this request; only where we resolve calls, something may be owed."""
        if reader is None or reader.edit is None:
            return None
        conversation = "" if wire.calls_are_unique else conversation_of(blocks)
        return Additions(self.means.store, self.exchange.tenant, self.means.memory, conversation)

    def _pays(self, conversation: Conversation, blocks: Sequence[Block], old: int, new: int, rule: CacheRule) -> bool:
        """Say whether rewriting history up to `new` saves more than it costs while it is in the provider's cache."""
        changed = superseded(blocks, new) - superseded(blocks, old)
        if self.means.policy.rewrite is not Rewrite.WARM or not changed:
            return False
        first = min(changed)
        before = conversation.decided(blocks, old).decisions[first:]
        after = conversation.decided(blocks, new).decisions[first:]
        suffix = sum(one.tokens_after for one in before)
        removed = suffix - sum(one.tokens_after for one in after)
        # The calls between the outputs are part of what is read or written, too.
        suffix += sum(conversation.decider.count(block.arguments) for block in blocks[first:])
        return rewrite_gain(rule, suffix, removed, self.means.policy.further_requests) > 0


def _frame(payload: Payload) -> str:
    """Name what providers cache before everything else: the model and its tools."""
    said = msgspec.json.encode([payload.get("model"), payload.get("tools")])
    return hashlib.blake2b(said, digest_size=8).hexdigest()
