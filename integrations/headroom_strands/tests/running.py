"""One agent of Strands, run in every way that there is."""

import asyncio
import copy
import json
from itertools import count

from contracts.adapters import Seen
from strands import Agent, tool
from strands.middleware import InvokeModelStage
from strands.models.openai import OpenAIModel
from strands.models.openai_responses import OpenAIResponsesModel
from support.scripted_model import scripted_model

from headroom_strands import headroom_middleware

MODELS = {"chat": OpenAIModel, "responses": OpenAIResponsesModel}


def tool_of(script):
    calls = count()

    @tool
    def look_up(number: int) -> str:
        """Return the records of a day."""
        next(calls)
        if number in script.failing:
            raise RuntimeError(script.outputs[number])
        return script.outputs[number]

    return look_up, calls


def model_of(url, wire="chat"):
    return MODELS[wire](client_args={"base_url": url, "api_key": "none"}, model_id="gpt-4o")


def agent_of(model, tools, layers=()):
    agent = Agent(model=model, tools=tools, callback_handler=None)
    for layer in layers:
        agent.add_middleware(InvokeModelStage, layer)
    return agent


def ran(agent, question, mode):
    """Run an agent to its end; return what it answers."""
    if mode == "sync":
        return str(agent(question)).strip()
    return asyncio.run(awaited(agent, question, mode))


async def awaited(agent, question, mode):
    if mode == "async":
        return str(await agent.invoke_async(question)).strip()
    events = [event async for event in agent.stream_async(question)]
    return str(events[-1]["result"]).strip()


def kept(agent):
    """The agent's messages without the times that calls took."""
    return [{key: message[key] for key in ("role", "content")} for message in copy.deepcopy(agent.messages)]


def run(script, mode, *, layers, wire="chat"):
    look_up, calls = tool_of(script)
    with scripted_model(len(script.outputs)) as served:
        agent = agent_of(model_of(served.url, wire), [look_up], [headroom_middleware() for _ in range(layers)])
        answer = ran(agent, script.question, mode)
    return Seen(served.requests, json.loads(json.dumps(kept(agent))), answer, next(calls))
