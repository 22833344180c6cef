"""Anthropic: relayed as it is, native wire in and out."""

from __future__ import annotations

from headroom.providers.vendors import ANTHROPIC
from headroom.proxy.handlers.base import ForwardingHandler


class AnthropicHandler(ForwardingHandler):
    """Forwards to the upstream that the operator set for Anthropic."""

    vendor = ANTHROPIC
