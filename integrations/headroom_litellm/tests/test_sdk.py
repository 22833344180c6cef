"""Agents that ask through LiteLLM without its proxy: every way to call it, in the suite of all adapters."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import litellm
from contracts.adapters import AdapterContract, Script, Seen
from headroom_litellm import HeadroomLogger, install_litellm, uninstall_litellm
from support.scripted_model import TOOL, ScriptedModel, scripted_model

from headroom.proxy.config import ProxyConfig

PARAMETERS = {"type": "object", "properties": {"number": {"type": "integer"}}}
FUNCTION = {"name": TOOL, "description": "Look something up.", "parameters": PARAMETERS}

PATIENT = ProxyConfig(block_seconds=60, request_seconds=120)
"""What comes out must not depend on how busy the machine is that runs the tests."""


@contextmanager
def installed(layers: int) -> Iterator[None]:
    """Install us, and put as many loggers beside as there are further layers."""
    try:
        if layers:
            install_litellm(PATIENT)
        litellm.callbacks.extend(HeadroomLogger(PATIENT) for _ in range(layers - 1))
        yield
    finally:
        uninstall_litellm()
        for name in ("callbacks", "success_callback", "failure_callback", "_async_success_callback"):
            getattr(litellm, name)[:] = []


def plain(value: Any) -> Any:
    return value.model_dump(exclude_none=True) if hasattr(value, "model_dump") else value


class Agent:
    """A loop over one conversation; `history` is what the application keeps."""

    key: ClassVar[str]

    def __init__(self, script: Script, model: ScriptedModel) -> None:
        self.script = script
        self.common = {"model": "openai/gpt-4o", "api_base": model.url, "api_key": "sk-none", "tools": self.tools()}
        self.history: list[Any] = [{"role": "user", "content": script.question}]
        self.executed = 0

    def run(self, mode: str) -> str:
        while True:
            text, calls = asyncio.run(self.awaited(mode)) if "async" in mode else self.asked(mode)
            if not calls:
                return text
            for call in calls:
                self.history.append(self.result(call, self.script.outputs[self.executed]))
                self.executed += 1

    def tools(self) -> list[Any]:
        raise NotImplementedError

    def asked(self, mode: str) -> tuple[str, list[str]]:
        raise NotImplementedError

    async def awaited(self, mode: str) -> tuple[str, list[str]]:
        raise NotImplementedError

    def result(self, call: str, output: str) -> Any:
        raise NotImplementedError


class ChatAgent(Agent):
    def tools(self) -> list[Any]:
        return [{"type": "function", "function": FUNCTION}]

    def complete(self, **settings: Any) -> Any:
        return litellm.completion(messages=self.history, **self.common, **settings)

    async def acomplete(self, **settings: Any) -> Any:
        return await litellm.acompletion(messages=self.history, **self.common, **settings)

    def asked(self, mode: str) -> tuple[str, list[str]]:
        answer = self.complete(stream=mode == "stream")
        return self.heard(litellm.stream_chunk_builder(list(answer)) if mode == "stream" else answer)

    async def awaited(self, mode: str) -> tuple[str, list[str]]:
        answer = await self.acomplete(stream=mode == "async-stream")
        if mode == "async-stream":
            answer = litellm.stream_chunk_builder([chunk async for chunk in answer])
        return self.heard(answer)

    def heard(self, answer: Any) -> tuple[str, list[str]]:
        message = answer.choices[0].message
        self.history.append(message)  # as it is: LiteLLM takes its own objects back
        return message.content or "", [call.id for call in message.tool_calls or ()]

    def result(self, call: str, output: str) -> Any:
        return {"role": "tool", "tool_call_id": call, "content": output}


class PositionalAgent(ChatAgent):
    def complete(self, **settings: Any) -> Any:
        rest = {name: value for name, value in self.common.items() if name != "model"}
        return litellm.completion("openai/gpt-4o", self.history, **rest, **settings)

    async def acomplete(self, **settings: Any) -> Any:
        rest = {name: value for name, value in self.common.items() if name != "model"}
        return await litellm.acompletion("openai/gpt-4o", self.history, **rest, **settings)


class RouterAgent(ChatAgent):
    def __init__(self, script: Script, model: ScriptedModel) -> None:
        super().__init__(script, model)
        tools = self.common.pop("tools")
        self.router = litellm.Router([{"model_name": "any", "litellm_params": self.common}], num_retries=0)
        self.given: dict[str, Any] = {"model": "any", "messages": self.history, "tools": tools}

    def complete(self, **settings: Any) -> Any:
        return self.router.completion(**self.given, **settings)

    async def acomplete(self, **settings: Any) -> Any:
        return await self.router.acompletion(**self.given, **settings)


class ResponsesAgent(Agent):
    def tools(self) -> list[Any]:
        return [{"type": "function", **FUNCTION}]

    def asked(self, mode: str) -> tuple[str, list[str]]:
        answer = litellm.responses(input=self.history, stream=mode == "stream", **self.common)
        return self.heard(list(answer)[-1].response if mode == "stream" else answer)

    async def awaited(self, mode: str) -> tuple[str, list[str]]:
        answer = await litellm.aresponses(input=self.history, stream=mode == "async-stream", **self.common)
        return self.heard([event async for event in answer][-1].response if mode == "async-stream" else answer)

    def heard(self, answer: Any) -> tuple[str, list[str]]:
        items = [plain(item) for item in answer.output]
        self.history.extend(items)
        calls = [item["call_id"] for item in items if item["type"] == "function_call"]
        return "" if calls else items[0]["content"][0]["text"], calls

    def result(self, call: str, output: str) -> Any:
        return {"type": "function_call_output", "call_id": call, "output": output}


class OfLiteLLM(AdapterContract):
    modes = ("sync", "async", "stream", "async-stream")
    knows_errors = False  # neither chat completions nor Responses can say so
    agent: ClassVar[type[Agent]]

    def run(self, script: Script, mode: str, *, layers: int) -> Seen:
        with scripted_model(len(script.outputs)) as model, installed(layers):
            agent = self.agent(script, model)
            answer = agent.run(mode)
        history = json.loads(json.dumps([plain(item) for item in agent.history]))
        return Seen(model.requests, history, answer, agent.executed)


class TestChat(OfLiteLLM):
    agent = ChatAgent


class TestChatByPosition(OfLiteLLM):
    modes = ("sync", "async")
    agent = PositionalAgent


class TestRouter(OfLiteLLM):
    modes = ("sync", "async-stream")
    agent = RouterAgent


class TestResponses(OfLiteLLM):
    agent = ResponsesAgent
