"""How the reader of a request can get originals back, and what has to stand in the request for it.

The answer depends on the operator's choice and on things that do not change within a conversation, so that the
tools of a request never flip.
"""

from __future__ import annotations

from dataclasses import dataclass

from headroom.blocks import Channel, Edit, Payload
from headroom.ccr.keeper import Retrieval
from headroom.ccr.tool import declares_retrieval, insertion
from headroom.providers.wire import integer, record, string

_ANSWERED_LATER = frozenset({"anthropic-batches"})


@dataclass(frozen=True, slots=True)
class Offer:
    """What the reader can use, and the edit that puts the tool's definition into the request, if it takes one."""

    channel: Channel
    edit: Edit | None = None


def offer(retrieval: Retrieval, payload: Payload, wire: str) -> Offer | None:
    """Return what the reader of this request can use, or None: then nothing may be left out."""
    channel = retrieval.channel
    if retrieval.vouched:
        return Offer(channel)
    if wire in _ANSWERED_LATER:
        return None
    if channel is Channel.TOOL:
        edit = None if _cannot_be_resolved(payload) else insertion(payload, wire)
        return None if edit is None else Offer(channel, edit)
    if channel is Channel.MCP:
        return Offer(channel) if declares_retrieval(payload) else None
    if channel is Channel.SHELL:
        return Offer(channel) if payload.get("tools") else None
    return Offer(channel)


def may_be_offered(retrieval: Retrieval, body: bytes) -> bool:
    """Say whether `offer` may find a reader for a body that is not decoded yet: most ask for tools in the request."""
    # A key may be spelled with escapes.
    return retrieval.vouched or retrieval.channel is Channel.HTTP or b'"tools"' in body or b"\\u00" in body


def _cannot_be_resolved(payload: Payload) -> bool:
    """Say whether nobody could ask again: the answer comes later, as several choices, or in a form that is not read.

    Amazon Bedrock streams in `application/vnd.amazon.eventstream`; which requests stream, the body does not say.
    """
    if string(payload.get("anthropic_version")).startswith("bedrock-"):
        return True
    settings = record(payload.get("generationConfig")) or record(payload.get("generation_config"))
    choices = (payload.get("n"), settings.get("candidateCount"), settings.get("candidate_count"))
    return payload.get("background") is True or any((integer(number) or 1) > 1 for number in choices)
