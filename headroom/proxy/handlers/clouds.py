"""Vertex AI and Amazon Bedrock: relayed as they are, native paths and bodies."""

from __future__ import annotations

from headroom.providers.vendors import BEDROCK, VERTEX
from headroom.proxy.handlers.base import ForwardingHandler


class VertexHandler(ForwardingHandler):
    """Forwards to the upstream that the operator set for Vertex AI."""

    vendor = VERTEX


class BedrockHandler(ForwardingHandler):
    """Forwards to the upstream that the operator set for Amazon Bedrock."""

    vendor = BEDROCK
