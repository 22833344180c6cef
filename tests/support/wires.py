"""One neutral conversation, built in every wire. A wire without a builder fails the law tests."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """One tool call and its output, with what the user said before and the assistant after; empty: said nothing."""

    output: str
    tool: str = "run_command"
    arguments: str = '{"command": "ls"}'
    user: str = "Go on."
    assistant: str = "Done."
    is_error: bool = False


# Long and easy to shorten: whoever reads what is opaque would change it.
TEMPTING = "\n".join(f"/srv/project/source/package/module.py:{n}:    value = compute({n})" for n in range(60))

Builder = Callable[[list[Step], str], dict[str, Any]]

MODELS = {
    "openai-chat": "gpt-4o",
    "openai-responses": "gpt-5",
    "anthropic": "claude-sonnet-4-5",
    "anthropic-batches": "claude-sonnet-4-5",
    "gemini": "gemini-3-pro",
}


def _said(text: str, message: dict[str, Any]) -> list[dict[str, Any]]:
    return [message] if text else []


def _chat(steps: list[Step], model: str) -> dict[str, Any]:
    messages: list[Any] = [{"role": "system", "content": "You are an agent."}]
    for number, step in enumerate(steps):
        call = {"id": f"c{number}", "type": "function", "function": {"name": step.tool, "arguments": step.arguments}}
        messages += _said(step.user, {"role": "user", "content": step.user})
        messages += [
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"c{number}", "content": step.output},
        ]
        closing = {"role": "assistant", "content": step.assistant, "reasoning_content": TEMPTING}
        messages += _said(step.assistant, closing)
    return {"model": model, "temperature": 1.0, "messages": messages}


def _responses(steps: list[Step], model: str) -> dict[str, Any]:
    items: list[Any] = []
    for number, step in enumerate(steps):
        items += _said(step.user, {"role": "user", "content": [{"type": "input_text", "text": step.user}]})
        items += [
            {"type": "reasoning", "id": f"rs{number}", "summary": [], "encrypted_content": TEMPTING},
            {"type": "function_call", "call_id": f"c{number}", "name": step.tool, "arguments": step.arguments},
            {"type": "function_call_output", "call_id": f"c{number}", "output": step.output},
        ]
        text = {"type": "output_text", "text": step.assistant}
        items += _said(step.assistant, {"type": "message", "role": "assistant", "content": [text]})
    return {"model": model, "instructions": "You are an agent.", "store": False, "input": items}


def _anthropic(steps: list[Step], model: str) -> dict[str, Any]:
    messages: list[Any] = []
    for number, step in enumerate(steps):
        use = {"type": "tool_use", "id": f"t{number}", "name": step.tool, "input": json.loads(step.arguments)}
        result = {
            "type": "tool_result",
            "tool_use_id": f"t{number}",
            "content": [{"type": "text", "text": step.output}],
            **({"is_error": True} if step.is_error else {}),
        }
        messages += _said(step.user, {"role": "user", "content": [{"type": "text", "text": step.user}]})
        messages += [
            {"role": "assistant", "content": [{"type": "thinking", "thinking": TEMPTING, "signature": "s"}, use]},
            {"role": "user", "content": [result]},
        ]
        closing = {"role": "assistant", "content": [{"type": "text", "text": step.assistant}]}
        messages += _said(step.assistant, closing)
    return {"model": model, "max_tokens": 100, "system": "You are an agent.", "messages": messages}


def _batches(steps: list[Step], model: str) -> dict[str, Any]:
    return {"requests": [{"custom_id": "one", "params": _anthropic(steps, model)}]}


def _gemini(steps: list[Step], model: str) -> dict[str, Any]:
    contents: list[Any] = []
    for step in steps:
        call = {"name": step.tool, "args": json.loads(step.arguments)}
        contents += _said(step.user, {"role": "user", "parts": [{"text": step.user}]})
        contents += [
            {"role": "model", "parts": [{"functionCall": call, "thoughtSignature": TEMPTING}]},
            {"role": "user", "parts": [{"functionResponse": {"name": step.tool, "response": {"output": step.output}}}]},
        ]
        contents += _said(step.assistant, {"role": "model", "parts": [{"text": step.assistant}]})
    return {"systemInstruction": {"parts": [{"text": "You are an agent."}]}, "contents": contents}


BUILDERS: dict[str, Builder] = {
    "openai-chat": _chat,
    "openai-responses": _responses,
    "anthropic": _anthropic,
    "anthropic-batches": _batches,
    "gemini": _gemini,
}

# Where a string may change, from the allow-list of the specification: everything else must stand.
EDITABLE: dict[str, re.Pattern[str]] = {
    "openai-chat": re.compile(r"messages/\d+/content(/\d+/text)?"),
    "openai-responses": re.compile(r"input/\d+/output(/\d+/text)?"),
    "anthropic": re.compile(r"messages/\d+/content/\d+/content(/\d+/text)?"),
    "anthropic-batches": re.compile(r"requests/\d+/params/messages/\d+/content/\d+/content(/\d+/text)?"),
    "gemini": re.compile(r"contents/\d+/parts/\d+/functionResponse/response/.+"),
}


MESSAGES = {"openai-chat": "messages", "openai-responses": "input", "anthropic": "messages", "gemini": "contents"}
"""Where the messages of one conversation stand."""

_SCHEMA = {"type": "object", "properties": {"command": {"type": "string"}}}
_NAMED = {"name": "run_command", "description": "Run a command and return what it prints."}
TOOLS: dict[str, list[Any]] = {
    "openai-chat": [{"type": "function", "function": {**_NAMED, "parameters": _SCHEMA}}],
    "openai-responses": [{"type": "function", **_NAMED, "parameters": _SCHEMA}],
    "anthropic": [{**_NAMED, "input_schema": _SCHEMA}],
    "gemini": [{"functionDeclarations": [{**_NAMED, "parameters": _SCHEMA}]}],
}


def body_of(wire: str, steps: list[Step], *, tools: bool = False) -> dict[str, Any]:
    """Return the request body of a conversation in a wire, if wished with the tools that its client offers."""
    payload = BUILDERS[wire](steps, MODELS[wire])
    return _with_tools(wire, payload) if tools else payload


def _with_tools(wire: str, payload: dict[str, Any]) -> dict[str, Any]:
    if wire != "anthropic-batches":
        return {**payload, "tools": TOOLS[wire]}
    inner = [{**one, "params": _with_tools("anthropic", one["params"])} for one in payload["requests"]]
    return {**payload, "requests": inner}


def encoded(payload: dict[str, Any]) -> bytes:
    """Return a body as SDKs write it."""
    return json.dumps(payload, ensure_ascii=False).encode()


def outputs_of(wire: str, payload: dict[str, Any]) -> list[str]:
    """Return the tool outputs of a body, in order, found without the package's own visitors."""
    found: list[str] = []
    _collect(payload, "", EDITABLE[wire], wire, found)
    return found


def _collect(node: Any, path: str, pattern: re.Pattern[str], wire: str, found: list[str]) -> None:
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    if wire == "openai-chat" and isinstance(node, dict) and node.get("role", "tool") != "tool":
        return
    for key, child in children:
        where = f"{path}/{key}" if path else str(key)
        if isinstance(child, str) and pattern.fullmatch(where):
            found.append(child)
        else:
            _collect(child, where, pattern, wire, found)
