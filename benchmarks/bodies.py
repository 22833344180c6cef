"""Request bodies of a wanted size in every wire, composed of seeded tool outputs, as an agent resends them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks import texts

SALT = "run-0000"
"""Stands in the arguments of every call, so that a body can be made anew to a memory of decisions."""

_ENVELOPE = 260
"""Bytes that a call and its output take besides the output's text."""
_SMALL, _LARGE = 2_000, 10_000


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call and what came of it."""

    arguments: dict[str, str]
    output: str


def body(wire: str, size: int, *, salt: int = 0, last_salt: int | None = None, seed: int = 0) -> bytes:
    """Return a request of about `size` bytes.

    Bodies of different `salt` are new to a memory of decisions in all their tool outputs, those that differ in
    `last_salt` in the last one.
    """
    made = calls(size, seed)
    payload = BUILDERS[wire](made)
    data = json.dumps(payload, ensure_ascii=False).encode()
    if last_salt is not None:
        at = data.rfind(SALT.encode())
        data = data[:at] + _salt(last_salt) + data[at + len(SALT) :]
    return resalted(data, salt)


def resalted(data: bytes, salt: int) -> bytes:
    """Return the body as one that was not seen before; its length stays."""
    return data.replace(SALT.encode(), _salt(salt))


def plain(size: int) -> bytes:
    """Return a chat request of about `size` bytes in which there is nothing to compress."""
    words = texts.make("log", max(64, size - 200))
    messages = [{"role": "system", "content": "Answer briefly."}, {"role": "user", "content": words}]
    return json.dumps({"model": "gpt-4o", "messages": messages}).encode()


def calls(size: int, seed: int = 0) -> list[Call]:
    """Return calls with outputs of 2 to 10 KB of all kinds in turn, about `size` bytes together."""
    rng = random.Random(seed)
    kinds = list(texts.KINDS)
    made: list[Call] = []
    room = size
    while room > _ENVELOPE or not made:
        kind = kinds[len(made) % len(kinds)]
        wanted = min(rng.randrange(_SMALL, _LARGE), max(64, room - _ENVELOPE))
        output = texts.make(kind, wanted, seed * 100_000 + len(made))
        made.append(Call({"command": f"show {kind} {len(made)}", "run": SALT}, output))
        room -= len(json.dumps(output)) + _ENVELOPE
    return made


def _salt(number: int) -> bytes:
    return f"run-{number:04d}".encode()


def _chat(made: list[Call]) -> dict[str, Any]:
    messages: list[Any] = [{"role": "system", "content": "You are an agent."}, {"role": "user", "content": "Look."}]
    for number, call in enumerate(made):
        function = {"name": "bash", "arguments": json.dumps(call.arguments)}
        messages += [
            {"role": "assistant", "content": None, "tool_calls": [_call(f"c{number}", function)]},
            {"role": "tool", "tool_call_id": f"c{number}", "content": call.output},
        ]
    return {"model": "gpt-4o", "messages": messages}


def _call(identifier: str, function: dict[str, str]) -> dict[str, Any]:
    return {"id": identifier, "type": "function", "function": function}


def _responses(made: list[Call]) -> dict[str, Any]:
    items: list[Any] = [{"role": "user", "content": "Look."}]
    for number, call in enumerate(made):
        known = {"call_id": f"c{number}", "name": "bash", "arguments": json.dumps(call.arguments)}
        items += [
            {"type": "function_call", **known},
            {"type": "function_call_output", "call_id": f"c{number}", "output": call.output},
        ]
    return {"model": "gpt-5", "instructions": "You are an agent.", "input": items}


def _anthropic(made: list[Call]) -> dict[str, Any]:
    messages: list[Any] = [{"role": "user", "content": "Look."}]
    for number, call in enumerate(made):
        use = {"type": "tool_use", "id": f"t{number}", "name": "bash", "input": call.arguments}
        result = {"type": "tool_result", "tool_use_id": f"t{number}", "content": call.output}
        messages += [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    return {"model": "claude-sonnet-4-5", "max_tokens": 100, "system": "You are an agent.", "messages": messages}


def _batches(made: list[Call]) -> dict[str, Any]:
    return {"requests": [{"custom_id": "one", "params": _anthropic(made)}]}


def _gemini(made: list[Call]) -> dict[str, Any]:
    contents: list[Any] = [{"role": "user", "parts": [{"text": "Look."}]}]
    for call in made:
        response = {"name": "bash", "response": {"output": call.output}}
        contents += [
            {"role": "model", "parts": [{"functionCall": {"name": "bash", "args": call.arguments}}]},
            {"role": "user", "parts": [{"functionResponse": response}]},
        ]
    return {"contents": contents}


BUILDERS: dict[str, Callable[[list[Call]], dict[str, Any]]] = {
    "openai-chat": _chat,
    "openai-responses": _responses,
    "anthropic": _anthropic,
    "anthropic-batches": _batches,
    "gemini": _gemini,
}
"""How the requests of each wire are composed."""
