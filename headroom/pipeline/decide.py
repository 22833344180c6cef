"""One block to one decision. Never longer, fail open and the time of a block stand here, once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from headroom.blocks import Block, Decision, Edit, Reason, Tier
from headroom.errors import BudgetExceededError
from headroom.pipeline.guard import Guard
from headroom.pipeline.memory import DecisionMemory, Verdict, key_of
from headroom.policy import Policy
from headroom.protect import reason_to_stay
from headroom.tokens import TokenCounter
from headroom.transforms.base import Compressor, Context, Hint
from headroom.transforms.content_router import ContentRouter
from headroom.transforms.tag_protector import TagProtector
from headroom.transforms.view import View


@dataclass(frozen=True, slots=True)
class Decider:
    """Decides blocks under one policy with one set of compressors, for one request at a time.

    `settings` names all of that in the memory. `deadline` is the end of the request's time on `clock`.
    """

    policy: Policy
    router: ContentRouter
    protector: TagProtector | None
    compressors: Sequence[Compressor]
    memory: DecisionMemory
    guard: Guard
    count: TokenCounter
    settings: bytes
    deadline: float
    clock: Callable[[], float] = time.monotonic

    def decide(self, block: Block, tier: Tier) -> tuple[Decision, Edit | None]:
        """Return the decision about a block, and the edit that carries it out if the block changes."""
        start = self.clock()
        key = key_of(block, self.settings + bytes([tier]))
        verdict = self.memory.get(key)
        remembered = verdict is not None
        if verdict is None:
            verdict = self._judge(block, tier)
            self.memory.put(key, verdict)
        decision = Decision(
            path=block.path,
            reason=verdict.reason,
            tokens_before=verdict.tokens_before,
            tokens_after=verdict.tokens_after,
            role=block.role,
            tool=block.tool,
            compressor=verdict.compressor,
            encoding=verdict.encoding,
            fidelity=verdict.fidelity,
            remembered=remembered,
            microseconds=round((self.clock() - start) * 1e6),
        )
        return decision, None if verdict.text is None else Edit(block.path, verdict.text)

    def _judge(self, block: Block, tier: Tier) -> Verdict:
        view = View(block.text)
        tokens = view.tokens(self.count)
        reason = reason_to_stay(block, tokens, self.policy)
        if reason is not None:
            return Verdict(reason, tokens, tokens)
        hint = Hint(block.tool, block.arguments)
        stays = Verdict(Reason.FAILED, tokens, tokens)
        return self.guard.run("compression", lambda: self._shrunk(view, hint, tier), stays)

    def _shrunk(self, view: View, hint: Hint, tier: Tier) -> Verdict:
        tokens = view.tokens(self.count)
        ends = min(self.deadline, self.clock() + self.policy.block_seconds)
        # Whether a result is proved depends on the block alone, never on the body around it.
        verify = len(view.text) < self.policy.verify_below_chars
        context = Context(self.count, tier, verify, lambda: self._check(ends))
        try:
            context.check()
            routed = self.router.shrink(view, hint, context, self.compressors, self.protector)
        except BudgetExceededError:
            return Verdict(Reason.BUDGET, tokens, tokens)
        if routed.result is None or routed.tokens >= tokens:
            return Verdict(Reason.NO_GAIN if routed.recognised else Reason.UNRECOGNISED, tokens, tokens)
        found = routed.result
        return Verdict(
            Reason.COMPRESSED, tokens, routed.tokens, found.text, routed.compressor, found.encoding, found.of
        )

    def _check(self, ends: float) -> None:
        if self.clock() > ends:
            raise BudgetExceededError("time is used up")
