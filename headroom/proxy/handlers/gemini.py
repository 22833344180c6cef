"""Gemini: relayed as it is, native wire in and out."""

from __future__ import annotations

from headroom.providers.vendors import GEMINI
from headroom.proxy.handlers.base import ForwardingHandler


class GeminiHandler(ForwardingHandler):
    """Forwards to the upstream that the operator set for Gemini."""

    vendor = GEMINI
