"""The two seams of this room: `Transform` (whole payloads) and `Compressor` (one text, restorable).

A compressor says how sure it is that a text is of its kind (`evidence`), offers shorter forms of it
(`candidates`) and restores them (`decode`). Pricing, the choice of the cheapest form and the proof that it can
be restored stand here, once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from headroom.blocks import Block, Edit, Fidelity, Lossless, Payload, Reduction, Tier
from headroom.errors import CompressionError
from headroom.providers import recognise
from headroom.tokens import TokenCounter
from headroom.transforms.coding.display import as_displayed
from headroom.transforms.view import View
from headroom.wire.edit import apply


class Transform:
    """The documented seam: change a whole request or response payload.

    Both methods return the payload to go on with and never mutate the one they were given. `before` and `after`
    name transforms that this one must precede or follow; otherwise the order of the list holds. `reads_code` says
    that it is left out where nothing is to be made of source code.
    """

    name: ClassVar[str] = "transform"
    reads_code: ClassVar[bool] = False
    before: ClassVar[tuple[str, ...]] = ()
    after: ClassVar[tuple[str, ...]] = ()

    def apply_request(self, payload: Payload) -> Payload:
        """Return the request body to send, as JSON values."""
        return payload

    def apply_response(self, payload: Payload) -> Payload:
        """Return the response body to hand on, as JSON values. Called for whole JSON answers, not for streams."""
        return payload


@dataclass(frozen=True, slots=True)
class Hint:
    """What is known of a text besides itself: the call that made it, and what the user asked before it.

    A hint is never proof.
    """

    tool: str = ""
    arguments: str = ""
    question: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What a compressor may know: how to count, how much to ask of the reader, and when to give up.

    Without `by_importance`, what stays of a text is chosen by its place alone. `check` raises `BudgetExceededError`
    once the time is used up; long loops call it now and then.
    """

    count: TokenCounter = field(default_factory=lambda: TokenCounter(""))
    tier: Tier = Tier.LEGEND
    verify: bool = True
    check: Callable[[], None] = lambda: None
    by_importance: bool = True


@dataclass(frozen=True, slots=True)
class Priced:
    """A form of a text and its price in tokens."""

    result: Lossless
    tokens: int


@dataclass(frozen=True, slots=True)
class Inner:
    """The texts within a text, which may be of any kind. `put` writes it with others in their places.

    With its own texts in their places it is the text again, but for what `Lossless.of` lets go.
    """

    texts: Sequence[str]
    put: Callable[[Sequence[str]], Lossless]


class Compressor(Transform, ABC):
    """Shortens one kind of text without losing anything.

    Pure: the result depends on the text, the hint and the context's settings alone.
    """

    @abstractmethod
    def evidence(self, view: View, hint: Hint) -> float:
        """Return the share of the text (0 to 1) that is of this compressor's kind; cheap, linear, never raises."""

    @abstractmethod
    def candidates(self, view: View, context: Context) -> Iterable[Lossless]:
        """Yield restorable forms of the text; they need not be shorter, the cheapest is chosen by tokens."""

    def reductions(self, view: View, hint: Hint, context: Context) -> Iterable[Reduction]:  # noqa: ARG002 - for subclasses
        """Yield drafts that leave things out, for readers that can get the original back.

        What stays are lines or records of the text, in order, and notes; the router encodes them further.
        """
        return ()

    def inner(self, view: View, context: Context) -> Inner | None:  # noqa: ARG002 - for subclasses
        """Return the texts that stand within the text, whose forms the router finds; None if there are none."""
        return None

    @abstractmethod
    def decode(self, text: str) -> str:
        """Restore what a candidate's text stands for. Raises ValueError if `text` is not such a form."""

    def normal(self, text: str, of: Fidelity) -> str:
        """Return the form of an original that `decode` restores for this fidelity."""
        return as_displayed(text) if of is Fidelity.DISPLAY else text

    def shrink(self, block: Block, context: Context) -> Lossless | None:
        """Return the cheapest form of the block's text, or None if nothing is cheaper than the text itself."""
        view = View(block.text)
        if self.evidence(view, Hint(block.tool, block.arguments)) <= 0:
            return None
        found = self.cheapest(view, context)
        return None if found is None else found.result

    def cheapest(self, view: View, context: Context, limit: int | None = None) -> Priced | None:
        """Price every admissible candidate as the model reads it and return the cheapest that can be restored.

        It has fewer tokens than `limit`; without one, than the text itself. Raises CompressionError if such forms exist
        but none of them restores the original.
        """
        found = [c for c in self.candidates(view, context) if c.tier <= context.tier]
        if limit is None:
            found = [c for c in found if c.text != view.text]
            limit = view.tokens(context.count)
        prices = context.count.many(c.text for c in found)
        ranked = sorted((price, rank) for rank, price in enumerate(prices) if price < limit)
        for price, rank in ranked:
            if not context.verify or self.restores(found[rank], view.text):
                return Priced(found[rank], price)
        if ranked:
            raise CompressionError(f"{self.name}: no candidate restores the original")
        return None

    def restores(self, candidate: Lossless, original: str) -> bool:
        """Say whether decoding the candidate gives back what it claims to keep of the original."""
        try:
            return self.decode(candidate.text) == self.normal(original, candidate.of)
        except ValueError:
            return False

    def wrote(self, text: str, context: Context) -> bool:
        """Say whether a text is a form of this compressor: it decodes, and what it decodes to comes out as it again.

        Shown, not claimed: a text that merely begins like one is not taken for one.
        """
        try:
            original = self.decode(text)
        except ValueError:
            return False
        if original == text:  # a form without a note is what it stands for
            return False
        view, tiers = View(original), dict.fromkeys((context.tier, Tier.MAX))
        forms = (form for tier in tiers for form in self.candidates(view, replace(context, tier=tier)))
        return any(form.text == text for form in forms)

    def apply_request(self, payload: Payload) -> Payload:
        """Shrink every tool output of the payload, whatever its wire; other content stays."""
        wire = recognise(payload)
        if wire is None:
            return payload
        context = Context(TokenCounter(str(payload.get("model", ""))))
        edits = []
        for block in wire.blocks(payload):
            result = self.shrink(block, context) if block.role == "tool" and not block.opaque else None
            if result is not None:
                edits.append(Edit(block.path, result.text))
        return apply(payload, edits)
