"""Agent sessions of thirty and more requests, composed from tool outputs by a seed.

Each request carries the whole history so far, as clients of chat APIs send it. On the way happens what happens to
agents: pauses longer than a cache lives, side requests with another prompt, a switch of the model, a client that
clears an old result, calls made again with the same or nearly the same result, and the client's cache mark moving to
the newest result.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from benchmarks.corpus import CONVERSATION, Item

REQUESTS = 32
_STEP_SECONDS = 20.0
_PAUSES = (700.0, 5400.0)
_SYSTEM = "You are a careful agent. Work step by step, use the tools, say what you found. " * 90
_TOOLS = 24
_AGAIN = 0.4


@dataclass(frozen=True, slots=True)
class Request:
    """One request body as the client sends it, and when, in seconds from the start."""

    body: bytes
    at: float


@dataclass(frozen=True, slots=True)
class Session:
    """A name, what is special about it, and its requests in order."""

    name: str
    wire: str
    requests: tuple[Request, ...]


EVENTS = ("plain", "pause", "side requests", "model switch", "client clears a result", "calls made again")


def sessions(items: Sequence[Item], number: int, seed: int = 1) -> Iterator[Session]:
    """Yield sessions: both wires and every event in turn."""
    outputs = [item for item in items if item.kind != CONVERSATION and item.content]
    for index in range(number):
        wire = ("anthropic", "openai-chat")[index % 2]
        event = EVENTS[index // 2 % len(EVENTS)]
        rng = Random(f"{seed}/{index}")
        yield Session(f"{index + 1:02} {event}", wire, tuple(_requests(outputs, wire, event, rng)))


def _requests(outputs: Sequence[Item], wire: str, event: str, rng: Random) -> Iterator[Request]:
    steps: list[tuple[Item, str]] = []
    model = "claude-sonnet-4-5" if wire == "anthropic" else "gpt-5.1"
    happens = {REQUESTS // 3, 2 * REQUESTS // 3} if event != "plain" else set()
    now, cleared = 0.0, 0
    for turn in range(REQUESTS):
        again = event == "calls made again" and steps and rng.random() < _AGAIN
        steps.append(_repeated(rng.choice(steps), rng) if again else _first(rng.choice(outputs), rng))
        now += _STEP_SECONDS
        if turn in happens:
            if event in ("pause", "calls made again"):
                now += rng.choice(_PAUSES)
            elif event == "model switch":
                model += "-next"
            elif event == "client clears a result":
                cleared = turn // 2
        if event == "side requests" and turn % 4 == 1:
            yield Request(_encoded(_build(wire, model + "-mini", steps[-1:], 0, "Name this session.")), now)
            now += 1
        yield Request(_encoded(_build(wire, model, steps, cleared, _SYSTEM)), now)


def _first(item: Item, rng: Random) -> tuple[Item, str]:
    return item, item.content[: rng.randrange(2_000, 24_000)]


def _repeated(step: tuple[Item, str], rng: Random) -> tuple[Item, str]:
    """Return a step made again: with the same result, or with some of its lines changed."""
    item, text = step
    lines = text.split("\n")
    for _ in range(rng.choice((0, 0, 1, 3))):
        lines[rng.randrange(len(lines))] = f"changed to {rng.randrange(10**6)}"
    return item, "\n".join(lines)


def _build(wire: str, model: str, steps: Sequence[tuple[Item, str]], cleared: int, system: str) -> dict[str, Any]:
    """Return the body of a request; the results of the first `cleared` steps are gone from the client's history."""
    shown = [(item, "[cleared]" if at < cleared else text) for at, (item, text) in enumerate(steps)]
    names = sorted({item.tool for item, _ in steps} | {f"tool_{number}" for number in range(_TOOLS)})[:_TOOLS]
    return _anthropic(model, shown, names, system) if wire == "anthropic" else _chat(model, shown, names, system)


def _anthropic(model: str, steps: Sequence[tuple[Item, str]], names: Sequence[str], system: str) -> dict[str, Any]:
    mark = {"cache_control": {"type": "ephemeral"}}
    messages: list[Any] = [{"role": "user", "content": [{"type": "text", "text": "Find out what is wrong."}]}]
    for at, (item, text) in enumerate(steps):
        use = {"type": "tool_use", "id": f"t{at}", "name": item.tool, "input": item.args}
        result = {
            "type": "tool_result",
            "tool_use_id": f"t{at}",
            "content": text,
            **(mark if at == len(steps) - 1 else {}),
        }
        messages += [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    tools = [{"name": name, "description": "Does its work.", "input_schema": {"type": "object"}} for name in names]
    given = [{"type": "text", "text": system, **mark}]
    return {"model": model, "max_tokens": 4096, "tools": tools, "system": given, "messages": messages}


def _chat(model: str, steps: Sequence[tuple[Item, str]], names: Sequence[str], system: str) -> dict[str, Any]:
    messages: list[Any] = [
        {"role": "system", "content": system},
        {"role": "user", "content": "Find out what is wrong."},
    ]
    for at, (item, text) in enumerate(steps):
        call = {"id": f"c{at}", "type": "function", "function": {"name": item.tool, "arguments": json.dumps(item.args)}}
        messages += [
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"c{at}", "content": text},
        ]
    tools = [{"type": "function", "function": {"name": name, "description": "Does its work."}} for name in names]
    return {"model": model, "tools": tools, "messages": messages}


def _encoded(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload, ensure_ascii=False).encode()
