"""What providers charge for tokens, as dated rows in USD per million tokens. A model that no row names is unknown.

Sources: the vendors' public price lists (Anthropic, Pricing; OpenAI, API pricing, standard tier; Google, Gemini API
pricing, paid tier, text), as collected by genai-prices 0.2.3, 2026-11. Batches cost half of it at Anthropic.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from headroom.providers.wire import Usage

NANO = 1_000_000_000
"""Amounts are whole numbers of a billionth of a dollar: no price per token is finer."""

_NANO_PER_TOKEN = 1000
"""A dollar per million tokens, in this unit per token."""


@dataclass(frozen=True, slots=True)
class LongContext:
    """Other prices for a request whose input is larger than `above` tokens: factors of those for shorter ones."""

    above: int
    input: float
    output: float


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens of one model.

    `read` is the price of input that a cache has, `write` of input that is put there (for an hour: `write_hour`); where
    the list has none, it is that of other input.
    """

    model: str
    input: float
    output: float
    read: float | None = None
    write: float | None = None
    write_hour: float | None = None
    long: LongContext | None = None

    def cost(self, usage: Usage, *, for_an_hour: bool = False) -> int:
        """Return what a request costs, in billionths of a dollar. What is not reported is taken as 0."""
        total, read, write = usage.input or 0, usage.cache_read or 0, usage.cache_write or 0
        write_price = self.write_hour if for_an_hour and self.write_hour is not None else self.write
        into = max(0, total - read - write) * self.input
        into += read * (self.input if self.read is None else self.read)
        into += write * (self.input if write_price is None else write_price)
        out = (usage.output or 0) * self.output
        if self.long is not None and total > self.long.above:
            into, out = into * self.long.input, out * self.long.output
        return round((into + out) * _NANO_PER_TOKEN)


_TWICE_ABOVE_200K = LongContext(200_000, 2.0, 1.5)
_TWICE_ABOVE_272K = LongContext(272_000, 2.0, 1.5)
_FIVEFOLD_ABOVE_100K = LongContext(100_000, 5.0, 5.0)


def _claude(
    models: str, base: float, output: float, read: float | None = None, long: LongContext | None = None
) -> Iterable[Price]:
    """Rows with Anthropic's multiples: writes 1.25 and 2.0, reads 0.1 where nothing else is said."""
    for model in models.split():
        yield Price(model, base, output, base * 0.1 if read is None else read, base * 1.25, base * 2.0, long)


def _others(
    models: str,
    base: float,
    output: float,
    read: float | None = None,
    write: float | None = None,
    long: LongContext | None = None,
) -> Iterable[Price]:
    for model in models.split():
        yield Price(model, base, output, read, write, None, long)


ANTHROPIC_PRICES: tuple[Price, ...] = (
    *_claude("claude-fable-5", 10, 50),
    *_claude("claude-fable-5-1", 10, 50, 0.25),
    *_claude("claude-fable-5-2 claude-mythos-5-2", 8, 40, 0.2),
    *_claude("claude-opus-5-5", 4, 20, 0.2),
    *_claude("claude-opus-5 claude-opus-4-8 claude-opus-4-7 claude-opus-4-6 claude-opus-4-5", 5, 25),
    *_claude("claude-opus-4-1 claude-opus-4-0 claude-opus-4 claude-3-opus", 15, 75),
    *_claude("claude-sonnet-5-5", 2, 10, 0.1),
    *_claude("claude-sonnet-5", 2, 10),
    *_claude("claude-sonnet-4-6 claude-3-7-sonnet claude-3-5-sonnet", 3, 15),
    *_claude("claude-sonnet-4-5 claude-sonnet-4-0 claude-sonnet-4", 3, 15, long=_TWICE_ABOVE_200K),
    *_claude("claude-haiku-5-5", 0.1, 0.5, long=_FIVEFOLD_ABOVE_100K),
    *_claude("claude-haiku-4-5", 1, 5),
    *_claude("claude-3-5-haiku", 0.8, 4),
    Price("claude-3-haiku", 0.25, 1.25, 0.03, 0.3, 0.5),
)
OPENAI_PRICES: tuple[Price, ...] = (
    *_others("gpt-6.1-sol", 2, 10, 0.1, 2.5, _TWICE_ABOVE_272K),
    *_others("gpt-6.1-terra", 1, 5, 0.05, 1.25, _TWICE_ABOVE_272K),
    *_others("gpt-6-sol", 2, 10, 0.2, 2.5, _TWICE_ABOVE_272K),
    *_others("gpt-6-luna", 0.1, 0.5, 0.01, 0.125, _TWICE_ABOVE_272K),
    *_others("gpt-6-astra", 10, 50, 1, 12.5, _TWICE_ABOVE_272K),
    *_others("gpt-5.6-sol", 4, 20, 0.4, 5, _TWICE_ABOVE_272K),
    *_others("gpt-5.6-terra", 2, 12, 0.2, 2.5, _TWICE_ABOVE_272K),
    *_others("gpt-5.6-luna", 0.2, 1.2, 0.02, 0.25, _TWICE_ABOVE_272K),
    *_others("gpt-5.5", 5, 30, 0.5, long=_TWICE_ABOVE_272K),
    *_others("gpt-5.5-pro gpt-5.4-pro", 30, 180, long=_TWICE_ABOVE_272K),
    *_others("gpt-5.4", 2.5, 15, 0.25, long=_TWICE_ABOVE_272K),
    *_others("gpt-5.4-mini", 0.75, 4.5, 0.075),
    *_others("gpt-5.4-nano", 0.2, 1.25, 0.02),
    *_others("gpt-5.3-codex gpt-5.2 gpt-5.2-codex", 1.75, 14, 0.175),
    *_others("gpt-5.2-pro", 21, 168),
    *_others("gpt-5.1 gpt-5.1-codex gpt-5.1-codex-max gpt-5 gpt-5-codex", 1.25, 10, 0.125),
    *_others("gpt-5-mini gpt-5.1-codex-mini", 0.25, 2, 0.025),
    *_others("gpt-5-nano", 0.05, 0.4, 0.005),
    *_others("gpt-5-pro", 15, 120),
    *_others("gpt-4.1", 2, 8, 0.5),
    *_others("gpt-4.1-mini", 0.4, 1.6, 0.1),
    *_others("gpt-4.1-nano", 0.1, 0.4, 0.025),
    *_others("gpt-4o-2024-05-13", 5, 15),
    *_others("gpt-4o", 2.5, 10, 1.25),
    *_others("gpt-4o-mini", 0.15, 0.6, 0.075),
    *_others("gpt-4-turbo", 10, 30),
    *_others("gpt-4", 30, 60),
    *_others("gpt-3.5-turbo", 0.5, 1.5),
    *_others("o1", 15, 60, 7.5),
    *_others("o3", 2, 8, 0.5),
    *_others("o3-pro", 20, 80),
    *_others("o3-mini", 1.1, 4.4, 0.55),
    *_others("o4-mini", 1.1, 4.4, 0.275),
    *_others("text-embedding-3-small", 0.02, 0),
    *_others("text-embedding-3-large", 0.13, 0),
    *_others("text-embedding-ada-002", 0.1, 0),
)
GOOGLE_PRICES: tuple[Price, ...] = (
    *_others("gemini-3.6-flash gemini-3.7-flash gemini-3.8-flash", 0.75, 3.75, 0.075),
    *_others("gemini-3.5-flash", 1.5, 9, 0.15),
    *_others("gemini-3.5-flash-lite", 0.3, 2.5, 0.03),
    *_others("gemini-3.1-flash-lite", 0.25, 1.5, 0.025),
    *_others("gemini-3.1-pro gemini-3-pro", 2, 12, 0.2, long=_TWICE_ABOVE_200K),
    *_others("gemini-3-flash", 0.5, 3, 0.05),
    *_others("gemini-2.5-pro", 1.25, 10, 0.125, long=_TWICE_ABOVE_200K),
    *_others("gemini-2.5-flash", 0.3, 2.5, 0.03),
    *_others("gemini-2.5-flash-lite", 0.1, 0.4, 0.01),
    *_others("gemini-2.0-flash", 0.1, 0.4, 0.025),
    *_others("gemini-2.0-flash-lite", 0.075, 0.3),
)
PRICES: tuple[Price, ...] = (*ANTHROPIC_PRICES, *OPENAI_PRICES, *GOOGLE_PRICES)

_BY_MODEL = {price.model: price for price in PRICES}
_EDITIONS = ("latest", "preview")
_MOST_PARTS = 12

DEAREST = Price("dearest", max(row.input for row in PRICES), max(row.output for row in PRICES))
"""Stands for a price that is not known, where one has to be taken."""


def price_of(model: str) -> Price | None:
    """Return the price of a model, whatever its edition; None if it is not known.

    Prefixes of gateways (`openai/`) and what Vertex puts behind an `@` say nothing about the price.
    """
    parts = model.lower().rsplit("/", 1)[-1].partition("@")[0].split("-")[:_MOST_PARTS]
    for end in range(len(parts), 0, -1):
        found = _BY_MODEL.get("-".join(parts[:end]))
        if found is not None:
            return found if _is_edition(parts[end:]) else None
    return None


def _is_edition(parts: Sequence[str]) -> bool:
    """Say whether the rest of a name tells an edition (`latest`, `0613`, `2024-08-06`) and no other model (`5-6`)."""
    are_of_one = all(part in _EDITIONS or (part.isdecimal() and len(part) > 1) for part in parts)
    return are_of_one and (not parts or max(map(len, parts)) > 2)
