"""How providers cache prompt prefixes and what they charge for it, as dated rows.

Prices are multiples of the price of an input token. A model that no row names is unknown, never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

from headroom.blocks import Payload
from headroom.providers.wire import record, records


@dataclass(frozen=True, slots=True)
class CacheRule:
    """One provider's rule.

    `models` are the prefixes of the names of models that it holds for. `write` and `read` are price multiples,
    `ttl_seconds` how long an entry lives after its last use at least, `longest_seconds` at most (None: not published),
    `minimum` the tokens below which nothing is cached. With `explicit` the client marks where entries end
    (`cache_control`) and up to `lookback` blocks before a mark are searched; otherwise every prefix counts, in steps
    of `step` tokens.
    """

    name: str
    write: float
    read: float
    ttl_seconds: int
    minimum: int
    explicit: bool
    source: str
    models: tuple[str, ...] = ()
    longest_seconds: int | None = None
    step: int = 1
    lookback: int = 20

    def cost(self, read: int, written: int, plain: int) -> float:
        """Return the price of a request's input, in input tokens."""
        return read * self.read + written * self.write + plain


_ANTHROPIC = "Anthropic, Prompt caching, 2026-11"
_OPENAI = "OpenAI, Prompt caching, 2026-11"
_GOOGLE = "Google, Gemini API: context caching, 2026-11; lifetime of implicit entries is not published, 5 min assumed"
_CLAUDE = ("claude",)
_GPT_NEW = ("gpt-5.6", "gpt-6")
_GPT_OLD = ("gpt-5", "gpt-4.1", "gpt-4o", "o1", "o3", "o4")
ANTHROPIC_5_MIN = CacheRule(
    "anthropic, 5 min", 1.25, 0.1, 300, 1024, explicit=True, source=_ANTHROPIC, models=_CLAUDE, longest_seconds=300
)
ANTHROPIC_1_H = CacheRule(
    "anthropic, 1 h", 2.0, 0.1, 3600, 1024, explicit=True, source=_ANTHROPIC, models=_CLAUDE, longest_seconds=3600
)
OPENAI_NEW = CacheRule(
    "openai, GPT-5.6", 1.25, 0.1, 1800, 1024, explicit=False, source=_OPENAI, models=_GPT_NEW, step=128
)
OPENAI_OLD = CacheRule(
    name="openai, before GPT-5.6",
    write=1.0,
    read=0.1,
    ttl_seconds=600,
    minimum=1024,
    explicit=False,
    source=_OPENAI,
    models=_GPT_OLD,
    longest_seconds=3600,
    step=128,
)
GEMINI = CacheRule("gemini", 1.0, 0.1, 300, 2048, explicit=False, source=_GOOGLE, models=("gemini",))
CACHE_RULES: tuple[CacheRule, ...] = (ANTHROPIC_5_MIN, ANTHROPIC_1_H, OPENAI_OLD, OPENAI_NEW, GEMINI)

# The newer of two rows with a common prefix stands first.
_BY_MODEL = (ANTHROPIC_5_MIN, OPENAI_NEW, OPENAI_OLD, GEMINI)


def rule_for(model: str, payload: Payload) -> CacheRule | None:
    """Return the rule under which a request is cached, or None if it is not known.

    Anthropic: an hour if any `cache_control` of the request says so. OpenAI: not known with `prompt_cache_retention`,
    which makes entries live longer.
    """
    name = model.lower().rsplit("/", 1)[-1]
    rule = next((row for row in _BY_MODEL if name.startswith(row.models)), None)
    if rule is ANTHROPIC_5_MIN:
        return ANTHROPIC_1_H if _lasts_an_hour(payload) else rule
    return None if "prompt_cache_retention" in payload else rule


def _lasts_an_hour(payload: Payload) -> bool:
    """Say whether some mark for the cache, wherever marks may stand, asks for an hour."""
    messages = [part for _, message in records(payload.get("messages")) for _, part in records(message.get("content"))]
    marked = [*(one for key in ("tools", "system") for _, one in records(payload.get(key))), *messages]
    return any(record(one.get("cache_control")).get("ttl") == "1h" for one in marked)
