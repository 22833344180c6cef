"""Installing into LiteLLM's functions, once, and taking it out again."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import headroom_litellm
import litellm
import litellm.google_genai
import pytest
from headroom_litellm import HeadroomLogger, install_litellm, uninstall_litellm
from support.samples import sample
from support.scripted_model import ScriptedModel, scripted_model

from headroom.errors import ConfigError
from headroom.proxy.config import ProxyConfig

ROWS = sample("json_rows")
CALL = {"id": "c0", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}


def conversation() -> list[Any]:
    asked = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    return [{"role": "user", "content": "q"}, asked, {"role": "tool", "tool_call_id": "c0", "content": ROWS}]


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with scripted_model(1) as running:
        yield running


@pytest.fixture(autouse=True)
def _uninstalled() -> Iterator[None]:
    yield
    uninstall_litellm()


def ask(model: ScriptedModel, function: Any = None) -> int:
    complete = function or litellm.completion
    complete(model="openai/gpt-4o", messages=conversation(), api_base=model.url, api_key="sk-none")
    return len(model.requests[-1]["messages"][2]["content"])


def functions() -> list[Any]:
    return [
        litellm.completion,
        litellm.main.completion,  # type: ignore[attr-defined]
        litellm.responses,
        litellm.google_genai.generate_content,
        litellm.google_genai.generate_content_stream,
    ]


def test_it_is_undone_without_a_trace(model: ScriptedModel) -> None:
    stood = functions()
    logger = install_litellm()
    assert ask(model) < len(ROWS)
    imported_in_between = litellm.completion
    uninstall_litellm()
    assert all(now is then for now, then in zip(functions(), stood, strict=True))
    lists = ("callbacks", "input_callback", "success_callback", "failure_callback", "_async_success_callback")
    assert not any(one is logger for name in lists for one in getattr(litellm, name))
    assert ask(model) == ask(model, imported_in_between) == len(ROWS)
    uninstall_litellm()


def test_a_second_call_changes_nothing(model: ScriptedModel) -> None:
    config = ProxyConfig()
    logger = install_litellm(config)
    assert install_litellm() is install_litellm(config) is logger
    assert litellm.callbacks.count(logger) == 1
    ask(model)
    assert logger.get_stats()["requests"] == 1
    with pytest.raises(ConfigError, match="other settings"):
        install_litellm(ProxyConfig(min_tokens_to_compress=9999))


def test_the_settings_are_those_given(model: ScriptedModel) -> None:
    install_litellm(ProxyConfig(excluded_tools=("look_up",)))
    assert ask(model) == len(ROWS)


def test_callbacks_that_the_application_sets_anew_do_not_put_it_out(model: ScriptedModel) -> None:
    logger = install_litellm()
    litellm.callbacks = []

    async def awaited(**settings: Any) -> None:
        await litellm.acompletion(**settings)

    assert ask(model, lambda **settings: asyncio.run(awaited(**settings))) < len(ROWS)
    assert logger.get_stats()["requests"] == 1


def test_an_awaited_call_is_looked_at_once(model: ScriptedModel) -> None:
    logger = install_litellm()

    async def awaited(**settings: Any) -> None:
        await litellm.acompletion(**settings)

    assert ask(model, lambda **settings: asyncio.run(awaited(**settings))) < len(ROWS)
    assert logger.get_stats()["requests"] == 1


def test_text_completions_are_left_alone(model: ScriptedModel) -> None:
    install_litellm(ProxyConfig(compress_user_messages=True))
    litellm.text_completion(model="openai/gpt-4o", prompt=ROWS, api_base=model.url, api_key="sk-none")
    assert model.requests[-1]["messages"] == [{"role": "user", "content": ROWS}]


def test_the_ready_callback_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(headroom_litellm.callback, HeadroomLogger)
    assert headroom_litellm.callback is headroom_litellm.callback
    with pytest.raises(AttributeError, match="nothing"):
        _ = headroom_litellm.nothing


def test_without_litellm_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['litellm'] = None; import headroom_litellm"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == (
        "ImportError: headroom_litellm needs LiteLLM: pip install 'headroom[litellm]'"
    )
