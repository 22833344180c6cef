"""One block to one decision. Never longer, fail open and the time of a block stand here, once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from msgspec import Struct

from headroom.blocks import Block, Decision, Edit, Lossy, Reason, Tier
from headroom.ccr.keeper import Keeper
from headroom.ccr.marker import marker
from headroom.errors import BudgetExceededError
from headroom.pipeline.earlier import Earlier
from headroom.pipeline.guard import Guard
from headroom.pipeline.memory import DecisionMemory, Verdict, key_of
from headroom.pipeline.notebook import Notebook
from headroom.policy import Policy
from headroom.protect import reason_to_stay
from headroom.tokens import TokenCounter
from headroom.transforms.base import Compressor, Context, Hint
from headroom.transforms.content_router import ContentRouter
from headroom.transforms.reducer import Reduced, Reducer
from headroom.transforms.tag_protector import TagProtector
from headroom.transforms.view import View

_MARKER_TOKENS = 20
"""What a marker costs at least, besides its note; the exact price is paid before a result is taken."""
_SUPERSEDED = "superseded: the same call was made again later, its newer result stands below; {} lines left out"


class Decider(Struct, frozen=True):
    """Decides blocks under one policy with one set of compressors, for one request at a time.

    `keeper` keeps originals of what leaves something out; without one nothing does. `notebook` holds what workers
    tell each other. `settings` names all that may enter a decision in the memory. `deadline` is the end of the
    request's time on `clock`.
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
    notebook: Notebook
    keeper: Keeper | None = None
    clock: Callable[[], float] = time.monotonic

    def key(self, block: Block, tier: Tier) -> bytes:
        """Return the name of this block's decision."""
        return key_of(block, self.settings + bytes([tier]))

    def decide(self, block: Block, tier: Tier, key: bytes) -> tuple[Decision, Edit | None]:
        """Return the decision about a block, named `key`, and the edit that carries it out if the block changes."""
        start = self.clock()
        verdict = self.memory.get(key)
        remembered = verdict is not None
        if verdict is None:
            verdict = self._judge(block, tier, key)
            self.memory.put(key, verdict)
        elif verdict.handle and self.keeper is not None:
            self.keeper.keep(block.text)  # in use: must not grow idle
        spent = round((self.clock() - start) * 1e6)
        decision = decided_as(block, verdict, remembered=remembered, microseconds=spent)
        return decision, None if verdict.text is None else Edit(block.path, verdict.text)

    def referred(self, block: Block, key: bytes, decision: Decision, earlier: Earlier) -> Verdict | None:
        """Return the verdict to refer to an earlier output instead, or None. Remembered by all that stands before."""
        name = key + b"after" + earlier.chain
        known = self.memory.get(name)
        if known is None:
            form = self.guard.run("reference", partial(earlier.reference, block, decision.tokens_after), None)
            known = Verdict(Reason.NO_GAIN, decision.tokens_before, decision.tokens_after)
            if form is not None:
                found, tokens = form
                known = Verdict(
                    reason=Reason.COMPRESSED,
                    tokens_before=decision.tokens_before,
                    tokens_after=tokens,
                    text=found.text,
                    compressor="cross_turn",
                    encoding=found.encoding,
                    fidelity=found.of,
                )
            self.memory.put(name, known)
        return known if known.text is not None else None

    def superseded(self, block: Block, tier: Tier) -> tuple[Decision, Edit] | None:
        """Return the decision to leave out an output whose call was made again, or None if it is to stay.

        Tools whose exact text matters are no exception: the text to go by is the newer one.
        """
        tokens = self.count(block.text)
        reason = block.protected or reason_to_stay(block, tokens, self.policy)
        if self.keeper is None or reason not in (None, Reason.EXCLUDED_TOOL):
            return None
        name = self.key(block, tier) + b"superseded"
        verdict = self.memory.get(name)
        if verdict is None:
            verdict = self._left_out(block, tokens, self.keeper)
            self.memory.put(name, verdict)
        if verdict.text is None:
            return None
        return decided_as(block, verdict), Edit(block.path, verdict.text)

    def _left_out(self, block: Block, tokens: int, keeper: Keeper) -> Verdict:
        lines = block.text.count("\n") + 1
        draft = Reduced("", 0, _SUPERSEDED.format(lines), "cross_turn", "superseded")
        result = _sealed(draft, block.text, keeper)
        after = tokens if result is None else self.count(result.text)
        if result is None or after + self.policy.least_gain(tokens) > tokens:
            return Verdict(Reason.NO_GAIN, tokens, tokens)
        return Verdict(
            reason=Reason.COMPRESSED,
            tokens_before=tokens,
            tokens_after=after,
            text=result.text,
            compressor=draft.compressor,
            encoding=result.encoding,
            handle=result.capability.handle,
        )

    def _judge(self, block: Block, tier: Tier, key: bytes) -> Verdict:
        view = View(block.text)
        tokens = view.tokens(self.count)
        reason = reason_to_stay(block, tokens, self.policy)
        if reason is not None:
            return Verdict(reason, tokens, tokens)
        if self.notebook.stays(key):
            return Verdict(Reason.BUDGET, tokens, tokens)
        verdict = self._compressed(view, Hint(block.tool, block.arguments, block.question), tier)
        if verdict.reason is Reason.BUDGET:
            self.notebook.note_stays(key)
        return verdict

    def _compressed(self, view: View, hint: Hint, tier: Tier) -> Verdict:
        tokens = view.tokens(self.count)
        ends = min(self.deadline, self.clock() + self.policy.block_seconds)
        # Whether a result is proved depends on the block alone, never on the body around it.
        verify = len(view.text) < self.policy.verify_below_chars
        check = partial(self._check, ends)
        context = Context(self.count, tier, verify, check, by_importance=self.policy.by_importance)
        failed, late = (Verdict(reason, tokens, tokens) for reason in (Reason.FAILED, Reason.BUDGET))
        shrunk = partial(self._shrunk, view, hint, context)
        best = self.guard.run("compression", partial(_in_time, shrunk, late), failed)
        if self.keeper is None or best.reason is Reason.BUDGET:
            return best
        reduced = partial(self._reduced, view, hint, context, best, self.keeper)
        return self.guard.run("reduction", partial(_in_time, reduced, late), best)

    def _shrunk(self, view: View, hint: Hint, context: Context) -> Verdict:
        """Return the cheapest form that loses nothing."""
        context.check()
        tokens = view.tokens(self.count)
        routed = self.router.shrink(view, hint, context, self.compressors, self.protector)
        if routed.result is None or routed.tokens >= tokens:
            return Verdict(Reason.NO_GAIN if routed.recognised else Reason.UNRECOGNISED, tokens, tokens)
        found = routed.result
        return Verdict(
            Reason.COMPRESSED, tokens, routed.tokens, found.text, routed.compressor, found.encoding, found.of
        )

    def _reduced(self, view: View, hint: Hint, context: Context, best: Verdict, keeper: Keeper) -> Verdict:
        """Return the form that leaves things out if it is worth it, else the best one that does not."""
        reducer = Reducer(self.router, self.compressors, self.protector, context)
        draft = reducer.reduce(view, hint)
        limit = best.tokens_after - self.policy.least_gain(best.tokens_after)
        if draft is None or draft.tokens + _MARKER_TOKENS > limit:
            return best
        result = _sealed(draft, view.text, keeper)
        if result is None:
            return best
        after = self.count(result.text)
        if after > limit:
            return best
        return Verdict(
            reason=Reason.COMPRESSED,
            tokens_before=best.tokens_before,
            tokens_after=after,
            text=result.text,
            compressor=draft.compressor,
            encoding=result.encoding,
            handle=result.capability.handle,
        )

    def _check(self, ends: float) -> None:
        if self.clock() > ends:
            raise BudgetExceededError("time is used up")


def decided_as(block: Block, verdict: Verdict, *, remembered: bool = False, microseconds: int = 0) -> Decision:
    """Return the decision about a block that a verdict stands for, and what it took to come to it."""
    return Decision(
        path=block.path,
        reason=verdict.reason,
        tokens_before=verdict.tokens_before,
        tokens_after=verdict.tokens_after,
        role=block.role,
        tool=block.tool,
        compressor=verdict.compressor,
        encoding=verdict.encoding,
        fidelity=verdict.fidelity,
        handle=verdict.handle,
        remembered=remembered,
        microseconds=microseconds,
    )


def _in_time(decide: Callable[[], Verdict], late: Verdict) -> Verdict:
    """Return what is decided, or `late` if the time was up first."""
    try:
        return decide()
    except BudgetExceededError:
        return late


def _sealed(draft: Reduced, original: str, keeper: Keeper) -> Lossy | None:
    """Keep the original, then write its marker under the draft; None if it cannot be kept."""
    capability = keeper.keep(original)
    if capability is None:
        return None
    text = "\n".join(filter(None, (draft.text.rstrip(), marker(capability, draft.note))))
    return Lossy(text, capability, draft.encoding)
