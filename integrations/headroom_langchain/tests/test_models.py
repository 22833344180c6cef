"""Both chat models, on every way in which classes answer."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.language_models import BaseChatModel
from langchain_core.load import dumpd
from langchain_core.messages import BaseMessage
from langchain_core.runnables import ConfigurableField, RunnableBinding
from langchain_openai import ChatOpenAI
from pydantic import Field

from headroom.errors import ConfigError
from headroom.integrations.adapter import Adapter
from headroom.proxy.config import ProxyConfig
from headroom_langchain import HeadroomChatModel, compress_model, stats_of
from headroom_langchain.tests.models import LONG, Eventful, Plain, Streaming, conversation

KINDS = [compress_model, HeadroomChatModel]
Make = Callable[..., Any]
EVENTS = pytest.mark.skipif(not hasattr(BaseChatModel, "_iter_v2_events"), reason="LangChain 1.3 and later")


async def _all(parts: Any) -> list[Any]:
    return [part async for part in parts]


async def _events(model: BaseChatModel, messages: list[BaseMessage]) -> Any:
    return await _all(await model.astream_events(messages, version="v3"))


CALLS = {
    "invoke": lambda model, messages: model.invoke(messages),
    "ainvoke": lambda model, messages: asyncio.run(model.ainvoke(messages)),
    "stream": lambda model, messages: list(model.stream(messages)),
    "astream": lambda model, messages: asyncio.run(_all(model.astream(messages))),
    "batch": lambda model, messages: model.batch([messages]),
    "abatch": lambda model, messages: asyncio.run(model.abatch([messages])),
    "astream_events": lambda model, messages: asyncio.run(_all(model.astream_events(messages, version="v2"))),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("inner", [Plain, Streaming, Eventful])
@pytest.mark.parametrize("make", KINDS)
def test_every_call_sends_the_short_form_once_and_leaves_the_messages_alone(make: Make, inner: Make, call: str) -> None:
    plain, messages = inner(), conversation()
    model = make(plain)
    before = copy.deepcopy(messages)
    expected = CALLS[call](inner(), messages)
    found = CALLS[call](model, messages)
    (sent,) = plain.seen  # copies share the list in which calls are noted
    assert messages == before
    assert len(sent[2].content) < len(LONG)
    assert len(found) == len(expected) if isinstance(expected, list) else found.content == expected.content
    assert (stats_of(model)["requests"], stats_of(model)["failures"]) == (1, 0)
    assert stats_of(model)["tokens_saved"] > 0


@EVENTS
@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
@pytest.mark.parametrize("inner", [Streaming, Eventful])
@pytest.mark.parametrize("make", KINDS)
def test_events_of_the_third_protocol_are_those_of_the_inner_model(make: Make, inner: Make) -> None:
    plain, messages = inner(), conversation()
    model = make(plain)
    found = [list(model.stream_events(messages, version="v3")), asyncio.run(_events(model, messages))]
    expected = [list(inner().stream_events(messages, version="v3")), asyncio.run(_events(inner(), messages))]
    assert [[event["event"] for event in events] for events in found] == [
        [event["event"] for event in events] for events in expected
    ]
    assert all(len(sent[2].content) < len(LONG) for sent in plain.seen)
    assert len(plain.seen) == stats_of(model)["requests"] == 2


@pytest.mark.parametrize("make", KINDS)
def test_the_model_that_is_wrapped_goes_on_sending_everything(make: Make) -> None:
    plain = Plain()
    make(plain)
    plain.invoke(messages := conversation())
    assert plain.seen[0][2] is messages[2]
    assert type(plain) is Plain


@pytest.mark.parametrize("make", KINDS)
def test_a_failure_of_ours_sends_the_messages_as_they_came(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, messages = Streaming(), conversation()
    model = make(plain)
    monkeypatch.setattr("headroom_langchain.shortener.turns_of", lambda _: 1 / 0)
    monkeypatch.setattr("headroom_langchain.shortener.size_of", lambda _: 1 / 0)
    list(model.stream(messages))
    asyncio.run(_all(model.astream(messages)))
    assert all(sent[2] is messages[2] for sent in plain.seen)
    assert stats_of(model)["failures"] == 3


@pytest.mark.parametrize("make", KINDS)
def test_errors_of_the_provider_are_raised_as_they_are(make: Make) -> None:
    class Broken(Plain):
        def _generate(self, *_: Any, **__: Any) -> Any:
            raise ConnectionError("no provider")

    with pytest.raises(ConnectionError, match="no provider"):
        make(Broken()).invoke("Hello")


@pytest.mark.parametrize("make", KINDS)
def test_whoever_stops_listening_has_the_stream_closed(make: Make) -> None:
    plain = Streaming()

    async def listen() -> list[str]:
        stream = make(plain)._astream(conversation())
        await anext(stream)
        await stream.aclose()
        return list(plain.closed)

    assert asyncio.run(listen()) == ["stream"]


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize(("repeated", "aside"), [(1, False), (9, True)])
def test_long_texts_do_not_keep_the_event_loop(
    make: Make, repeated: int, aside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    shorten = Adapter.shorten

    def noting(*args: Any, **known: Any) -> Any:
        threads.append(threading.get_ident())
        return shorten(*args, **known)

    monkeypatch.setattr(Adapter, "shorten", noting)

    async def answered() -> int:
        await _all(make(Streaming()).astream(conversation("\n".join([LONG] * repeated))))
        return threading.get_ident()

    assert (asyncio.run(answered()) not in threads) is aside
    assert len(threads) == 1


@pytest.mark.parametrize("make", KINDS)
def test_the_class_says_what_the_inner_class_can_do(make: Make) -> None:
    assert [make(inner())._should_stream(async_api=False, stream=True) for inner in (Plain, Streaming)] == [False, True]
    assert hasattr(make(Eventful()), "_stream_chat_model_events")
    assert not hasattr(make(Streaming()), "_stream_chat_model_events")


@pytest.mark.parametrize("make", KINDS)
def test_attributes_traces_cache_keys_and_serialised_forms_are_those_of_the_inner_model(make: Make) -> None:
    plain = ChatOpenAI(model="gpt-4o", api_key="sk-test", temperature=0.25, tags=["one"])
    model = make(plain)
    assert (model.model_name, model.temperature, model.tags) == ("gpt-4o", 0.25, ["one"])
    assert model.root_client is plain.root_client
    assert dumpd(model) == dumpd(plain)
    assert "sk-test" not in str(dumpd(model))
    assert model._get_llm_string(stop=["x"]) == plain._get_llm_string(stop=["x"])
    assert model._get_ls_params() == plain._get_ls_params()
    assert model._get_invocation_params() == plain._get_invocation_params()
    assert getattr(model, "profile", None) == getattr(plain, "profile", None)
    with pytest.raises(AttributeError):
        _ = model.no_such_thing


@pytest.mark.parametrize("make", KINDS)
def test_answers_are_cached_under_the_whole_messages(make: Make) -> None:
    plain = Plain(cache=InMemoryCache())
    model = make(plain)
    assert model.invoke(conversation()).content == model.invoke(conversation()).content
    assert len(plain.seen) == 1


@pytest.mark.parametrize("make", KINDS)
def test_tokens_are_counted_as_the_inner_model_counts_them(make: Make) -> None:
    model = make(Plain(custom_get_token_ids=lambda text: list(range(len(text)))))
    assert model.get_num_tokens("four") == 4
    assert model.get_token_ids("four") == [0, 1, 2, 3]
    assert model.get_num_tokens_from_messages(conversation()) > len(LONG)


def test_tools_and_structured_output_are_bound_to_the_wrapper() -> None:
    model = HeadroomChatModel(ChatOpenAI(model="gpt-4o", api_key="sk-test"))
    schema = {"title": "Answer", "type": "object", "properties": {"text": {"type": "string"}}}
    bound = model.bind_tools([schema])
    assert isinstance(bound, RunnableBinding)
    assert bound.bound is model
    for chain in (model.with_structured_output(schema), model.with_structured_output(schema, include_raw=True)):
        assert str(chain).count("HeadroomChatModel(") == 1


def test_a_model_that_cannot_bind_tools_says_so_itself() -> None:
    with pytest.raises(NotImplementedError):
        HeadroomChatModel(Plain()).bind_tools([])


def test_the_wrapper_keeps_a_field_that_it_is_given() -> None:
    assert HeadroomChatModel(Plain(tags=["one"]), tags=["two"]).tags == ["two"]


def test_a_graft_is_of_the_class_and_so_are_its_copies() -> None:
    plain = Plain()
    graft = compress_model(plain)
    copies = [graft, copy.copy(graft), graft.model_copy(update={"temperature": 0.1}), pickle.loads(pickle.dumps(graft))]
    for one in copies:
        assert isinstance(one, Plain)
        assert type(one).__qualname__ == Plain.__qualname__
        one.invoke(conversation())
        assert len(one.seen[-1][2].content) < len(LONG)
    assert repr(graft) == repr(plain)


def test_copies_of_a_wrapper_wrap_the_same() -> None:
    wrapper = HeadroomChatModel(Plain())
    for one in (copy.copy(wrapper), wrapper.model_copy(), pickle.loads(pickle.dumps(wrapper))):
        one.invoke(conversation())
        assert len(one.inner.seen[-1][2].content) < len(LONG)


def test_the_model_in_a_wrapper_can_be_chosen_when_it_is_called() -> None:
    other = Plain(model_name="gpt-4.1")
    wrapper = HeadroomChatModel(Plain()).configurable_fields(inner=ConfigurableField(id="model"))
    wrapper.with_config(configurable={"model": other}).invoke(conversation())
    assert len(other.seen[-1][2].content) < len(LONG)


def test_a_graft_can_be_configured_when_it_is_called() -> None:
    noted = []

    class Noting(Plain):
        def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
            noted.append((self.temperature, len(messages[2].content)))
            return super()._generate(messages, *args, **kwargs)

    graft = compress_model(Noting()).configurable_fields(temperature=ConfigurableField(id="heat"))
    graft.with_config(configurable={"heat": 0.75}).invoke(conversation())
    ((temperature, length),) = noted
    assert temperature == 0.75
    assert length < len(LONG)


def test_classes_made_for_models_go_when_their_models_go() -> None:
    made = weakref.ref(type(compress_model(Plain())))
    gc.collect()
    assert made() is None


@pytest.mark.parametrize("around", KINDS)
@pytest.mark.parametrize("make", KINDS)
def test_layers_count_what_they_save_once(make: Make, around: Make) -> None:
    plain = Plain()
    inner = make(plain)
    outer = around(inner)
    outer.invoke(conversation())
    assert len(plain.seen) == 1
    assert stats_of(outer)["requests"] == 1
    assert stats_of(inner)["requests"] == 0


class Configured(Plain):
    context_management: list[Any] | None = None
    truncation: str | None = None
    model_kwargs: dict[str, Any] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("settings", "options", "refers"),
    [
        ({}, {}, True),
        ({"truncation": "disabled"}, {"truncation": None}, True),
        ({"truncation": "auto"}, {}, False),
        ({"context_management": [{"type": "compaction"}]}, {}, False),
        ({"model_kwargs": {"truncation": "auto"}}, {}, False),
        ({}, {"truncation": "auto"}, False),
        ({}, {"extra_body": {"context_management": {"edits": []}}}, False),
    ],
    ids=str,
)
@pytest.mark.parametrize("make", KINDS)
def test_no_result_refers_to_one_that_the_provider_may_drop(
    make: Make, settings: dict[str, Any], options: dict[str, Any], refers: bool
) -> None:
    plain, messages = Configured(**settings), [*conversation(), *conversation()]
    make(plain).invoke(messages, **options)
    first, second = plain.seen[0][2].content, plain.seen[0][5].content
    assert (len(second) < len(first)) is refers
    assert refers or first == second


@pytest.mark.parametrize("make", KINDS)
def test_tokens_are_those_of_the_model_that_is_called(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    names = []
    shorten = Adapter.shorten
    monkeypatch.setattr(
        Adapter, "shorten", lambda self, turns, name, **known: names.append(name) or shorten(self, turns, name, **known)
    )
    model = make(Plain())
    model.invoke("Hello")
    model.invoke("Hello", model="gpt-4.1")
    assert names == ["gpt-4o", "gpt-4.1"]


@pytest.mark.parametrize("make", KINDS)
def test_settings_are_used(make: Make) -> None:
    plain = Plain()
    make(plain, ProxyConfig(optimize=False)).invoke(messages := conversation())
    assert plain.seen[0][2].content == messages[2].content


def test_what_is_no_chat_model_is_refused() -> None:
    with pytest.raises(TypeError, match="bind tools afterwards"):
        compress_model(ChatOpenAI(model="gpt-4o", api_key="sk-test").bind_tools([]))
    with pytest.raises(TypeError, match="compress_model first"):
        stats_of(Plain())
    with pytest.raises(ConfigError):
        compress_model(Plain(), ProxyConfig(store="nowhere:", retrieval="http"))
