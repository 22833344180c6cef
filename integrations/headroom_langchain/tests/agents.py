"""Real agents of LangChain and LangGraph around a scripted model on a socket, for the suite that all adapters pass."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable
from functools import reduce
from typing import Any

from contracts.adapters import Script, Seen
from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langchain_openai import ChatOpenAI
from langgraph.prebuilt import create_react_agent
from support.scripted_model import scripted_model

from headroom_langchain import HeadroomChatModel, HeadroomMiddleware, compress_model, headroom_node

MODES = ("sync", "async", "stream", "async-stream")
Agent = Callable[[BaseChatModel, BaseTool, int], Any]
"""Builds an agent from a model, a tool and the number of layers."""


def open_ai(url: str) -> ChatOpenAI:
    """Return a model that closes its connections: clients are kept for longer than the event loops of these tests."""
    return ChatOpenAI(model="gpt-4o", base_url=url, api_key="sk-test", default_headers={"connection": "close"})


def of_middleware(model: BaseChatModel, tool: BaseTool, layers: int) -> Any:
    model = compress_model(model) if layers > 1 else model
    return create_agent(model, [tool], middleware=[HeadroomMiddleware()] if layers else [])


def of_graft(model: BaseChatModel, tool: BaseTool, layers: int) -> Any:
    return create_agent(reduce(lambda inner, _: compress_model(inner), range(layers), model), [tool])


def of_wrapper(model: BaseChatModel, tool: BaseTool, layers: int) -> Any:
    return create_agent(reduce(lambda inner, _: HeadroomChatModel(inner), range(layers), model), [tool])


def of_node(model: BaseChatModel, tool: BaseTool, layers: int) -> Any:
    model = compress_model(model) if layers > 1 else model
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LangGraph's own agent is on its way out, and still in many applications
        return create_react_agent(model, [tool], pre_model_hook=headroom_node() if layers else None)


def run(build: Agent, script: Script, mode: str, layers: int) -> Seen:
    """Run an agent to its end."""
    executed = 0

    def look_up(number: int) -> str:
        """Look an order up."""
        nonlocal executed
        executed += 1
        if number in script.failing:
            raise ToolException(script.outputs[number])
        return script.outputs[number]

    tool = StructuredTool.from_function(look_up, handle_tool_error=True)
    with scripted_model(len(script.outputs)) as model:
        agent = build(open_ai(model.url), tool, layers)
        messages = ended(agent, {"messages": [("user", script.question)]}, mode)
    history = [message.model_dump(exclude={"id"}) for message in messages]
    return Seen(model.requests, history, messages[-1].text, executed)


def ended(agent: Any, state: dict[str, Any], mode: str, **config: Any) -> list[BaseMessage]:
    """Run an agent to its end in a mode; return the messages of its last state."""
    streamed = ["values", "messages"]  # whoever asks for messages gets the model's tokens as they come

    async def astream() -> Any:
        return [part async for part in agent.astream(state, config, stream_mode=streamed)]

    if mode == "sync":
        return agent.invoke(state, config)["messages"]
    if mode == "async":
        return asyncio.run(agent.ainvoke(state, config))["messages"]
    parts = list(agent.stream(state, config, stream_mode=streamed)) if mode == "stream" else asyncio.run(astream())
    assert {kind for kind, _ in parts} == {"values", "messages"}
    return [value for kind, value in parts if kind == "values"][-1]["messages"]
