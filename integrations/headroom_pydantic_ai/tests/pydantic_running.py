"""One agent of Pydantic AI, run in every way that there is, over both of OpenAI's APIs."""

import asyncio
import json
from contextlib import contextmanager
from itertools import count

from contracts.adapters import Seen
from openai import AsyncOpenAI
from pydantic_ai import Agent, ModelRetry
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider
from support.scripted_model import scripted_model

from headroom_pydantic_ai import HeadroomCapability

MODELS = {"chat": OpenAIChatModel, "responses": OpenAIResponsesModel}
MODES = ("run_sync", "run", "run_stream", "run_stream_sync", "run_stream_events", "iter")
ANEW = ("timestamp", "run_id", "conversation_id", "id", "created", "created_at", "provider_timestamp", "provider_url")


def tool_of(script):
    calls = count()

    def look_up(number: int) -> str:
        """Return the records of a day."""
        next(calls)
        if number in script.failing:
            raise ModelRetry(script.outputs[number])
        return script.outputs[number]

    return look_up, calls


def without_anew(value):
    """The value without what the framework or the server makes up anew each time."""
    if isinstance(value, dict):
        return {key: without_anew(one) for key, one in value.items() if key not in ANEW}
    return [without_anew(one) for one in value] if isinstance(value, list) else value


def kept_by(result):
    """What a program can read of a run afterwards."""
    return without_anew([json.loads(result.all_messages_json()), json.loads(result.new_messages_json())])


async def streamed(agent, question, **settings):
    async with agent.run_stream(question, **settings) as result:
        return await result.get_output(), result


async def events(agent, question, **settings):
    stream = agent.run_stream_events(question, **settings)
    if not hasattr(stream, "__aiter__"):
        async with stream as given:
            found = [event async for event in given]
    else:
        found = [event async for event in stream]
    return found[-1].result.output, found[-1].result


async def stepped(agent, question, **settings):
    async with agent.iter(question, **settings) as run:
        async for _ in run:
            pass
    return run.result.output, run.result


async def awaited(agent, question, **settings):
    result = await agent.run(question, **settings)
    return result.output, result


AWAITED = {"run": awaited, "run_stream": streamed, "run_stream_events": events, "iter": stepped}


def at_once(agent, question, mode, settings):
    if mode == "run_sync":
        result = agent.run_sync(question, **settings)
        return result.output, result
    result = agent.run_stream_sync(question, **settings)
    return result.get_output(), result


@contextmanager
def own_loop():
    """A loop for what is called without one, as the framework takes the thread's."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield loop
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        asyncio.set_event_loop(None)
        loop.close()


def ended(url, mode, question, wire="chat", given=None, **settings):
    """Run an agent against a model to the end; return its answer and what it keeps."""

    def agent_of(client):
        return Agent(MODELS[wire]("gpt-4o", provider=OpenAIProvider(openai_client=client)), **settings)

    async def there():
        async with AsyncOpenAI(base_url=url, api_key="none") as client:
            answer, result = await AWAITED[mode](agent_of(client), question, **(given or {}))
            return answer, result

    if mode in AWAITED:
        with own_loop() as loop:
            return loop.run_until_complete(there())
    with own_loop() as loop:
        client = AsyncOpenAI(base_url=url, api_key="none")
        try:
            return at_once(agent_of(client), question, mode, given or {})
        finally:
            loop.run_until_complete(client.close())


def run(script, mode, *, layers, wire, **settings):
    tool, calls = tool_of(script)
    layered = [HeadroomCapability() for _ in range(layers)]
    with scripted_model(len(script.outputs)) as model:
        answer, result = ended(model.url, mode, script.question, wire, tools=[tool], capabilities=layered, **settings)
    return Seen([without_anew(request) for request in model.requests], kept_by(result), answer, next(calls))
