"""The `google-genai` client: contents whole and streamed, token counts, sync and async."""

import asyncio

import pytest
from google import genai
from google.genai import types
from sdk.material import OUTPUT, assert_only_the_output_got_shorter

# The client derives its session from aiohttp's, which aiohttp discourages; it is not ours to change.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")

MODEL = "gemini-2.5-pro"
CONTENTS = [
    types.Content(role="user", parts=[types.Part.from_text(text="Which units are late?")]),
    types.Content(
        role="model",
        parts=[types.Part(function_call=types.FunctionCall(id="one", name="list_units", args={"all": True}))],
    ),
    types.Content(
        role="user",
        parts=[
            types.Part(
                function_response=types.FunctionResponse(
                    id="one", name="list_units", response={"output": OUTPUT, "took": 1.0}
                )
            )
        ],
    ),
]
CONFIG = types.GenerateContentConfig(system_instruction="Be brief.", temperature=1.0)


def client(url):
    return genai.Client(api_key="test", vertexai=False, http_options=types.HttpOptions(base_url=url))


def seen(answer):
    return answer.model_dump(exclude={"sdk_http_response"})


def generate(url):
    with client(url) as sdk:
        return seen(sdk.models.generate_content(model=MODEL, contents=CONTENTS, config=CONFIG))


def generate_streamed(url):
    with client(url) as sdk:
        chunks = sdk.models.generate_content_stream(model=MODEL, contents=CONTENTS, config=CONFIG)
        return [seen(chunk) for chunk in chunks]


def counted(url):
    with client(url) as sdk:
        return sdk.models.count_tokens(model=MODEL, contents=CONTENTS).total_tokens


async def async_generate(url):
    async with client(url).aio as sdk:
        return seen(await sdk.models.generate_content(model=MODEL, contents=CONTENTS, config=CONFIG))


async def async_generate_streamed(url):
    async with client(url).aio as sdk:
        chunks = await sdk.models.generate_content_stream(model=MODEL, contents=CONTENTS, config=CONFIG)
        return [seen(chunk) async for chunk in chunks]


async def async_counted(url):
    async with client(url).aio as sdk:
        return (await sdk.models.count_tokens(model=MODEL, contents=CONTENTS)).total_tokens


def named(call):
    return call.__name__


@pytest.mark.parametrize("call", [generate, generate_streamed, counted], ids=named)
def test_the_sync_client_gets_the_same_answer_for_a_shorter_request(stage, call):
    assert_only_the_output_got_shorter(*stage.compare(call))


@pytest.mark.parametrize("call", [async_generate, async_generate_streamed, async_counted], ids=named)
def test_the_async_client_gets_the_same_answer_for_a_shorter_request(stage, call):
    assert_only_the_output_got_shorter(*stage.compare(lambda url: asyncio.run(call(url))))
