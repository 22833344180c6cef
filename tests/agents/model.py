"""A provider whose model works as a coding agent's does: it runs two commands and then answers from what they said.

What it says next follows from the request alone. It answers with what it finds in the outputs; if that was left out, it does what the note says: it asks for it by its handle.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ccr.scripts import Call, Said, Text, stream, whole

from headroom.blocks import Block, Payload
from headroom.providers import WIRES
from headroom.providers.routes import route_of
from headroom.providers.wire import record, records, string
from headroom.wire.codings import decode_body

FETCH = "fetch_"
"""What the ids of its calls of the retrieval tool begin with."""

_RETRIEVE = "headroom_retrieve"
_HANDLE = re.compile(r"hash=([0-9a-f]{24})")
_SIDE_ANSWER = "Reading two reports"
"""What it says to requests without a shell: agents ask for a title of the conversation, and the like."""

_SHELLS = {
    "Bash": lambda command: {"command": command, "description": "Print a report"},
    "bash": lambda command: {"command": command, "description": "Print a report"},
    "run_shell_command": lambda command: {"command": command, "description": "Print a report"},
    "exec_command": lambda command: {"cmd": command},
    "shell_command": lambda command: {"command": command},
    "exec": lambda command: {"cmd": command},
}
"""The tools with which agents run commands, and how each is told one."""

_JAVASCRIPT = "exec"
"""This one is no function: its input is a program, which calls the others."""


@dataclass(frozen=True)
class Script:
    """The commands that the model has run, what its answer is about, and the pattern in whose group the answer stands.

    `at_once` it calls for all of them in one answer.
    """

    commands: tuple[str, ...]
    subject: str
    wanted: re.Pattern[str]
    at_once: bool = False

    def next_saying(self, payload: Payload, wire: str, number: int) -> Said:
        """Return what the model says to a request."""
        tools = {*_names(payload.get("tools")), *_names(payload.get("input"))}
        shell = next((name for name in _SHELLS if name in tools), None)
        if shell is None:
            return Said((Text(_SIDE_ANSWER),), number)
        outputs = [block for block in WIRES[wire].blocks(payload) if block.role == "tool"]
        done = len({_place(block) for block in outputs if block.tool != _RETRIEVE})
        if done < len(self.commands):
            calls = [Call(f"call_{n}", shell, _told(shell, command)) for n, command in enumerate(self.commands)]
            return Said((Text("Let me look."), *(calls if self.at_once else calls[done : done + 1])), number)
        return Said((self._conclusion(outputs, may_retrieve=_RETRIEVE in tools),), number)

    def _conclusion(self, outputs: list[Block], *, may_retrieve: bool) -> Text | Call:
        """Return the line that is wanted, or the call for the first original that may hold it."""
        found = next((found for block in outputs if (found := self.wanted.search(block.text))), None)
        if found is not None:
            return Text(f"Found: {found[1]}")
        asked = "".join(block.arguments for block in outputs if block.tool == _RETRIEVE)
        handles = [handle for block in outputs for handle in _HANDLE.findall(block.text) if handle not in asked]
        if may_retrieve and handles:
            arguments = {"hash": handles[0], "query": self.subject}
            return Call(f"{FETCH}{handles[0]}", _RETRIEVE, json.dumps(arguments))
        return Text("Not found.")


class Model:
    """An ASGI app that speaks all four wires, streamed and whole, and Responses over WebSockets."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._number = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request or one socket."""
        if scope["type"] == "websocket":
            await self._socket(receive, send)
        elif scope["type"] == "http":
            status, kind, body = self._answer(scope, await _read(receive))
            headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    def _answer(self, scope: Any, body: bytes) -> tuple[int, bytes, bytes]:
        row = route_of(scope["method"], scope["path"])
        if row is None or row.wire not in WIRES:
            return 404, b"application/json", b'{"error": {"message": "Not served here."}}'
        coding = dict(scope["headers"]).get(b"content-encoding", b"").decode()
        payload = json.loads(decode_body(body, coding, 1 << 26) if coding else body)
        if "count" in row.name:
            return 200, b"application/json", b'{"input_tokens": 1000, "totalTokens": 1000}'
        said = self._said(payload, row.wire)
        if payload.get("stream") or row.name.endswith("stream"):
            return 200, b"text/event-stream", b"".join(_streamed(row.wire, said))
        return 200, b"application/json", whole(row.wire, said)

    async def _socket(self, receive: Any, send: Any) -> None:
        """Answer requests that say only what is new since the response that they name."""
        await receive()
        await send({"type": "websocket.accept"})
        told: dict[str, list[Any]] = {}
        while (message := await receive())["type"] == "websocket.receive":
            request = json.loads(message["text"])
            items = [*told.get(string(request.get("previous_response_id")), []), *request["input"]]
            said = self._said({**request, "input": items}, "openai-responses")
            if request.get("generate") is False:
                said = Said((), said.number)
            output = _with_programs(json.loads(whole("openai-responses", said)))["output"]
            told[f"resp_{said.number}"] = [*items, *output]
            for event in _streamed("openai-responses", said):
                await send({"type": "websocket.send", "text": event.decode().split("data: ", 1)[1].strip()})

    def _said(self, payload: Payload, wire: str) -> Said:
        self._number += 1
        return self._script.next_saying(payload, wire, self._number)


def _told(shell: str, command: str) -> str:
    return json.dumps(_SHELLS[shell](command))


def _names(tools: Any) -> Iterator[str]:
    """Yield the names of tools; some wires put them into groups."""
    for _, tool in records(tools):
        yield string(tool.get("name"))
        yield string(record(tool.get("function")).get("name"))
        yield from _names(tool.get("functionDeclarations"))
        yield from _names(tool.get("tools"))


def _streamed(wire: str, said: Said) -> Iterator[bytes]:
    """Yield the events of an answer. A program comes whole, in its item: its pieces are only for show."""
    if not any(isinstance(part, Call) and part.name == _JAVASCRIPT for part in said.parts):
        yield from stream(wire, said)
        return
    for event in stream(wire, said):
        head, _, data = event.decode().partition("data: ")
        if "function_call_arguments" not in head:
            yield f"{head}data: {json.dumps(_with_programs(json.loads(data)))}\n\n".encode()


def _with_programs(value: Any) -> Any:
    """Return a value in which calls of `exec` are custom: a program that makes the call."""
    if isinstance(value, list):
        return [_with_programs(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") == "function_call" and value.get("name") == _JAVASCRIPT:
        program = f"text((await tools.exec_command({value['arguments']})).output);" if value["arguments"] else ""
        kept = {key: value[key] for key in ("id", "call_id", "status", "name")}
        return {"type": "custom_tool_call", **kept, "input": program}
    return {key: _with_programs(one) for key, one in value.items()}


def _place(block: Block) -> Any:
    """Return what is the same for all texts of one tool output."""
    return block.call or block.path[:4]


async def _read(receive: Any) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            break
        parts.append(message["body"])
        more = message["more_body"]
    return b"".join(parts)
