"""What a request asks for, as far as limits and budgets have to know it before it is sent.

Only the fields that matter are read; the rest of a body is passed over and makes no objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from headroom.providers.routes import Route
from headroom.providers.wire import Usage, integer, record, string

DEFAULT_OUTPUT_TOKENS = 4_096
"""Reserved where a request does not say how long its answer may be."""
MAX_OUTPUT_TOKENS = 32_768
"""Reserved at most: clients name the largest number that there is, and get a fraction of it."""
MAX_INPUT_TOKENS = 1_000_000
"""No model reads more: images and files have more bytes for a token than text has."""

BYTES_PER_TOKEN = 4
_MAX_ANSWERS = 128
_DISCOUNT_OF_BATCHES = 0.5
"""Anthropic, Pricing, Batch processing, 2026-11."""
_HOUR = b'"1h"'
"""Within a text these quotes would be escaped: here it is a value, and `ttl` the one field that has it."""
_OTHER_TIERS = frozenset({"flex", "priority", "fast", "batch"})


class _Body(msgspec.Struct):
    model: Any = None
    max_tokens: Any = None
    max_completion_tokens: Any = None
    max_output_tokens: Any = None
    generationConfig: Any = None  # noqa: N815 - the field's name in the API
    generation_config: Any = None
    n: Any = None
    service_tier: Any = None


class _Request(msgspec.Struct):
    params: _Body = msgspec.field(default_factory=_Body)


class _Batch(msgspec.Struct):
    requests: list[_Request] = []


_BODIES = msgspec.json.Decoder(_Body)
_BATCHES = msgspec.json.Decoder(_Batch)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for.

    `models` are the names of all that it names, one but in batches. `input_tokens` is an estimate, `output_tokens` what
    the answer may have. `factor` is the part of the list price that is charged. `for_an_hour` says that some mark asks
    the provider's cache to keep its prefix for an hour, `is_batch` that the answer is a receipt.
    """

    models: tuple[str, ...] = ()
    input_tokens: int = 0
    output_tokens: int = 0
    factor: float = 1.0
    for_an_hour: bool = False
    is_batch: bool = False

    @property
    def most(self) -> Usage:
        """What the request may use, as if it had been reported."""
        return Usage(self.input_tokens, self.output_tokens)


def asked_of(route: Route | None, path: str, body: bytes | None, size: int) -> Asked:
    """Return what a request asks for. `body` is None where it is not read; `size` is its length in bytes, decoded."""
    tokens = min(MAX_INPUT_TOKENS, -(-size // BYTES_PER_TOKEN))
    is_batch = route is not None and route.wire == "anthropic-batches"
    parts = _parts_of(body, is_batch=is_batch)
    return Asked(
        models=_models_of(path, parts),
        input_tokens=tokens,
        output_tokens=sum(map(_output_of, parts)) if parts else DEFAULT_OUTPUT_TOKENS,
        factor=_factor_of(route, is_batch=is_batch),
        for_an_hour=body is not None and _HOUR in body,
        is_batch=is_batch,
    )


def _parts_of(body: bytes | None, *, is_batch: bool) -> list[_Body]:
    """Return the requests that stand in a body, none if it cannot be read."""
    if not body:
        return []
    try:
        if is_batch:
            return [one.params for one in _BATCHES.decode(body).requests]
        return [_BODIES.decode(body)]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return []


def _models_of(path: str, parts: list[_Body]) -> tuple[str, ...]:
    """Return the models of all parts, each with its tier of service where that has prices of its own."""
    name, colon, _ = path.rsplit("/", 1)[-1].partition(":")
    if colon:  # Gemini
        return (name,)
    return tuple(sorted({_named(part) for part in parts}))


def _named(part: _Body) -> str:
    tier = string(part.service_tier)
    return f"{string(part.model)} ({tier})" if tier in _OTHER_TIERS else string(part.model)


def _output_of(part: _Body) -> int:
    settings = record(part.generationConfig) or record(part.generation_config)
    wishes = (
        part.max_completion_tokens,
        part.max_output_tokens,
        part.max_tokens,
        settings.get("maxOutputTokens"),
        settings.get("max_output_tokens"),
    )
    most = next((wish for wish in map(integer, wishes) if wish is not None and wish > 0), DEFAULT_OUTPUT_TOKENS)
    answers = integer(part.n) or integer(settings.get("candidateCount")) or 1
    return min(most, MAX_OUTPUT_TOKENS) * min(max(answers, 1), _MAX_ANSWERS)


def _factor_of(route: Route | None, *, is_batch: bool) -> float:
    if route is not None and route.name.endswith(".count_tokens"):
        return 0.0
    return _DISCOUNT_OF_BATCHES if is_batch else 1.0
