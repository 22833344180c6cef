from __future__ import annotations

import asyncio
import copy
import json

import pytest
from contracts.adapters import OUTPUTS
from langchain.agents import create_agent
from langchain_core.tools import tool
from support.scripted_model import scripted_model

from headroom.blocks import Reason
from headroom.proxy.config import ProxyConfig
from headroom_langchain import HeadroomCallbackHandler, HeadroomMiddleware, compress_model, stats_of
from headroom_langchain.callback import MAX_RUNS
from headroom_langchain.tests.agents import MODES, ended, open_ai
from headroom_langchain.tests.models import LONG, Plain, Streaming, conversation


def test_it_tells_what_a_compressed_model_saves() -> None:
    handler, model = HeadroomCallbackHandler(), compress_model(Plain())
    model.invoke(conversation(), {"callbacks": [handler]})
    assert handler.stats()["tokens_saved"] == stats_of(model)["tokens_saved"] > 0
    (result,) = handler.runs.values()
    assert [decision.reason for decision in result.decisions][-1] is Reason.COMPRESSED
    assert result.tokens_saved == handler.stats()["tokens_saved"]


@pytest.mark.parametrize("inner", [Plain, Streaming])
def test_it_touches_no_message_of_a_plain_model_and_tells_what_would_be_saved(inner: type[Plain]) -> None:
    handler, plain = HeadroomCallbackHandler(), inner()
    messages = conversation()
    before = copy.deepcopy(messages)
    plain.invoke(messages, {"callbacks": [handler]})
    asyncio.run(plain.ainvoke(messages, {"callbacks": [handler]}))
    list(plain.stream(messages, {"callbacks": [handler]}))
    assert messages == before
    assert all(sent[2] is messages[2] for sent in plain.seen)
    assert handler.stats()["requests"] == len(handler.runs) == 3
    assert handler.stats()["tokens_saved"] > 0


@pytest.mark.parametrize("mode", MODES)
def test_it_tells_what_the_middleware_has_saved_for_each_run(mode: str) -> None:
    handler, middleware = HeadroomCallbackHandler(), HeadroomMiddleware()

    @tool
    def look_up(number: int) -> str:
        """Look an order up."""
        return OUTPUTS[number]

    with scripted_model(2) as model:
        agent = create_agent(open_ai(model.url), [look_up], middleware=[middleware], system_prompt="Be brief.")
        ended(agent, {"messages": [("user", "Which failed?")]}, mode, callbacks=[handler])
    results = list(handler.runs.values())
    assert [bool(result.tokens_saved) for result in results] == [False, True, True]
    stats = middleware.stats()
    assert handler.stats() == {name: stats[name] for name in handler.stats()}


def test_a_run_keeps_no_texts() -> None:
    handler = HeadroomCallbackHandler()
    Plain().invoke(conversation(), {"callbacks": [handler]})
    (result,) = handler.runs.values()
    assert result.messages == ()
    assert json.dumps(LONG)[1:-1] not in repr(result)


def test_the_oldest_runs_are_forgotten_first() -> None:
    handler, model = HeadroomCallbackHandler(), Plain()
    for _ in range(MAX_RUNS + 3):
        model.invoke("Hello", {"callbacks": [handler]})
    assert len(handler.runs) == MAX_RUNS
    assert handler.stats()["requests"] == MAX_RUNS + 3


def test_settings_are_used() -> None:
    handler = HeadroomCallbackHandler(ProxyConfig(optimize=False))
    Plain().invoke(conversation(), {"callbacks": [handler]})
    (result,) = handler.runs.values()
    assert result.tokens_saved == 0
    assert result.decisions[-1].reason is Reason.OFF


def test_a_failure_of_ours_is_not_the_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headroom_langchain.callback.turns_of", lambda _: 1 / 0)
    handler = HeadroomCallbackHandler()
    handler.raise_error = True
    assert Plain().invoke(conversation(), {"callbacks": [handler]}).text == "It is in order."
    assert not handler.runs
