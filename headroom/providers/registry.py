"""The wires by name, and which one a body speaks."""

from __future__ import annotations

from headroom.blocks import Payload
from headroom.providers.anthropic import Anthropic, AnthropicBatches
from headroom.providers.gemini import Gemini
from headroom.providers.openai_chat import OpenAIChat
from headroom.providers.openai_responses import OpenAIResponses
from headroom.providers.wire import Wire, records, string

WIRES: dict[str, Wire] = {
    wire.name: wire for wire in (OpenAIChat(), OpenAIResponses(), Anthropic(), AnthropicBatches(), Gemini())
}

_ANTHROPIC_PARTS = frozenset({"tool_use", "tool_result", "thinking", "redacted_thinking", "server_tool_use"})


def recognise(payload: Payload) -> Wire | None:
    """Return the wire whose shape the body has; None if it has none of the shapes."""
    if isinstance(payload.get("messages"), list):
        return WIRES["anthropic" if _is_anthropic(payload) else "openai-chat"]
    if isinstance(payload.get("contents"), list) or isinstance(payload.get("generateContentRequest"), dict):
        return WIRES["gemini"]
    if isinstance(payload.get("input"), (list, str)):
        return WIRES["openai-responses"]
    if isinstance(payload.get("requests"), list):
        return WIRES["anthropic-batches"]
    return None


def _is_anthropic(payload: Payload) -> bool:
    """Chat completions keep the system prompt among the messages and have no such content parts."""
    if "system" in payload or "anthropic_version" in payload:
        return True
    return any(
        string(part.get("type")) in _ANTHROPIC_PARTS
        for _, message in records(payload["messages"])
        for _, part in records(message.get("content"))
    )
