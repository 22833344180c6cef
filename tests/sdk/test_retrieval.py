"""The real clients, over a socket, in front of a provider that asks for originals: each sees one valid answer."""

import json
from contextlib import contextmanager
from urllib.parse import parse_qs

import anthropic
import openai
import pytest
from ccr.scripts import HANDLE, MINT, ORIGINAL, THEIRS, Call, Store, Thought, said, stream, whole
from google import genai
from google.genai import errors, types

from headroom.ccr.retriever import Retriever
from headroom.demo.provider.serving import running
from headroom.integrations.body import BodyReader
from headroom.integrations.retrieval import answered
from headroom.providers.routes import route_of

# The client derives its session from aiohttp's, which aiohttp discourages; it is not ours to change.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")

ASKS = said(Thought(), "Let me see. ", Call("ask_a"))
ASKS_AGAIN = said("And this. ", Call("ask_b"), Call("ask_c"), number=2)
SAYS = said("It is late.", number=4)
ASKS_BOTH = said(Thought(), "Let me see. ", Call("ask_a"), Call("own", THEIRS, '{"all": true}'))
REFUSES = b'{"error": {"type": "overloaded_error", "message": "Overloaded", "code": 503}}'


class Provider:
    """Gives scripted answers, one a request, whole or streamed as it is asked; bytes are errors."""

    def __init__(self, answers):
        self.answers = list(answers)
        self.bodies = []

    async def __call__(self, scope, receive, send):
        body = await BodyReader(receive, 1_000_000).read()
        self.bodies.append(body)
        answer = self.answers.pop(0)
        wire = route_of("POST", scope["path"]).wire
        is_gemini_stream = scope["path"].endswith(":streamGenerateContent")
        status, kind = 200, b"application/json"
        if isinstance(answer, bytes):
            status, chunks = 503, [answer]
        elif is_gemini_stream or json.loads(body).get("stream"):
            assert not is_gemini_stream or parse_qs(scope["query_string"])[b"alt"] == [b"sse"]
            kind, chunks = b"text/event-stream", stream(wire, answer)
        else:
            chunks = [whole(wire, answer)]
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
        for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class House:
    """Answers retrievals in front of a provider."""

    def __init__(self, provider):
        self.provider = provider

    async def __call__(self, scope, receive, send):
        body = await BodyReader(receive, 1_000_000).read()
        one = Retriever({HANDLE: ORIGINAL}, Store(), "tenant", MINT)
        wire = route_of("POST", scope["path"]).wire
        await answered(self.provider, scope, receive, send, body=body, wire=wire, retriever=one)


@contextmanager
def provider_of(*answers):
    provider = Provider(answers)
    with running(House(provider)) as url:
        yield url, provider
    assert not provider.answers


def three_rounds():
    return provider_of(ASKS, ASKS_AGAIN, SAYS)


def assert_the_original_went_up(provider):
    assert ORIGINAL in [text for body in provider.bodies[1:] for text in strings(json.loads(body))]


def strings(node):
    if isinstance(node, str):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from strings(child)


# ---- anthropic

MESSAGE = {"model": "claude", "max_tokens": 10, "messages": [{"role": "user", "content": "Is it late?"}]}


def claude(url):
    return anthropic.Anthropic(base_url=url, api_key="test", max_retries=0)


def test_anthropic_whole():
    with three_rounds() as (url, provider), claude(url) as sdk:
        message = sdk.messages.create(**MESSAGE)
    assert [block.text for block in message.content] == ["It is late."]
    assert (message.id, message.stop_reason) == ("msg_4", "end_turn")
    assert (message.usage.input_tokens, message.usage.cache_read_input_tokens, message.usage.output_tokens) == (
        70,
        7000,
        7,
    )
    assert_the_original_went_up(provider)


def test_anthropic_streamed():
    with three_rounds() as (url, provider), claude(url) as sdk:
        with sdk.messages.stream(**MESSAGE) as events:
            kinds = [event.type for event in events]
        message = events.get_final_message()
    assert [block.type for block in message.content] == ["thinking", "text", "text", "text"]
    assert "".join(block.text for block in message.content[1:]) == "Let me see. And this. It is late."
    assert (message.id, message.stop_reason) == ("msg_1", "end_turn")
    assert (message.usage.input_tokens, message.usage.cache_creation_input_tokens, message.usage.output_tokens) == (
        70,
        700,
        7,
    )
    assert (kinds.count("message_start"), kinds.count("message_stop")) == (1, 1)
    assert_the_original_went_up(provider)


def test_anthropic_streamed_beside_a_call_of_the_client():
    with provider_of(ASKS_BOTH) as (url, _), claude(url) as sdk:
        with sdk.messages.stream(**MESSAGE) as events:
            list(events)
        message = events.get_final_message()
    assert [block.type for block in message.content] == ["thinking", "text", "tool_use"]
    assert (message.content[2].name, message.content[2].input) == (THEIRS, {"all": True})
    assert message.stop_reason == "tool_use"


def test_anthropic_streamed_and_refused_in_between():
    refusal = pytest.raises(anthropic.APIStatusError)
    with (
        provider_of(ASKS, REFUSES) as (url, _),
        claude(url) as sdk,
        sdk.messages.stream(**MESSAGE) as events,
        refusal as refused,
    ):
        list(events)
    assert "Overloaded" in str(refused.value)


# ---- chat completions

CHAT = {"model": "gpt-5", "messages": [{"role": "user", "content": "Is it late?"}]}


def gpt(url):
    return openai.OpenAI(base_url=f"{url}/v1", api_key="test", max_retries=0)


def test_chat_whole():
    with three_rounds() as (url, provider), gpt(url) as sdk:
        completion = sdk.chat.completions.create(**CHAT)
    assert completion.choices[0].message.content == "It is late."
    assert completion.choices[0].message.tool_calls is None
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens_details.reasoning_tokens) == (70, 21)
    assert_the_original_went_up(provider)


def test_chat_streamed():
    asked = {**CHAT, "stream_options": {"include_usage": True}}
    with three_rounds() as (url, provider), gpt(url) as sdk, sdk.chat.completions.stream(**asked) as events:
        list(events)
        completion = events.get_final_completion()
    (choice,) = completion.choices
    assert (completion.id, choice.finish_reason) == ("chatcmpl-1", "stop")
    assert choice.message.content == "Let me see. And this. It is late."
    assert choice.message.role == "assistant"
    assert not choice.message.tool_calls
    assert (completion.usage.total_tokens, completion.usage.prompt_tokens_details.cached_tokens) == (77, 49)
    assert_the_original_went_up(provider)


def test_chat_streamed_beside_a_call_of_the_client():
    with provider_of(ASKS_BOTH) as (url, _), gpt(url) as sdk, sdk.chat.completions.stream(**CHAT) as events:
        list(events)
        choice = events.get_final_completion().choices[0]
    (call,) = choice.message.tool_calls
    assert (call.id, call.function.name, json.loads(call.function.arguments)) == ("own", THEIRS, {"all": True})
    assert choice.finish_reason == "tool_calls"


def test_chat_streamed_and_refused_in_between():
    with provider_of(ASKS, REFUSES) as (url, _), gpt(url) as sdk, pytest.raises(openai.APIError) as refused:
        list(sdk.chat.completions.create(**CHAT, stream=True))
    assert refused.value.message == "Overloaded"


# ---- responses

RESPONSE = {"model": "gpt-5", "input": "Is it late?"}


def test_response_whole():
    with three_rounds() as (url, provider), gpt(url) as sdk:
        response = sdk.responses.create(**RESPONSE)
    assert (response.id, response.output_text) == ("resp_4", "It is late.")
    assert (response.usage.total_tokens, response.usage.output_tokens_details.reasoning_tokens) == (77, 21)
    assert_the_original_went_up(provider)


def test_response_streamed():
    with three_rounds() as (url, provider), gpt(url) as sdk, sdk.responses.stream(**RESPONSE) as events:
        numbers = [event.sequence_number for event in events if hasattr(event, "sequence_number")]
        response = events.get_final_response()
    assert response.output_text == "Let me see. And this. It is late."
    assert [item.type for item in response.output] == ["reasoning", "message", "message", "message"]
    assert (response.status, response.usage.total_tokens) == ("completed", 77)
    assert sorted(set(numbers)) == list(range(max(numbers) + 1))
    assert_the_original_went_up(provider)


def test_response_streamed_beside_a_call_of_the_client():
    with provider_of(ASKS_BOTH) as (url, _), gpt(url) as sdk, sdk.responses.stream(**RESPONSE) as events:
        list(events)
        response = events.get_final_response()
    assert [item.type for item in response.output] == ["reasoning", "message", "function_call"]
    assert (response.output[2].call_id, response.output[2].name) == ("own", THEIRS)


def test_response_streamed_and_refused_in_between():
    with provider_of(ASKS, REFUSES) as (url, _), gpt(url) as sdk:
        last = list(sdk.responses.create(**RESPONSE, stream=True))[-1]
    assert (last.type, last.message) == ("error", "Overloaded")


# ---- Gemini


def google(url):
    return genai.Client(api_key="test", vertexai=False, http_options=types.HttpOptions(base_url=url))


def test_gemini_whole():
    with three_rounds() as (url, provider), google(url) as sdk:
        answer = sdk.models.generate_content(model="gemini-3-pro", contents="Is it late?")
    assert (answer.text, answer.response_id) == ("It is late.", "gem-4")
    assert (answer.usage_metadata.prompt_token_count, answer.usage_metadata.prompt_tokens_details[0].token_count) == (
        70,
        70,
    )
    assert_the_original_went_up(provider)


def test_gemini_streamed():
    with three_rounds() as (url, provider), google(url) as sdk:
        chunks = list(sdk.models.generate_content_stream(model="gemini-3-pro", contents="Is it late?"))
    assert "".join(chunk.text or "" for chunk in chunks) == "Let me see. And this. It is late."
    assert {chunk.response_id for chunk in chunks} == {"gem-1"}
    assert [chunk.candidates[0].finish_reason for chunk in chunks if chunk.candidates[0].finish_reason] == ["STOP"]
    assert chunks[-1].usage_metadata.total_token_count == 98
    assert_the_original_went_up(provider)


def test_gemini_streamed_beside_a_call_of_the_client():
    with provider_of(ASKS_BOTH) as (url, _), google(url) as sdk:
        chunks = list(sdk.models.generate_content_stream(model="gemini-3-pro", contents="Is it late?"))
    calls = [call for chunk in chunks for call in chunk.function_calls or ()]
    assert [(call.id, call.name, call.args) for call in calls] == [("own", THEIRS, {"all": True})]


def test_gemini_streamed_and_refused_in_between():
    with provider_of(ASKS, REFUSES) as (url, _), google(url) as sdk, pytest.raises(errors.APIError) as refused:
        list(sdk.models.generate_content_stream(model="gemini-3-pro", contents="Is it late?"))
    assert "Overloaded" in str(refused.value)
