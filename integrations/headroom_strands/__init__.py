"""Headroom for Strands Agents: middleware around model calls, and a tool for what it leaves out."""

from __future__ import annotations

try:
    import strands.middleware as _framework  # noqa: F401 - asked for here, so that its absence is said in one sentence
except ImportError as e:
    raise ImportError("headroom_strands needs Strands Agents 1.62 or newer: pip install 'headroom[strands]'") from e

from headroom_strands.middleware import HeadroomMiddleware, headroom_middleware

__all__ = ["HeadroomMiddleware", "headroom_middleware"]
