"""How providers cache prompt prefixes and what they charge for it, as dated rows.

Prices are multiples of the price of an input token. A model that no row names is unknown, never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CacheRule:
    """One provider's rule.

    `write` and `read` are price multiples, `ttl_seconds` how long an entry lives after its last use, `minimum` the
    tokens below which nothing is cached. With `explicit` the client marks where entries end (`cache_control`) and
    up to `lookback` blocks before a mark are searched; otherwise every prefix counts, in steps of `step` tokens.
    """

    name: str
    write: float
    read: float
    ttl_seconds: int
    minimum: int
    explicit: bool
    source: str
    step: int = 1
    lookback: int = 20

    def cost(self, read: int, written: int, plain: int) -> float:
        """Return the price of a request's input, in input tokens."""
        return read * self.read + written * self.write + plain


_ANTHROPIC = "Anthropic, Prompt caching, 2026-11"
_OPENAI = "OpenAI, Prompt caching, 2026-11"
_GOOGLE = "Google, Gemini API: context caching, 2026-11; lifetime of implicit entries is not published, 5 min assumed"
CACHE_RULES: tuple[CacheRule, ...] = (
    CacheRule("anthropic, 5 min", 1.25, 0.1, 300, 1024, explicit=True, source=_ANTHROPIC),
    CacheRule("anthropic, 1 h", 2.0, 0.1, 3600, 1024, explicit=True, source=_ANTHROPIC),
    CacheRule("openai, before GPT-5.6", 1.0, 0.1, 600, 1024, explicit=False, source=_OPENAI, step=128),
    CacheRule("openai, GPT-5.6", 1.25, 0.1, 1800, 1024, explicit=False, source=_OPENAI, step=128),
    CacheRule("gemini", 1.0, 0.1, 300, 2048, explicit=False, source=_GOOGLE),
)
