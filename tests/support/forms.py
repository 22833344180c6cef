"""One compressor under test: what it thinks of a text, what it makes of it, and whether that comes back."""

from __future__ import annotations

from headroom.blocks import Block, Tier
from headroom.transforms.base import Compressor, Context, Hint
from headroom.transforms.view import View


class Subject:
    """A compressor asked in the words of tests, in one tier."""

    def __init__(self, compressor: Compressor, tier: Tier = Tier.LEGEND) -> None:
        self.compressor = compressor
        self.context = Context(tier=tier)

    def evidence(self, text: str) -> float:
        """How much of the text it recognises."""
        return self.compressor.evidence(View(text), Hint())

    def shrunk(self, text: str) -> str | None:
        """The cheapest form, None if there is none."""
        found = self.compressor.shrink(Block((), text, "tool"), self.context)
        return found.text if found else None

    def restores(self, text: str) -> bool:
        """Whether every form, cheap or not, decodes to what it claims to keep."""
        forms = list(self.compressor.candidates(View(text), self.context))
        return all(self.compressor.decode(form.text) == self.compressor.normal(text, form.of) for form in forms)
