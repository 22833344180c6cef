"""What can be told of a chat model and the options of one call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Options = Mapping[str, Any]
"""Keyword arguments of one call of a model."""

_NAMES = ("model_name", "model", "model_id")
_DROPPING = ("context_management", "truncation")
_EXTRA = ("model_kwargs", "extra_body")


def name_of(model: object, options: Options) -> str:
    """Return the name under which the provider knows a model, given as an object or by name; empty if unknown."""
    names = (options.get("model"), model, *(getattr(model, key, None) for key in _NAMES))
    return next((name for name in names if isinstance(name, str)), "")


def keeps_results(model: object, options: Options) -> bool:
    """Say whether the model sees all results that it is sent.

    Not so where the provider may drop some by itself: `context_management` of Anthropic, `truncation` of OpenAI's
    Responses.
    """
    values = (place.get(key) for place in _places(model, options) for key in _DROPPING)
    return all(value in (None, "disabled") for value in values)


def _places(model: object, options: Options) -> Iterator[Options]:
    """Yield where fields of the request body stand."""
    own = {key: getattr(model, key, None) for key in (*_DROPPING, *_EXTRA)}
    for place in (own, options):
        yield place
        yield from (extra for key in _EXTRA if isinstance(extra := place.get(key), Mapping))
