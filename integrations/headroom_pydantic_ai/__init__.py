"""Headroom for Pydantic AI: a capability by which an agent's model reads what tools returned in a shorter form."""

from __future__ import annotations

try:
    from pydantic_ai import capabilities as _framework  # noqa: F401 - asked for here: its absence in one sentence
except ImportError as e:
    raise ImportError("headroom_pydantic_ai needs Pydantic AI: pip install 'headroom[pydantic-ai]'") from e

from headroom_pydantic_ai.capability import HeadroomCapability

__all__ = ["HeadroomCapability"]
