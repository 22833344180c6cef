"""The same conversation through every call of every SDK: what the caller sees of the answer, in one form."""

import json
from dataclasses import dataclass

import anthropic
import openai
from google import genai
from google.genai import types
from support.retrieval import long_sample
from support.wires import Step, body_of

OUTPUT = long_sample("long_log")
BODIES = {wire: body_of(wire, [Step(OUTPUT)], tools=True) for wire in ("openai-chat", "openai-responses", "anthropic")}
BODIES["anthropic"]["model"] = "claude-sonnet-5"  # of older ones the SDK warns
GEMINI_TOOL = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="list_units",
            description="List units.",
            parameters=types.Schema(type=types.Type.OBJECT, properties={"all": types.Schema(type=types.Type.STRING)}),
        )
    ]
)
GEMINI_CONTENTS = [
    types.Content(role="user", parts=[types.Part.from_text(text="Which request failed?")]),
    types.Content(role="model", parts=[types.Part(function_call=types.FunctionCall(name="run_command", args={}))]),
    types.Content(
        role="user",
        parts=[
            types.Part(function_response=types.FunctionResponse(name="run_command", response={"output": OUTPUT})),
        ],
    ),
]


@dataclass(frozen=True)
class Seen:
    """What the caller sees: text, names of the tools called, tokens of the request as they are reported."""

    text: str
    calls: tuple[str, ...]
    tokens: int


def asked(wire, *, tools):
    """Return the keyword arguments of a call."""
    body = BODIES[wire]
    return body if tools else {key: value for key, value in body.items() if key != "tools"}


def gemini_asked(*, tools):
    config = types.GenerateContentConfig(
        tools=[GEMINI_TOOL] if tools else None,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    return {"model": "gemini-3-pro", "contents": GEMINI_CONTENTS, "config": config}


# ---- answers, read


def of_completion(answer):
    message = answer.choices[0].message
    calls = tuple(call.function.name for call in message.tool_calls or ())
    return Seen(message.content or "", calls, answer.usage.prompt_tokens)


def of_chunks(chunks):
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
    names = (call.function.name for delta in deltas for call in delta.tool_calls or ())
    [tokens] = [chunk.usage.prompt_tokens for chunk in chunks if chunk.usage]
    return Seen("".join(delta.content or "" for delta in deltas), tuple(name for name in names if name), tokens)


def of_response(answer):
    calls = tuple(item.name for item in answer.output if item.type == "function_call")
    return Seen(answer.output_text, calls, answer.usage.input_tokens)


def of_message(answer):
    text = "".join(block.text for block in answer.content if block.type == "text")
    calls = tuple(block.name for block in answer.content if block.type == "tool_use")
    return Seen(text, calls, answer.usage.input_tokens)


def of_candidates(answers):
    parts = [part for answer in answers for part in (answer.candidates[0].content.parts or ())]
    text = "".join(part.text or "" for part in parts)
    calls = tuple(part.function_call.name for part in parts if part.function_call)
    return Seen(text, calls, answers[-1].usage_metadata.prompt_token_count)


# ---- calls, sync


def chat(sdk, *, tools=True):
    return of_completion(sdk.chat.completions.create(**asked("openai-chat", tools=tools)))


def chat_streamed(sdk, *, tools=True):
    usage = {"include_usage": True}
    with sdk.chat.completions.create(**asked("openai-chat", tools=tools), stream=True, stream_options=usage) as chunks:
        return of_chunks(list(chunks))


def chat_helped(sdk, *, tools=True):
    usage = {"include_usage": True}
    with sdk.chat.completions.stream(**asked("openai-chat", tools=tools), stream_options=usage) as stream:
        return of_completion(stream.get_final_completion())


def responses(sdk, *, tools=True):
    return of_response(sdk.responses.create(**asked("openai-responses", tools=tools)))


def responses_helped(sdk, *, tools=True):
    with sdk.responses.stream(**asked("openai-responses", tools=tools)) as stream:
        return of_response(stream.get_final_response())


def messages(sdk, *, tools=True):
    return of_message(sdk.messages.create(**asked("anthropic", tools=tools)))


def messages_helped(sdk, *, tools=True):
    with sdk.messages.stream(**asked("anthropic", tools=tools)) as stream:
        return of_message(stream.get_final_message())


def generate(sdk, *, tools=True):
    return of_candidates([sdk.models.generate_content(**gemini_asked(tools=tools))])


def generate_streamed(sdk, *, tools=True):
    return of_candidates(list(sdk.models.generate_content_stream(**gemini_asked(tools=tools))))


# ---- calls, awaited


async def async_chat(sdk, *, tools=True):
    return of_completion(await sdk.chat.completions.create(**asked("openai-chat", tools=tools)))


async def async_chat_streamed(sdk, *, tools=True):
    usage = {"include_usage": True}
    chunks = await sdk.chat.completions.create(**asked("openai-chat", tools=tools), stream=True, stream_options=usage)
    return of_chunks([chunk async for chunk in chunks])


async def async_responses(sdk, *, tools=True):
    return of_response(await sdk.responses.create(**asked("openai-responses", tools=tools)))


async def async_responses_helped(sdk, *, tools=True):
    async with sdk.responses.stream(**asked("openai-responses", tools=tools)) as stream:
        return of_response(await stream.get_final_response())


async def async_messages(sdk, *, tools=True):
    return of_message(await sdk.messages.create(**asked("anthropic", tools=tools)))


async def async_messages_helped(sdk, *, tools=True):
    async with sdk.messages.stream(**asked("anthropic", tools=tools)) as stream:
        return of_message(await stream.get_final_message())


async def async_generate(sdk, *, tools=True):
    return of_candidates([await sdk.aio.models.generate_content(**gemini_asked(tools=tools))])


async def async_generate_streamed(sdk, *, tools=True):
    chunks = await sdk.aio.models.generate_content_stream(**gemini_asked(tools=tools))
    return of_candidates([chunk async for chunk in chunks])


# ---- clients


def openai_client(url, **also):
    return openai.OpenAI(base_url=f"{url}/v1", api_key="test", **{"max_retries": 0, **also})


def openai_async_client(url, **also):
    return openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="test", **{"max_retries": 0, **also})


def anthropic_client(url, **also):
    return anthropic.Anthropic(base_url=url, api_key="test", **{"max_retries": 0, **also})


def anthropic_async_client(url, **also):
    return anthropic.AsyncAnthropic(base_url=url, api_key="test", **{"max_retries": 0, **also})


def google_client(url):
    return genai.Client(api_key="test", vertexai=False, http_options=types.HttpOptions(base_url=url))


SYNC = {
    chat: openai_client,
    chat_streamed: openai_client,
    chat_helped: openai_client,
    responses: openai_client,
    responses_helped: openai_client,
    messages: anthropic_client,
    messages_helped: anthropic_client,
    generate: google_client,
    generate_streamed: google_client,
}
AWAITED = {
    async_chat: openai_async_client,
    async_chat_streamed: openai_async_client,
    async_responses: openai_async_client,
    async_responses_helped: openai_async_client,
    async_messages: anthropic_async_client,
    async_messages_helped: anthropic_async_client,
    async_generate: google_client,
    async_generate_streamed: google_client,
}
SPELLED = json.dumps(OUTPUT, ensure_ascii=False).encode()
"""The tool output as every SDK spells it: it is plain ASCII."""
