"""Headroom for Agno: a compression manager that asks no model, and a tool for what it leaves out."""

from __future__ import annotations

try:
    import agno.compression.manager as _framework  # noqa: F401 - asked for here, so that its absence is said in one sentence
except ImportError as e:
    raise ImportError("headroom_agno needs Agno 2.3.12 or newer: pip install 'headroom[agno]'") from e

from headroom_agno.manager import HeadroomCompressionManager

__all__ = ["HeadroomCompressionManager"]
