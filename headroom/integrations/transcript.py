"""A framework's conversation, written down: what was said, called and returned, in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from headroom.blocks import JsonPath, Payload
from headroom.providers import WIRES

WIRE = WIRES["anthropic"]
"""The shape in which a transcript goes through the pipeline: the one whose results can say that they are errors."""


@dataclass(frozen=True, slots=True)
class Said:
    """A text of the user, the model or the system."""

    role: Literal["user", "assistant", "system"]
    text: str


@dataclass(frozen=True, slots=True)
class Called:
    """A tool call of the model. `arguments` are values or JSON text."""

    call: str
    tool: str
    arguments: Mapping[str, Any] | str = ""


@dataclass(frozen=True, slots=True)
class Returned:
    """One text that a tool returned. `call` is the id of the call that it answers, empty if unknown."""

    call: str
    text: str
    is_error: bool = False


Turn = Said | Called | Returned


def payload_of(turns: Iterable[Turn], model: str, *, keeps_results: bool = True) -> tuple[Payload, list[JsonPath]]:
    """Return the transcript as a request body, and the paths of what was returned, in order."""
    messages: list[Payload] = []
    returned: list[JsonPath] = []
    for turn in turns:
        if isinstance(turn, Said):
            messages.append({"role": turn.role, "content": turn.text})
        elif isinstance(turn, Called):
            use = {"type": "tool_use", "id": turn.call, "name": turn.tool, "input": turn.arguments}
            messages.append({"role": "assistant", "content": [use]})
        else:
            returned.append(("messages", len(messages), "content", 0, "content"))
            result = {"type": "tool_result", "tool_use_id": turn.call, "content": turn.text, "is_error": turn.is_error}
            messages.append({"role": "user", "content": [result]})
    managed: Payload = {} if keeps_results else {"context_management": {}}
    return {"model": model, "messages": messages, **managed}, returned


def at(payload: Payload, path: JsonPath) -> Any:
    """Return the value under a path."""
    value: Any = payload
    for key in path:
        value = value[key]
    return value
