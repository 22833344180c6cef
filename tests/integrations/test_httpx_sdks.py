"""The HTTP clients that SDKs are given: they shorten, answer retrieval, and have the settings of the SDK's own.

With the releases of the main environment here, with others in `make test-integrations`.
"""

import asyncio
import gc
import re
from contextlib import closing
from pathlib import Path

import anthropic
import openai
import pytest
from ccr.scripts import said
from contracts.documents import blocks_in, run
from google import genai
from google.genai import types
from sdk.calls import (
    AWAITED,
    SPELLED,
    SYNC,
    Seen,
    anthropic_async_client,
    anthropic_client,
    chat,
    generate,
    google_client,
    messages,
    openai_async_client,
    openai_client,
)
from sdk.scripted import ScriptedProvider, asking

from headroom.demo.provider.serving import running
from headroom.errors import ConfigError
from headroom.integrations.httpx import (
    anthropic_async_http_client,
    anthropic_http_client,
    genai_http_options,
    openai_async_http_client,
    openai_http_client,
)
from headroom.proxy.config import ProxyConfig

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "integrations" / "httpx.md"
CONFIG = ProxyConfig(marker_key="key", block_seconds=60, request_seconds=60)
GIVEN = {
    openai_client: openai_http_client,
    openai_async_client: openai_async_http_client,
    anthropic_client: anthropic_http_client,
    anthropic_async_client: anthropic_async_http_client,
}


@pytest.fixture(scope="module")
def served():
    app = ScriptedProvider()
    with running(app) as url:
        yield app, url


def leading_through(make, url):
    """Return a client of an SDK with what it is given for its requests to get shorter, and that."""
    if make is google_client:
        options = genai_http_options(CONFIG, http_options=types.HttpOptions(base_url=url))
        return genai.Client(api_key="test", vertexai=False, http_options=options), options
    given = GIVEN[make](CONFIG)
    return make(url, http_client=given), given


def synchronous(call, url):
    sdk, given = leading_through(SYNC[call], url)
    with closing(given.httpx_client if SYNC[call] is google_client else given):
        return call(sdk)


async def awaited(call, url):
    sdk, given = leading_through(AWAITED[call], url)
    try:
        return await call(sdk)
    finally:
        await (given.httpx_async_client if AWAITED[call] is google_client else given).aclose()


# ---- every call of every SDK


@pytest.mark.parametrize("call", [*SYNC, *AWAITED], ids=lambda call: call.__name__)
def test_the_model_gets_what_it_asks_for_and_the_caller_sees_one_answer(call, served):
    app, url = served
    app.play(said(asking()), said("The 118th line.", number=2))
    seen = synchronous(call, url) if call in SYNC else asyncio.run(awaited(call, url))
    assert seen == Seen("The 118th line.", (), 30)
    first, second = app.bodies
    assert len(first) < len(SPELLED)
    assert SPELLED not in first
    assert second.count(SPELLED) == 1


# ---- the SDK's own settings


def own_clients(make):
    """Return the HTTP clients of an SDK as it makes them, and those behind the ones that we give it, in pairs."""
    plain, (through, _) = make("http://provider.test"), leading_through(make, "http://provider.test")
    if make is google_client:
        names = ("_httpx_client", "_async_httpx_client")
        pairs = [(getattr(plain._api_client, name), getattr(through._api_client, name)) for name in names]
    else:
        pairs = [(plain._client, through._client)]
    return plain, through, [(own, front._own) for own, front in pairs]


def settings_of(http):
    return {
        "timeout": http.timeout,
        "follow_redirects": http.follow_redirects,
        "max_redirects": http.max_redirects,
        "trust_env": http.trust_env,
        "headers": list(http.headers.items()),
        "event_hooks": http.event_hooks,
        "auth": http.auth,
        "transport": type(http._transport),
        "pool": pool_of(http._transport),
        "proxies": {pattern.pattern: pool_of(transport) for pattern, transport in http._mounts.items()},
    }


def pool_of(transport):
    """Return limits, retries and socket options of a transport; where its proxy is, if it has one."""
    if transport is None:
        return None
    pool = transport._pool
    names = ("_max_connections", "_max_keepalive_connections", "_keepalive_expiry", "_retries", "_http1", "_http2")
    proxy = getattr(pool, "_proxy_url", None) or getattr(getattr(pool, "_proxy", None), "url", None)
    return [getattr(pool, name) for name in names], str(getattr(pool, "_socket_options", None)), repr(proxy)


@pytest.mark.parametrize("make", [*GIVEN, google_client], ids=lambda make: make.__name__)
@pytest.mark.parametrize("proxy", ["", "http://127.0.0.1:9"], ids=["direct", "behind a proxy"])
def test_the_settings_are_those_of_the_client_that_the_sdk_makes(make, proxy, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.setenv("NO_PROXY", "inside.test")
    plain, through, pairs = own_clients(make)
    for own, behind in pairs:
        expected = settings_of(own)
        assert settings_of(behind) == expected
        assert bool(expected["proxies"]) or not proxy
    if make is not google_client:
        assert (through.timeout, through.max_retries) == (plain.timeout, plain.max_retries)


@pytest.mark.parametrize("call", [chat, messages, generate])
def test_retries_and_errors_are_the_sdk_s(call, served):
    app, url = served
    make = SYNC[call]
    refused = {"error": {"type": "overloaded_error", "message": "Overloaded", "code": 503, "status": "UNAVAILABLE"}}
    if make is google_client:
        retry = types.HttpRetryOptions(attempts=2, initial_delay=0.01)
        options = genai_http_options(CONFIG, http_options={"base_url": url, "retry_options": retry})
        sdk, given = genai.Client(api_key="test", vertexai=False, http_options=options), options.httpx_client
    else:
        given = GIVEN[make](CONFIG)
        sdk = make(url, max_retries=1, http_client=given)
    with closing(given):
        app.play((503, refused), said("Now."))
        assert call(sdk).text == "Now."
        app.play((503, refused), (503, refused))
        with pytest.raises((openai.InternalServerError, anthropic.InternalServerError, genai.errors.ServerError)):
            call(sdk)
        assert not app.script


# ---- google-genai


def test_options_of_one_s_own_stay_and_nothing_goes_through_aiohttp():
    options = genai_http_options(
        CONFIG, http_options={"base_url": "http://x.test", "timeout": 5_000, "headers": {"a": "b"}}
    )
    assert (options.base_url, options.timeout, options.headers) == ("http://x.test", 5_000, {"a": "b"})
    interface = genai.Client(api_key="test", vertexai=False, http_options=options)._api_client
    assert interface._httpx_client is options.httpx_client
    assert interface._async_httpx_client is options.httpx_async_client
    assert not interface._use_aiohttp()


def test_a_client_among_the_options_is_the_one_behind():
    library = __import__(type(genai_http_options(CONFIG).httpx_client).__mro__[2].__module__.partition(".")[0])
    own = library.Client(timeout=3.0)
    options = genai_http_options(CONFIG, http_options={"httpx_client": own})
    assert options.httpx_client._own is own
    options.httpx_client.close()
    assert own.is_closed


def test_the_clients_stay_open_until_they_are_closed():
    options = genai_http_options(CONFIG)
    gc.collect()
    assert not options.httpx_client.is_closed
    options.httpx_client.close()
    asyncio.run(options.httpx_async_client.aclose())
    assert options.httpx_client.is_closed
    assert options.httpx_async_client.is_closed


@pytest.mark.parametrize(
    ("helper", "package"),
    [(openai_http_client, "openai"), (anthropic_http_client, "anthropic"), (genai_http_options, "google-genai")],
)
def test_an_sdk_that_is_missing_is_named(helper, package, monkeypatch):
    monkeypatch.setattr("headroom.integrations.httpx.import_module", missing)
    with pytest.raises(ConfigError, match=f"pip install {package}"):
        helper(CONFIG)


def missing(name):
    raise ImportError(name)


# ---- the page


@pytest.mark.parametrize("code", blocks_in(PAGE, "python"))
def test_a_block_of_the_page_runs(code):
    names = re.findall(r"^import (httpx2?)$", code, re.MULTILINE)
    for name in names:
        pytest.importorskip(name)
    run(code)


def test_the_versions_on_the_page_are_those_of_the_environments():
    rows = (ROOT / "tests" / "environments.toml").read_text(encoding="utf-8")
    for name in ("openai", "anthropic", "google-genai"):
        oldest, newest = re.findall(rf'"{name}==([\d.]+)"', rows)
        assert f"| {name} | {oldest} | {newest} |" in PAGE.read_text(encoding="utf-8")
