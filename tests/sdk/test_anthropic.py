"""The `anthropic` client: messages, token counts and batches, sync and async, streamed and not."""

import asyncio

import anthropic
import pytest
from sdk.material import OUTPUT, assert_only_the_output_got_shorter

MODEL = "claude-sonnet-5"
USE = {"type": "tool_use", "id": "toolu_1", "name": "list_units", "input": {"all": True}}
RESULT = {
    "type": "tool_result",
    "tool_use_id": "toolu_1",
    "content": [{"type": "text", "text": OUTPUT, "cache_control": {"type": "ephemeral"}}],
}
ASKED = {
    "model": MODEL,
    "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
    "tools": [{"name": "list_units", "input_schema": {"type": "object", "properties": {"all": {"type": "boolean"}}}}],
    "messages": [
        {"role": "user", "content": "Which units are late?"},
        {"role": "assistant", "content": [{"type": "text", "text": "I look."}, USE]},
        {"role": "user", "content": [RESULT, {"type": "text", "text": "Only the late ones."}]},
    ],
}
REQUEST = {**ASKED, "max_tokens": 100}


def client(url):
    return anthropic.Anthropic(base_url=url, api_key="test", max_retries=0)


def async_client(url):
    return anthropic.AsyncAnthropic(base_url=url, api_key="test", max_retries=0)


def messages(url):
    with client(url) as sdk:
        return sdk.messages.create(**REQUEST)


def messages_streamed(url):
    with client(url) as sdk, sdk.messages.stream(**REQUEST) as stream:
        return list(stream), stream.get_final_message()


def counted(url):
    with client(url) as sdk:
        return sdk.messages.count_tokens(**ASKED).input_tokens


def batched(url):
    with client(url) as sdk:
        return sdk.messages.batches.create(requests=[{"custom_id": "one", "params": REQUEST}])


async def async_messages(url):
    async with async_client(url) as sdk:
        return await sdk.messages.create(**REQUEST)


async def async_messages_streamed(url):
    async with async_client(url) as sdk, sdk.messages.stream(**REQUEST) as stream:
        return [event async for event in stream]


def named(call):
    return call.__name__


@pytest.mark.parametrize("call", [messages, messages_streamed, counted, batched], ids=named)
def test_the_sync_client_gets_the_same_answer_for_a_shorter_request(stage, call):
    assert_only_the_output_got_shorter(*stage.compare(call))


@pytest.mark.parametrize("call", [async_messages, async_messages_streamed], ids=named)
def test_the_async_client_gets_the_same_answer_for_a_shorter_request(stage, call):
    assert_only_the_output_got_shorter(*stage.compare(lambda url: asyncio.run(call(url))))


def test_beta_headers_arrive_as_they_were_sent(stage):
    def ask(url):
        with client(url) as sdk:
            return sdk.beta.messages.create(**REQUEST, betas=["one-2025-01-01", "two-2025-02-02"]).id

    sent, received = stage.compare(ask)
    assert received.headers["anthropic-beta"] == "one-2025-01-01,two-2025-02-02"
    assert_only_the_output_got_shorter(sent, received)


def test_errors_are_those_of_the_provider(stage):
    def ask(url):
        with client(url) as sdk, pytest.raises(anthropic.BadRequestError) as refused:
            sdk.messages.create(model=MODEL, max_tokens=1, messages=[])
        return refused.value.body

    stage.compare(ask)
