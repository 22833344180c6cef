"""Calls of LiteLLM in the shapes of Anthropic and Google, without its proxy: awaited or not, whole or streamed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import litellm
import litellm.google_genai
import pytest
from contracts.adapters import changes
from headroom_litellm import install_litellm, uninstall_litellm
from support.samples import sample

ROWS = sample("json_rows")

CLAUDE = {
    "model": "anthropic/claude-sonnet-4-5",
    "max_tokens": 99,
    "messages": [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "c0", "name": "look_up", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c0", "content": ROWS}]},
    ],
}
GEMINI = {
    "model": "gemini/gemini-2.5-pro",
    "contents": [
        {"role": "user", "parts": [{"text": "q"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "look_up", "args": {}}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "look_up", "response": {"result": ROWS}}}]},
    ],
}


def create(url: str, *, stream: bool) -> Any:
    """To another provider: to Anthropic itself, LiteLLM sends awaited calls only."""
    given = {**CLAUDE, "model": "openai/gpt-4o", "api_base": f"{url}/v1", "api_key": "sk-none"}
    return litellm.anthropic.messages.create(**given, stream=stream)


async def acreate(url: str, *, stream: bool) -> Any:
    return await litellm.anthropic.messages.acreate(**CLAUDE, api_base=url, api_key="sk-none", stream=stream)


async def by_position(url: str, *, stream: bool) -> Any:
    given = (CLAUDE["max_tokens"], CLAUDE["messages"], CLAUDE["model"])
    return await litellm.anthropic_messages(*given, api_base=url, api_key="sk-none", stream=stream)


def generate(url: str, *, stream: bool) -> Any:
    module = litellm.google_genai
    function = module.generate_content_stream if stream else module.generate_content
    return function(**GEMINI, api_base=f"{url}/v1beta", api_key="sk-none")


async def agenerate(url: str, *, stream: bool) -> Any:
    module = litellm.google_genai
    function = module.agenerate_content_stream if stream else module.agenerate_content
    return await function(**GEMINI, api_base=f"{url}/v1beta", api_key="sk-none")


@pytest.fixture(scope="module")
def provider() -> Iterator[Any]:
    from headroom.demo.provider import OfflineProvider, running

    app = OfflineProvider()
    with running(app) as url:
        yield app, url


def sent(provider: Any, call: Any, *, stream: bool) -> list[Any]:
    app, url = provider
    before = app.seen

    async def awaited() -> None:
        answer = await call(url, stream=stream)
        if stream:
            async for _ in answer:
                pass

    if asyncio.iscoroutinefunction(call):
        asyncio.run(awaited())
    else:
        answer = call(url, stream=stream)
        if stream:
            list(answer)
    return [json.loads(one.body) for one in app.since(before)]


WAYS = [(call, stream) for call in (acreate, by_position, generate, agenerate) for stream in (False, True)]


@pytest.mark.parametrize(("call", "stream"), [(create, False), *WAYS])
def test_the_provider_gets_the_short_form_and_nothing_else_changes(call: Any, stream: bool, provider: Any) -> None:
    plain = sent(provider, call, stream=stream)
    install_litellm()
    try:
        short = sent(provider, call, stream=stream)
    finally:
        uninstall_litellm()
    (change,) = changes(plain, short)
    assert change.before == ROWS
    assert len(change.after) < len(ROWS) / 2
