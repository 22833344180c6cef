"""One agent of the SDK, run in every way that there is."""

import asyncio
import copy
import json
from itertools import count

from agents import (
    Agent,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    RunConfig,
    Runner,
    SQLiteSession,
    function_tool,
)
from contracts.adapters import Seen
from openai import AsyncOpenAI
from support.scripted_model import scripted_model

from headroom_openai_agents import headroom_input_filter

MODELS = {"responses": OpenAIResponsesModel, "chat": OpenAIChatCompletionsModel}


def tool_of(script):
    calls = count()

    @function_tool(failure_error_function=lambda _, error: str(error))
    def look_up(number: int) -> str:
        """Return the records of a day."""
        next(calls)
        if number in script.failing:
            raise RuntimeError(script.outputs[number])
        return script.outputs[number]

    return look_up, calls


def stacked(filters):
    """One filter after the other, as a program that has two would run them."""
    if len(filters) == 1:
        return filters[0]

    async def both(data):
        for one in filters:
            data = copy.copy(data)
            data.model_data = await one(data)
        return data.model_data

    return both


def without_ids(value):
    """The value without what the SDK or the server makes up anew each time."""
    if isinstance(value, dict):
        return {key: without_ids(one) for key, one in value.items() if key not in ("id", "created_at")}
    return [without_ids(one) for one in value] if isinstance(value, list) else value


async def streamed(agent, question, **settings):
    result = Runner.run_streamed(agent, question, **settings)
    async for _ in result.stream_events():
        pass
    return result


def run(script, mode, *, layers, wire, **settings):
    tool, calls = tool_of(script)
    filters = [headroom_input_filter() for _ in range(layers)]
    config = RunConfig(call_model_input_filter=stacked(filters) if filters else None, tracing_disabled=True)

    async def awaited(url):
        async with AsyncOpenAI(base_url=url, api_key="none") as client:
            agent = Agent("clerk", model=MODELS[wire]("gpt-4o", client), tools=[tool])
            session = None if settings else SQLiteSession("one")  # a server that keeps the conversation wants none
            start = streamed if mode == "async-stream" else Runner.run
            result = await start(agent, script.question, run_config=config, session=session, **settings)
            return result.final_output, [result.to_input_list(), await session.get_items() if session else []]

    def at_once(url):
        loop = asyncio.new_event_loop()  # a loop that the SDK has used for one run warns in the next
        asyncio.set_event_loop(loop)
        try:
            client = AsyncOpenAI(base_url=url, api_key="none")
            agent = Agent("clerk", model=MODELS[wire]("gpt-4o", client), tools=[tool])
            session = SQLiteSession("one")
            result = Runner.run_sync(agent, script.question, run_config=config, session=session)
            kept = loop.run_until_complete(session.get_items())
            loop.run_until_complete(client.close())
        finally:
            asyncio.set_event_loop(None)
            loop.close()
        return result.final_output, [result.to_input_list(), kept]

    with scripted_model(len(script.outputs)) as model:
        answer, history = at_once(model.url) if mode == "sync" else asyncio.run(awaited(model.url))
    requests = [without_ids(request) for request in model.requests]
    return Seen(requests, without_ids(json.loads(json.dumps(history))), answer, next(calls))
