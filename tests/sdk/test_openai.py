"""The `openai` client, chat completions and responses, sync and async, streamed and not."""

import asyncio

import openai
import pytest
from sdk.material import OUTPUT, assert_only_the_output_got_shorter, assert_untouched

MODEL = "gpt-5"
CALL = {"id": "call_1", "type": "function", "function": {"name": "list_units", "arguments": '{"all": true}'}}
MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Which units are late?"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_1", "content": OUTPUT},
]
ITEMS = [
    {"role": "user", "content": "Which units are late?"},
    {"type": "function_call", "call_id": "call_1", "name": "list_units", "arguments": '{"all": true}'},
    {"type": "function_call_output", "call_id": "call_1", "output": OUTPUT},
]
PARAMETERS = {"type": "object", "properties": {"all": {"type": "boolean"}}}
CHAT = {
    "model": MODEL,
    "messages": MESSAGES,
    "temperature": 1.0,
    "tools": [{"type": "function", "function": {"name": "list_units", "parameters": PARAMETERS}}],
}
RESPONSE = {"model": MODEL, "instructions": "Be brief.", "input": ITEMS, "store": False}
USAGE = {"stream_options": {"include_usage": True}}


def client(url):
    return openai.OpenAI(base_url=f"{url}/v1", api_key="test", max_retries=0)


def async_client(url):
    return openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="test", max_retries=0)


def chat(url):
    with client(url) as sdk:
        return sdk.chat.completions.create(**CHAT)


def chat_streamed(url):
    with client(url) as sdk, sdk.chat.completions.create(**CHAT, stream=True, **USAGE) as stream:
        return list(stream)


def responses(url):
    with client(url) as sdk:
        return sdk.responses.create(**RESPONSE)


def responses_streamed(url):
    with client(url) as sdk, sdk.responses.stream(**RESPONSE) as stream:
        return list(stream), stream.get_final_response().output_text


async def async_chat(url):
    async with async_client(url) as sdk:
        return await sdk.chat.completions.create(**CHAT)


async def async_chat_streamed(url):
    async with async_client(url) as sdk:
        stream = await sdk.chat.completions.create(**CHAT, stream=True, **USAGE)
        return [chunk async for chunk in stream]


async def async_responses(url):
    async with async_client(url) as sdk:
        return await sdk.responses.create(**RESPONSE)


async def async_responses_streamed(url):
    async with async_client(url) as sdk:
        stream = await sdk.responses.create(**RESPONSE, stream=True)
        return [event async for event in stream]


def named(call):
    return call.__name__


@pytest.mark.parametrize("call", [chat, chat_streamed, responses, responses_streamed], ids=named)
def test_the_sync_client_gets_the_same_answer_for_a_shorter_request(stage, call):
    assert_only_the_output_got_shorter(*stage.compare(call))


@pytest.mark.parametrize(
    "call", [async_chat, async_chat_streamed, async_responses, async_responses_streamed], ids=named
)
def test_the_async_client_gets_the_same_answer_for_a_shorter_request(stage, call):
    assert_only_the_output_got_shorter(*stage.compare(lambda url: asyncio.run(call(url))))


def test_a_bypassed_request_arrives_untouched_and_without_our_header(stage):
    def ask(url):
        with client(url) as sdk:
            return sdk.chat.completions.create(**CHAT, extra_headers={"x-headroom-bypass": "true"}).id

    sent, received = stage.compare(ask)
    assert received.body == sent.body
    assert "x-headroom-bypass" not in received.headers


def test_other_routes_and_errors_are_those_of_the_provider(stage):
    def ask(url):
        with client(url) as sdk:
            models = [model.id for model in sdk.models.list()]
            with pytest.raises(openai.NotFoundError) as refused:
                sdk.embeddings.create(model="m", input="text")
            with pytest.raises(openai.BadRequestError):
                sdk.chat.completions.create(model="m", messages=[])
            return models, refused.value.body

    assert_untouched(*stage.compare(ask))


def test_raw_headers_of_an_answer_are_those_of_the_provider(stage):
    def ask(url):
        with client(url) as sdk:
            raw = sdk.chat.completions.with_raw_response.create(**CHAT)
            return raw.headers["x-request-id"], raw.headers["content-type"], raw.http_response.content

    assert_only_the_output_got_shorter(*stage.compare(ask))
