"""The server as a real process, clients of the SDK at its door, and agents whose tools a server runs."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from contracts.adapters import Script, Seen
from mcp import ClientSession, StdioServerParameters
from mcp.client import streamable_http
from mcp.client.stdio import stdio_client
from mcp.shared._httpx_utils import create_mcp_http_client
from support.processes import environment
from support.scripted_model import TOOL, scripted_model

COMMAND = [sys.executable, "-m", "headroom.cli", "mcp"]
PATIENT = {"HEADROOM_BLOCK_SECONDS": "60", "HEADROOM_REQUEST_SECONDS": "120"}
"""What tests decide does not depend on how busy the machine is."""


@dataclass
class Result:
    """A tool's result, whatever the SDK calls its fields."""

    texts: list[str]
    is_error: bool
    structured: Any
    meta: Any

    @classmethod
    def of(cls, raw: Any) -> Result:
        wire = raw.model_dump(by_alias=True, mode="json")
        texts = [block["text"] for block in wire["content"] if block["type"] == "text"]
        return cls(texts, bool(wire.get("isError")), wire.get("structuredContent"), wire.get("_meta"))


class Calling:
    """Calls tools through a session of the SDK."""

    def __init__(self, session: ClientSession) -> None:
        self.session = session

    async def tools(self) -> dict[str, Any]:
        listed = (await self.session.list_tools()).tools
        return {tool.name: tool.model_dump(by_alias=True, mode="json") for tool in listed}

    async def call(self, name: str, **arguments: Any) -> Result:
        return Result.of(await self.session.call_tool(name, arguments))


@asynccontextmanager
async def over_stdio(*options: str, errors: Any = None, **variables: str) -> Any:
    """Start the server as its client does, and call it."""
    started = StdioServerParameters(
        command=COMMAND[0], args=[*COMMAND[1:], *options], env=environment(**PATIENT, **variables)
    )
    async with (
        stdio_client(started, errlog=errors or sys.__stderr__) as (incoming, outgoing),
        ClientSession(incoming, outgoing) as session,
    ):
        await session.initialize()
        yield Calling(session)


@asynccontextmanager
async def over_http(url: str, **headers: str) -> Any:
    """Call a server that runs."""
    async with _streams(url, headers) as streams, ClientSession(*streams[:2]) as session:
        await session.initialize()
        yield Calling(session)


@asynccontextmanager
async def _streams(url: str, headers: dict[str, str]) -> Any:
    if not hasattr(streamable_http, "streamable_http_client"):  # under its first name
        async with streamable_http.streamablehttp_client(url, headers=headers) as streams:
            yield streams
        return
    async with (
        create_mcp_http_client(headers=headers) as client,
        streamable_http.streamable_http_client(url, http_client=client) as streams,
    ):
        yield streams


@contextmanager
def http_server(*options: str, address: str = "127.0.0.1:0", **variables: str) -> Any:
    """Run the server on a free port; yield its address and process."""
    command = [*COMMAND, "--http", address, *options]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(**PATIENT, **variables)
    )
    with process:
        try:
            lines = iter(process.stderr.readline, "")
            url = next((line.split()[-1] for line in lines if line.startswith("listening on")), "")
            assert url, "the server has not come up"
            threading.Thread(target=process.stderr.read, daemon=True).start()  # so that it never waits for a reader
            yield url, process
        finally:
            process.kill()


def run(work: Awaitable[Any]) -> Any:
    """Run it to its end, which every test has."""

    async def bounded() -> Any:
        return await asyncio.wait_for(work, 120)

    return asyncio.run(bounded())


CallTool = Callable[[str, dict[str, Any]], Awaitable[Result]]


async def agent(script: Script, url: str, call: CallTool) -> tuple[list[Any], list[Any], str]:
    """Ask a model until it answers, giving it the texts of results; return messages, structured contents, answer."""
    messages: list[Any] = [{"role": "user", "content": script.question}]
    structured = []
    while True:
        message = _asked(url, messages)
        messages.append(message)
        if not message.get("tool_calls"):
            return messages, structured, message["content"]
        (asked,) = message["tool_calls"]
        result = await call(TOOL, json.loads(asked["function"]["arguments"]))
        structured.append([result.is_error, result.structured])
        content = [{"type": "text", "text": text} for text in result.texts]
        messages.append({"role": "tool", "tool_call_id": asked["id"], "content": content})


def _asked(url: str, messages: list[Any]) -> Any:
    body = json.dumps({"model": "gpt-4o", "messages": messages}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{url}/chat/completions", body)) as answered:
        return json.loads(answered.read())["choices"][0]["message"]


def seen(
    script: Script, connected: Callable[[Callable[[int], str]], Any], error: type[Exception] = RuntimeError
) -> Seen:
    """Run the agent against a server. `connected` takes the tool's function and gives a context with a `CallTool`.

    `error` is what a tool raises whose text the server passes on.
    """
    executed = 0

    def look_up(number: int) -> str:
        """Return the records of a day."""
        nonlocal executed
        executed += 1
        if number in script.failing:
            raise error(script.outputs[number])
        return script.outputs[number]

    async def all_of_it() -> Any:
        with scripted_model(len(script.outputs)) as model:
            async with connected(look_up) as call:
                _, structured, answer = await agent(script, model.url, call)
            return model.requests, structured, answer

    requests, structured, answer = run(all_of_it())
    return Seen(requests, structured, answer, executed)
