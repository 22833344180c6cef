"""How OpenAI and Anthropic clients spell a conversation: messages, tools and the request around them."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from headroom.blocks import Payload
from headroom.demo.recordings import Recording

_SYSTEM = "You are a careful engineer. Look before you change anything, and say what you found."
_DESCRIPTIONS = {
    "bash": "Run a command in a shell.",
    "search_code": "Find a pattern in the sources.",
    "read_file": "Read a file that is to be edited.",
    "list_packages": "List the installed packages.",
    "get_logs": "Get the log of a program.",
}


@dataclass(frozen=True, slots=True)
class Step:
    """What the agent says, the outputs of the tools it calls then, and what the user asks afterwards, if anything."""

    says: str
    outputs: tuple[Recording, ...]
    then_asked: str = ""


class Shape(ABC):
    """A request format. `path` is its route, `headers` are what its clients send; the key in them opens nothing."""

    path: ClassVar[str]
    headers: ClassVar[dict[str, str]]

    @abstractmethod
    def opening(self, task: str) -> list[Payload]:
        """Return the messages that a conversation begins with."""

    @abstractmethod
    def step(self, number: int, step: Step) -> list[Payload]:
        """Return the messages of a step: calls, their results, and the user's words."""

    @abstractmethod
    def tool(self, name: str, description: str, schema: Payload) -> Payload:
        """Return the definition of a tool."""

    @abstractmethod
    def body(self, model: str, tools: list[Payload], messages: list[Payload], *, stream: bool) -> bytes:
        """Return a request, spelled as clients of this shape spell it.

        What changes from turn to turn stands last, so that the bytes of one turn begin those of the next.
        """

    def tools(self, examples: Sequence[Recording]) -> list[Payload]:
        """Return the definitions of the tools that made these recordings, one of each."""
        return [self.tool(one.tool, _DESCRIPTIONS[one.tool], _schema(one)) for one in examples]


class OpenAIChat(Shape):
    """Chat completions (OpenAI API reference, Chat)."""

    path: ClassVar[str] = "/v1/chat/completions"
    headers: ClassVar[dict[str, str]] = {
        "authorization": "Bearer offline-demo",
        "content-type": "application/json",
        "accept-encoding": "gzip, deflate",
    }

    def opening(self, task: str) -> list[Payload]:
        """Return system prompt and task."""
        return [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": task}]

    def step(self, number: int, step: Step) -> list[Payload]:
        """Return the assistant's calls and a message for each result."""
        ids = [f"call_{number:02d}{position}" for position in range(len(step.outputs))]
        pairs = list(zip(ids, step.outputs, strict=True))
        calls = [
            {"id": i, "type": "function", "function": {"name": o.tool, "arguments": json.dumps(o.arguments)}}
            for i, o in pairs
        ]
        messages: list[Payload] = [{"role": "assistant", "content": step.says, "tool_calls": calls}]
        messages += [{"role": "tool", "tool_call_id": i, "content": output.text} for i, output in pairs]
        if step.then_asked:
            messages.append({"role": "user", "content": step.then_asked})
        return messages

    def tool(self, name: str, description: str, schema: Payload) -> Payload:
        """Return a function."""
        return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}

    def body(self, model: str, tools: list[Payload], messages: list[Payload], *, stream: bool) -> bytes:
        """Return a request in compact JSON."""
        head: Payload = {"model": model, "tools": tools} if tools else {"model": model}
        options = {"stream_options": {"include_usage": True}} if stream else {}
        whole = {**head, "messages": messages, "temperature": 1.0, "stream": stream, **options}
        return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


class AnthropicMessages(Shape):
    """Messages (Anthropic API reference, Messages)."""

    path: ClassVar[str] = "/v1/messages"
    headers: ClassVar[dict[str, str]] = {
        "x-api-key": "offline-demo",
        "anthropic-version": "2023-06-01",
        "content-type": "application/json",
        "accept-encoding": "gzip, deflate",
    }

    def opening(self, task: str) -> list[Payload]:
        """Return the task; the system prompt stands in a field of its own."""
        return [{"role": "user", "content": task}]

    def step(self, number: int, step: Step) -> list[Payload]:
        """Return the assistant's calls and one user message with all results."""
        ids = [f"toolu_{number:02d}{position}" for position in range(len(step.outputs))]
        pairs = list(zip(ids, step.outputs, strict=True))
        said: list[Payload] = [{"type": "text", "text": step.says}]
        said += [{"type": "tool_use", "id": i, "name": o.tool, "input": o.arguments} for i, o in pairs]
        results = [_tool_result(i, output) for i, output in pairs]
        if step.then_asked:
            results.append({"type": "text", "text": step.then_asked})
        return [{"role": "assistant", "content": said}, {"role": "user", "content": results}]

    def tool(self, name: str, description: str, schema: Payload) -> Payload:
        """Return a custom tool."""
        return {"name": name, "description": description, "input_schema": schema}

    def body(self, model: str, tools: list[Payload], messages: list[Payload], *, stream: bool) -> bytes:
        """Return a request in spaced JSON, ASCII only, with a cache breakpoint."""
        system = [{"type": "text", "text": _SYSTEM, "cache_control": {"type": "ephemeral"}}]
        head: Payload = {"model": model, "max_tokens": 1024, "system": system}
        head |= {"tools": tools} if tools else {}
        return json.dumps({**head, "messages": messages, "stream": stream}).encode()


SHAPES: dict[str, Shape] = {"openai-chat": OpenAIChat(), "anthropic": AnthropicMessages()}
"""By the name of the wire."""


def _schema(example: Recording) -> Payload:
    properties = {name: {"type": "string"} for name in example.arguments}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _tool_result(identifier: str, output: Recording) -> Payload:
    content: Any = output.text
    if output.tool == "search_code":  # the API takes a list of parts as well as a string
        content = [{"type": "text", "text": output.text}]
    result = {"type": "tool_result", "tool_use_id": identifier, "content": content}
    return {**result, "is_error": True} if output.is_error else result
