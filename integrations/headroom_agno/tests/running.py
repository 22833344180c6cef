"""One agent of Agno, run in every way that there is."""

import asyncio
import json
from itertools import count

from agno.agent import Agent
from agno.db.in_memory import InMemoryDb
from agno.models.openai import OpenAIChat, OpenAIResponses
from contracts.adapters import Seen
from support.scripted_model import scripted_model

from headroom.integrations.httpx import openai_async_http_client, openai_http_client
from headroom.proxy.config import ProxyConfig
from headroom_agno import HeadroomCompressionManager

MODELS = {"chat": OpenAIChat, "responses": OpenAIResponses}
RANDOM = ("id", "created_at", "metrics", "compressed_content")


def tool_of(script):
    calls = count()

    def look_up(number: int) -> str:
        """Return the records of a day."""
        next(calls)
        if number in script.failing:
            raise RuntimeError(script.outputs[number])
        return script.outputs[number]

    return look_up, calls


def model_of(url, wire, mode, *, layers):
    """A second layer is the transport of the model's client: an agent has one compression manager."""
    settings = {}
    if layers > 1:
        client = openai_http_client if mode in ("sync", "stream") else openai_async_http_client
        settings["http_client"] = client(ProxyConfig(retrieval="off"))
    return MODELS[wire](id="gpt-4o", base_url=url, api_key="none", **settings)


def ran(agent, question, mode):
    """Run an agent to its end; return what it answers."""
    if mode == "sync":
        return agent.run(question).content
    if mode == "stream":
        return said(agent.run(question, stream=True, stream_events=True))
    return asyncio.run(awaited(agent, question, mode))


async def awaited(agent, question, mode):
    try:
        if mode == "async":
            return (await agent.arun(question)).content
        return said([event async for event in agent.arun(question, stream=True, stream_events=True)])
    finally:
        await agent.model.get_async_client().close()


def said(events):
    return "".join(event.content or "" for event in events if event.event == "RunContent")


def kept(agent):
    """What the session holds, without what is made up anew each time and without the short forms."""
    messages = agent.get_session("one").runs[-1].messages
    return [without(json.loads(json.dumps(message.to_dict()))) for message in messages]


def without(value):
    if isinstance(value, dict):
        return {key: without(one) for key, one in value.items() if key not in RANDOM}
    return [without(one) for one in value] if isinstance(value, list) else value


def agent_of(model, script, manager, **settings):
    tool, calls = tool_of(script)
    agent = Agent(model=model, tools=[tool], compression_manager=manager, db=InMemoryDb(), session_id="one", **settings)
    return agent, calls


def run(script, mode, *, layers, wire="chat"):
    with scripted_model(len(script.outputs)) as served:
        manager = HeadroomCompressionManager() if layers else None
        agent, calls = agent_of(model_of(served.url, wire, mode, layers=layers), script, manager)
        answer = ran(agent, script.question, mode)
        if mode in ("sync", "stream"):
            agent.model.get_client().close()
    return Seen(served.requests, kept(agent), answer, next(calls))
