"""`HeadroomClient` leaves everything but the request as the SDK has it: settings, connections, errors, other calls."""

import asyncio
import copy
import gc
import socket
import sys
import threading

import anthropic
import openai
import pytest
from ccr.scripts import said
from google.genai import _api_client as google_interface
from sdk.calls import (
    SPELLED,
    SYNC,
    Seen,
    anthropic_async_client,
    anthropic_client,
    asked,
    async_chat,
    async_generate,
    async_generate_streamed,
    async_messages,
    chat,
    gemini_asked,
    generate,
    google_client,
    messages,
    openai_async_client,
    openai_client,
)
from sdk.scripted import ScriptedProvider, asking

from headroom import HeadroomClient
from headroom.demo.provider.serving import running
from headroom.errors import ConfigError
from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.integrations.httpx import (
    anthropic_async_http_client,
    anthropic_http_client,
    openai_async_http_client,
    openai_http_client,
)
from headroom.proxy.config import ProxyConfig
from headroom.state.memory import MemoryStore

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")

STAINLESS = [openai_client, openai_async_client, anthropic_client, anthropic_async_client]


@pytest.fixture(scope="module")
def served():
    app = ScriptedProvider()
    with running(app) as url:
        yield app, url


def close(sdk):
    closing = sdk.close()
    if closing is not None:
        asyncio.run(closing)


def spelled(headers):
    """Return the headers that are sent; the SDKs mark those that are not by objects."""
    return {name: value for name, value in headers.items() if isinstance(value, str)}


# ---- what stays as it is


@pytest.mark.parametrize("make", STAINLESS)
def test_settings_of_the_sdk_are_unchanged(make):
    sdk = make("http://provider.test", timeout=7.5, max_retries=4, default_headers={"x-own": "1"})
    client = HeadroomClient(sdk)
    assert (client.timeout, client.max_retries, client.base_url) == (7.5, 4, sdk.base_url)
    assert spelled(client.default_headers) == spelled(sdk.default_headers)
    plain = HeadroomClient(make("http://provider.test"))
    assert plain.timeout == make("http://provider.test").timeout
    close(client)
    assert sdk.is_closed()


@pytest.mark.parametrize(("make", "call"), [(openai_client, chat), (anthropic_client, messages)])
def test_the_http_client_of_the_sdk_stays_in_use_with_all_its_settings(make, call, served):
    app, url = served
    own = make(url)._client
    library = __import__(type(own).__mro__[-3].__module__.partition(".")[0])
    requests = []

    class Counting(library.HTTPTransport):
        def handle_request(self, request):
            requests.append(request)
            return super().handle_request(request)

    def read(response):
        response.read()

    http = library.Client(
        transport=Counting(limits=library.Limits(max_connections=1)),
        headers={"x-of-the-client": "1"},
        cookies={"taste": "good"},
        event_hooks={"request": [lambda request: requests.append("hook")], "response": [read]},
        timeout=3.0,
    )
    app.play(said(asking()), said("Done.", number=2))
    with HeadroomClient(make(url, http_client=http)) as client:
        assert call(client) == Seen("Done.", (), 30)
        assert client.timeout == http.timeout
    kinds = ["hook" if one == "hook" else "request" for one in requests]
    assert kinds == ["hook", "request", "hook", "request"]
    assert [given[b"x-of-the-client"] for given in app.headers] == [b"1", b"1"]
    assert [given[b"cookie"] for given in app.headers] == [b"taste=good"] * 2
    assert http.is_closed


def test_redirects_are_followed_as_the_client_does(served):
    app, url = served

    async def moved(scope, receive, send):
        headers = [(b"location", f"{url}{scope['path']}".encode()), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 307, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    app.play(said("Here."))
    with running(moved) as elsewhere, HeadroomClient(openai_client(elsewhere)) as client:
        assert chat(client).text == "Here."
    assert b"headroom_retrieve" in app.bodies[0]


@pytest.mark.parametrize("call", [chat, messages, generate])
def test_the_wrapped_client_stays_as_it_was(call, served):
    app, url = served
    app.play(said("One."), said("Two."))
    sdk = SYNC[call](url)
    client = HeadroomClient(sdk)
    call(client)
    del client
    gc.collect()
    call(sdk)
    assert b"headroom_retrieve" in app.bodies[0]
    assert app.bodies[1].count(SPELLED) == 1
    assert b"headroom_retrieve" not in app.bodies[1]
    sdk.close()


def test_copies_with_other_options_are_shortened_too(served):
    app, url = served
    app.play(said("One."))
    with HeadroomClient(openai_client(url)) as client:
        assert chat(client.with_options(timeout=9)).text == "One."
        assert client.get_stats()["requests"] == 1
    assert b"headroom_retrieve" in app.bodies[0]


def test_a_wrapper_that_is_dropped_breaks_no_answer_of_the_wrapped_client(served):
    app, url = served
    app.play(said("A whole answer."))
    app.goes_on.clear()
    sdk = google_client(url)

    async def ask():
        chunks = await sdk.aio.models.generate_content_stream(**gemini_asked(tools=True))
        texts = [(await anext(chunks)).text]
        HeadroomClient(sdk)
        gc.collect()
        await asyncio.sleep(0.01)  # for what it might have begun
        app.goes_on.set()
        texts += [chunk.text async for chunk in chunks]
        await sdk.aio.aclose()
        return "".join(text or "" for text in texts)

    assert asyncio.run(ask()) == "A whole answer."
    sdk.close()


# The SDK leaves the connections of an event loop that is closed to the garbage collector, which says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.skipif(not hasattr(google_interface, "_PerLoopAsyncClientMixin"), reason="an SDK that cannot do it either")
@pytest.mark.parametrize("call", [async_generate, async_generate_streamed])
def test_google_s_awaited_calls_work_in_one_event_loop_after_another(call, served):
    app, url = served
    app.play(said("One."), said("Two."))
    sdk = google_client(url)
    client = HeadroomClient(sdk)

    async def ask_for_the_last_time():
        seen = await call(client)
        gc.collect()
        await sdk.aio.aclose()
        return seen

    assert asyncio.run(call(client)).text == "One."
    assert asyncio.run(ask_for_the_last_time()).text == "Two."
    client.close()


def test_other_calls_and_raw_answers_pass(served):
    app, url = served
    app.play((200, {"object": "list", "data": []}), said("Raw."))
    with HeadroomClient(openai_client(url)) as client:
        assert client.models.list().data == []
        raw = client.chat.completions.with_raw_response.create(**asked("openai-chat", tools=True))
        assert raw.headers["x-request-id"] == "req_1"
        assert int(raw.headers["x-headroom-tokens-saved"]) > 0
        assert raw.parse().choices[0].message.content == "Raw."
        assert client.get_stats()["requests"] == 1


# ---- errors


ERROR = {"error": {"message": "no", "type": "invalid_request_error", "param": None, "code": "no"}}


def test_errors_of_the_provider_are_those_of_the_sdk(served):
    app, url = served
    app.play((400, ERROR), (429, ERROR))
    with HeadroomClient(openai_client(url)) as client:
        with pytest.raises(openai.BadRequestError) as refused:
            chat(client)
        with pytest.raises(openai.RateLimitError) as limited:
            chat(client)
    assert refused.value.body == ERROR["error"]
    assert limited.value.response.headers["retry-after"] == "0"


def test_the_sdk_repeats_what_it_would_repeat(served):
    app, url = served
    app.play((529, ERROR), (500, ERROR), said("At last."))
    with HeadroomClient(anthropic_client(url, max_retries=2)) as client:
        assert messages(client).text == "At last."
        assert client.get_stats()["requests"] == 3
    assert app.bodies[0] == app.bodies[1] == app.bodies[2]


@pytest.mark.parametrize(
    ("make", "error"), [(openai_client, openai.APIConnectionError), (anthropic_client, anthropic.APIConnectionError)]
)
def test_no_connection_is_the_sdk_s_error(make, error):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with HeadroomClient(make(f"http://127.0.0.1:{unused.getsockname()[1]}")) as client, pytest.raises(error):
            (chat if make is openai_client else messages)(client)


def test_a_time_limit_is_the_sdk_s_error():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with HeadroomClient(openai_client(url, timeout=0.1)) as client, pytest.raises(openai.APITimeoutError):
            chat(client)


def test_a_client_that_is_closed_says_so_as_the_sdk_does(served):
    _, url = served
    sdk = openai_client(url)
    client = HeadroomClient(sdk)
    client.close()
    errors = []
    for one in (sdk, client):
        with pytest.raises((RuntimeError, openai.APIConnectionError)) as raised:
            chat(one)
        errors.append(raised.type)
    assert errors[0] is errors[1]


@pytest.mark.parametrize("call", [chat, messages, generate])
def test_a_failure_of_ours_costs_the_caller_nothing(call, served, monkeypatch):
    async def fail(*_):
        raise RuntimeError("ours")

    monkeypatch.setattr(HeadroomASGIMiddleware, "__call__", fail)
    app, url = served
    app.play(said("Here."))
    with HeadroomClient(SYNC[call](url)) as client:
        assert call(client).text == "Here."
    assert app.bodies[0].count(SPELLED) == 1


# ---- HTTP clients for SDKs that are not wrapped


@pytest.mark.parametrize(
    ("kind", "make", "call"),
    [(openai.OpenAI, openai_http_client, chat), (anthropic.Anthropic, anthropic_http_client, messages)],
)
def test_an_http_client_for_an_sdk_shortens_and_keeps_the_sdk_s_defaults(kind, make, call, served):
    app, url = served
    app.play(said(asking()), said("Done.", number=2))
    with kind(base_url=f"{url}/v1" if call is chat else url, api_key="test", http_client=make()) as sdk:
        assert call(sdk) == Seen("Done.", (), 30)
        assert sdk.timeout == kind(api_key="test").timeout
    assert b"headroom_retrieve" in app.bodies[0]
    assert sdk.is_closed()


@pytest.mark.parametrize(
    ("kind", "make", "call"),
    [
        (openai.AsyncOpenAI, openai_async_http_client, async_chat),
        (anthropic.AsyncAnthropic, anthropic_async_http_client, async_messages),
    ],
)
def test_an_awaited_http_client_for_an_sdk_does_the_same(kind, make, call, served):
    app, url = served
    app.play(said(asking()), said("Done.", number=2))

    async def ask():
        base = f"{url}/v1" if call is async_chat else url
        async with kind(base_url=base, api_key="test", http_client=make()) as sdk:
            assert sdk.timeout == kind(api_key="test").timeout
            return await call(sdk)

    assert asyncio.run(ask()) == Seen("Done.", (), 30)


def test_an_sdk_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(ConfigError, match="pip install openai"):
        openai_http_client()


# ---- settings of ours


def test_a_store_that_is_given_keeps_what_was_left_out(served):
    app, url = served
    app.play(said("Here."))
    store = MemoryStore()
    with HeadroomClient(openai_client(url), store=store) as client:
        chat(client)
    assert store.stats().entries > 0


def test_a_configuration_and_its_lists_are_not_changed(served):
    app, url = served
    app.play(said("Here."))
    config = ProxyConfig(lossless=True)
    with HeadroomClient(openai_client(url), config=config) as client:
        chat(client)
    assert b"headroom_retrieve" not in app.bodies[0]
    assert (config.retrieval, config.pipeline_extensions) == ("auto", [])


def test_simulation_says_what_would_be_sent_and_sends_and_counts_nothing(served):
    app, url = served
    app.play()
    body = asked("openai-chat", tools=True)
    with HeadroomClient(openai_client(url)) as client:
        lossy = client.simulate(body["messages"], "gpt-4o", tools=body["tools"])
        lossless = client.simulate(body["messages"], "gpt-4o")
        assert set(client.get_stats().values()) == {0}
    assert lossy.ccr_hashes
    assert lossless.lossless
    assert lossy.tokens_after < lossless.tokens_after < lossless.tokens_before
    assert app.bodies == []


def test_another_mode_is_refused():
    with pytest.raises(ConfigError, match="optimize, audit"):
        HeadroomClient(openai_client("http://provider.test"), mode="fast")


def test_several_threads_share_one_client(served):
    app, url = served
    app.play(*(said("Here.") for _ in range(8)))
    seen = []
    with HeadroomClient(openai_client(url)) as client:
        threads = [threading.Thread(target=lambda: seen.append(chat(client).text)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert client.get_stats()["requests"] == 8
    assert seen == ["Here."] * 8


def test_a_wrapped_client_can_be_looked_at_before_it_is_whole():
    empty = object.__new__(HeadroomClient)
    assert not hasattr(empty, "chat")
    with pytest.raises(AttributeError):
        copy.copy(empty)._client  # noqa: B018
