"""Headroom for the OpenAI Agents SDK: a filter of what models are sent, and a tool for what it leaves out."""

from __future__ import annotations

try:
    import agents as _framework  # noqa: F401 - asked for here, so that its absence is said in one sentence
except ImportError as e:
    raise ImportError(
        "headroom_openai_agents needs the OpenAI Agents SDK: pip install 'headroom[openai-agents]'"
    ) from e

from headroom_openai_agents.input_filter import HeadroomInputFilter, headroom_input_filter

__all__ = ["HeadroomInputFilter", "headroom_input_filter"]
