"""Agent conversations in OpenAI and Anthropic shape, composed from recordings.

A conversation is a list of steps: what the agent says, and the tools that it calls then. Turn `n` of an agent is
the request that it sends after its first `n` steps: the whole history, as chat APIs want it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True, slots=True)
class Conversation:
    """An agent at work on a task. `wire` names the request format: `openai-chat` or `anthropic`."""

    wire: str
    model: str
    task: str
    steps: tuple[Step, ...]

    @property
    def path(self) -> str:
        """The route that its requests go to."""
        return "/v1/chat/completions" if self.wire == "openai-chat" else "/v1/messages"

    @property
    def headers(self) -> dict[str, str]:
        """The headers that a client of this shape sends; the key opens nothing."""
        if self.wire == "openai-chat":
            return {"authorization": "Bearer offline-demo", "content-type": "application/json"}
        return {
            "x-api-key": "offline-demo",
            "anthropic-version": "2023-06-01",
            "content-type": "application/json",
        }

    def messages(self, turn: int) -> list[Payload]:
        """Return the history after `turn` steps."""
        in_shape = _openai_step if self.wire == "openai-chat" else _anthropic_step
        first: list[Payload] = [{"role": "user", "content": self.task}]
        if self.wire == "openai-chat":
            first.insert(0, {"role": "system", "content": _SYSTEM})
        later = [in_shape(number, step) for number, step in enumerate(self.steps[:turn])]
        return first + [message for messages in later for message in messages]

    def body(self, turn: int, *, stream: bool) -> bytes:
        """Return the request after `turn` steps, spelled as clients of this shape spell it.

        What changes from turn to turn stands last, so that the bytes of one turn begin those of the next.
        """
        messages = self.messages(turn)
        if self.wire == "openai-chat":
            payload = {"model": self.model, "tools": self._openai_tools(), "messages": messages}
            options = {"stream_options": {"include_usage": True}} if stream else {}
            whole = {**payload, "temperature": 1.0, "stream": stream, **options}
            return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
        system = [{"type": "text", "text": _SYSTEM, "cache_control": {"type": "ephemeral"}}]
        head = {"model": self.model, "max_tokens": 1024, "system": system, "tools": self._anthropic_tools()}
        return json.dumps({**head, "messages": messages, "stream": stream}).encode()

    def outputs(self) -> list[tuple[int, Recording]]:
        """Return every recording with the turn in which it is sent first, in order."""
        return [(turn, output) for turn, step in enumerate(self.steps, start=1) for output in step.outputs]

    def _used(self) -> dict[str, Recording]:
        """Return the first call of each tool by the tool's name."""
        return {output.tool: output for _, output in reversed(self.outputs())}

    def _openai_tools(self) -> list[Payload]:
        functions = [
            {"name": name, "description": _DESCRIPTIONS[name], "parameters": _schema(example)}
            for name, example in sorted(self._used().items())
        ]
        return [{"type": "function", "function": function} for function in functions]

    def _anthropic_tools(self) -> list[Payload]:
        return [
            {"name": name, "description": _DESCRIPTIONS[name], "input_schema": _schema(example)}
            for name, example in sorted(self._used().items())
        ]


def _schema(example: Recording) -> Payload:
    properties = {name: {"type": "string"} for name in example.arguments}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _openai_step(number: int, step: Step) -> list[Payload]:
    ids = [f"call_{number:02d}{position}" for position in range(len(step.outputs))]
    calls = [
        {"id": i, "type": "function", "function": {"name": o.tool, "arguments": json.dumps(o.arguments)}}
        for i, o in zip(ids, step.outputs, strict=True)
    ]
    messages: list[Payload] = [{"role": "assistant", "content": step.says, "tool_calls": calls}]
    for i, output in zip(ids, step.outputs, strict=True):
        messages.append({"role": "tool", "tool_call_id": i, "content": output.text})
    if step.then_asked:
        messages.append({"role": "user", "content": step.then_asked})
    return messages


def _anthropic_step(number: int, step: Step) -> list[Payload]:
    ids = [f"toolu_{number:02d}{position}" for position in range(len(step.outputs))]
    pairs = list(zip(ids, step.outputs, strict=True))
    said: list[Payload] = [{"type": "text", "text": step.says}]
    said += [{"type": "tool_use", "id": i, "name": o.tool, "input": o.arguments} for i, o in pairs]
    results = [_tool_result(i, output) for i, output in pairs]
    if step.then_asked:
        results.append({"type": "text", "text": step.then_asked})
    return [{"role": "assistant", "content": said}, {"role": "user", "content": results}]


def _tool_result(identifier: str, output: Recording) -> Payload:
    content: Any = output.text
    if output.tool == "search_code":  # the API takes a list of parts as well as a string
        content = [{"type": "text", "text": output.text}]
    result = {"type": "tool_result", "tool_use_id": identifier, "content": content}
    return {**result, "is_error": True} if output.is_error else result


def fixing(made: Mapping[str, Recording]) -> Conversation:
    """Compose the conversation of an agent that looks for a fault, in OpenAI shape."""
    step = _steps(made)
    return Conversation(
        wire="openai-chat",
        model="gpt-5",
        task="The price tests fail since this morning. Find out why, please.",
        steps=(
            step("I run the tests first.", "test run"),
            step("Every seventh quantity fails. Which Python is this, and what is here?", "version", "listing"),
            step("I look for places that refuse a value.", "search"),
            step("I read the program's log.", "program log", then="Was anything installed since yesterday?"),
            step("The install log will tell.", "install log"),
            step("And these are the versions.", "packages"),
            step("One module was changed; this is the difference.", "difference"),
            step("I read the parser around it.", "numbered source"),
            step("I open the file that I am going to edit.", "source to edit"),
        ),
    )


def surveying(made: Mapping[str, Recording]) -> Conversation:
    """Compose the conversation of an agent that gets to know a machine, in Anthropic shape."""
    step = _steps(made)
    return Conversation(
        wire="anthropic",
        model="claude-sonnet-5",
        task="Tell me what is installed here and why the settings do not load.",
        steps=(
            step("I begin with the packages.", "packages"),
            step("I try the settings.", "crash"),
            step("The page on processes, and the library's folder.", "help page", "listing"),
            step("I search for errors of the same kind.", "search", then="Is it the parser's fault?"),
            step("I read the parser.", "numbered source"),
            step("The indexer's log may name the file.", "program log"),
            step("I see what a renaming would touch.", "difference"),
            step("I install the parts anew and run the tests.", "install log", "test run"),
        ),
    )


def _steps(made: Mapping[str, Recording]) -> Callable[..., Step]:
    def step(says: str, *names: str, then: str = "") -> Step:
        return Step(says, tuple(made[name] for name in names), then)

    return step
