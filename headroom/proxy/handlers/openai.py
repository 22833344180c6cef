"""OpenAI: relayed as it is, native wire in and out."""

from __future__ import annotations

from headroom.providers.vendors import OPENAI
from headroom.proxy.handlers.base import ForwardingHandler


class OpenAIHandler(ForwardingHandler):
    """Forwards to the upstream that the operator set for OpenAI."""

    vendor = OPENAI
