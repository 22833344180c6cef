"""Which requests the response cache is for, and which of them are the same one."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proxy.cached import CACHED, CHAT, Counting, cache_before, cold, numbered, told
from proxy.metered import JSON
from support.drive import scope_of

from headroom.integrations.answer import MAX_ANSWER_BYTES
from headroom.providers.routes import route_of
from headroom.proxy.config import ProxyConfig
from headroom.proxy.response_cache_request import cached_route, is_cached, key_of, wants_fresh

everywhere = pytest.mark.parametrize("path", CACHED)
GEMINI = "/v1beta/models/gemini-3:generateContent"
SETTINGS = ProxyConfig()


def key(body, *headers, path=CHAT, tenant="one", place="https://a.test", config=SETTINGS):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    row = route_of("POST", path)
    if not is_cached(content, row.wire, config):
        return ""
    return key_of(row, tenant, place, scope_of(path, headers=[JSON, *headers]), content)


SAME = key({"temperature": 0, "messages": []})


@pytest.mark.parametrize(
    "body",
    [
        b'{"messages":[],"temperature":0}',
        b' {\n"messages" : [ ] ,"temperature": 0 }',
        b'{"m\\u0065ssages": [], "temperature": 0}',
    ],
)
def test_order_white_space_and_escapes_make_no_difference(body):
    assert key(body) == SAME


@pytest.mark.parametrize(
    "body",
    [
        b'{"messages": [], "temperature": 0.0}',
        b'{"messages": [], "temperature": -0}',
        b'{"messages": {}, "temperature": 0}',
        b'{"messages": [null], "temperature": 0}',
        b'{"messages": "", "temperature": 0}',
        b'{"messages": [], "temperature": 0, "seed": null}',
        b'{"messages": [], "temperature": 0, "temperature": 0}',
    ],
)
def test_any_other_difference_is_one(body):
    assert key(body)
    assert key(body) != SAME


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["object", "number", "", "a"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES, VALUES)
def test_two_bodies_have_one_key_if_they_say_the_same(one, other):
    is_same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (key({"temperature": 0, "x": one}) == key({"temperature": 0, "x": other})) is is_same


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"5",
        b"{",
        b'{"temperature": 0} {}',
        b'"\xff"',
        b'{"temperature": 0, "a": "\\ud800"}',
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_is_no_sound_json_object_has_no_key(body):
    assert key(body, config=ProxyConfig(cache_all=True)) == ""


def test_what_is_nested_without_end_has_no_key():
    assert key(b'{"temperature": 0, "x": ' + b"[" * 200_000 + b"]" * 200_000 + b"}") == ""


@pytest.mark.parametrize("fields", [{"tenant": "two"}, {"place": "https://b.test"}, {"path": "/v1/responses"}])
def test_caller_place_and_row_are_in_the_key(fields):
    assert key({"temperature": 0, "messages": []}, **fields) != SAME


@pytest.mark.parametrize(
    "name",
    [b"Authorization", b"X-Stainless-Retry-Count", b"Idempotency-Key", b"traceparent", b"Cache-Control", b"Host"],
)
def test_headers_that_say_nothing_about_the_answer_are_not_in_the_key(name):
    assert key({"temperature": 0, "messages": []}, (name, b"1")) == SAME


@pytest.mark.parametrize("name", [b"anthropic-beta", b"accept-encoding", b"x-anything", b"x-headroom-tier", b"cookie"])
def test_all_other_headers_are_in_the_key(name):
    one, other = (key({"temperature": 0, "messages": []}, (name, value)) for value in (b"1", b"2"))
    assert len({one, other, SAME}) == 3


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"temperature": None},
        {"temperature": 0.01},
        {"temperature": False},
        {"temperature": "0"},
        {"seed": None},
        {"seed": True},
        {"seed": 1.5},
        {"generationConfig": {"temperature": 0}},
    ],
)
def test_requests_that_do_not_ask_for_the_same_answer_have_no_key(fields):
    assert key({"messages": [], **fields}) == ""
    assert key({"messages": [], **fields}, config=ProxyConfig(cache_all=True))


@pytest.mark.parametrize(
    "fields", [{"temperature": 0}, {"temperature": 0.0}, {"seed": 7}, {"seed": 0, "temperature": 1}]
)
def test_a_seed_or_no_temperature_ask_for_the_same_answer(fields):
    assert key({"messages": [], **fields})
    for settings in ("generationConfig", "generation_config"):
        assert key({"contents": [], settings: fields}, path=GEMINI)
    assert key({"contents": [], **fields}, path=GEMINI) == ""


@everywhere
@pytest.mark.parametrize(
    "fields",
    [{"stream": True}, {"background": True}, {"conversation": "c"}, {"prompt": {"id": "p"}}, {"container": "c"}],
)
def test_streams_and_what_depends_on_the_providers_memory_have_no_key(path, fields):
    config = ProxyConfig(cache_all=True, cache_tools=True)
    assert key({**json.loads(cold(path)), **fields}, path=path, config=config) == ""
    assert key({**json.loads(cold(path)), **dict.fromkeys(fields, None)}, path=path, config=config)


@everywhere
@pytest.mark.parametrize(
    "fields",
    [{"tools": [{}]}, {"functions": [{}]}, {"mcp_servers": [{}]}, {"plugins": [{}]}, {"web_search_options": {}}],
)
def test_requests_with_tools_have_a_key_only_where_the_operator_says_so(path, fields):
    body = {**json.loads(cold(path)), **fields}
    assert key(body, path=path) == ""
    assert key(body, path=path, config=ProxyConfig(cache_tools=True))


@everywhere
@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"content-type", b"text/plain")],
        [JSON, (b"X-Headroom-Bypass", b"True")],
        [JSON, (b"Cache-Control", b"private, no-store")],
        [JSON, (b"Authorization", b"AWS4-HMAC-SHA256 Credential=a")],
        [JSON, (b"Content-Digest", b"sha-256=:x:")],
    ],
)
def test_headers_can_keep_a_request_from_the_cache(path, headers):
    assert cached_route(scope_of(path, headers=headers)) is None


@everywhere
def test_only_posts_are_cached(path):
    assert cached_route(scope_of(path)) is route_of("POST", path)
    assert cached_route(scope_of(path, "PUT")) is None
    assert cached_route({**scope_of(path), "type": "websocket"}) is None


@pytest.mark.parametrize(
    ("value", "is_fresh"), [(b"no-cache", True), (b"Max-Age = 0", True), (b"max-age=60", False), (b"", False)]
)
def test_a_client_may_ask_for_a_fresh_answer(value, is_fresh):
    assert wants_fresh(scope_of(CHAT, headers=[(b"Cache-Control", value)])) is is_fresh


def test_a_fresh_answer_takes_the_place_of_the_old_one():
    cache = cache_before(Counting())
    results = [told(cache), told(cache, (b"cache-control", b"no-cache")), told(cache)]
    assert results == [(b"miss", numbered(1)), (b"miss", numbered(2)), (b"hit", numbered(2))]


def test_bypass_and_no_store_neither_take_nor_keep():
    for header in ((b"x-headroom-bypass", b"true"), (b"cache-control", b"no-store")):
        cache = cache_before(Counting())
        results = [told(cache, header), told(cache), told(cache, header), told(cache)]
        assert results == [(b"", numbered(1)), (b"miss", numbered(2)), (b"", numbered(3)), (b"hit", numbered(2))]


def test_a_body_over_the_cap_goes_on_whole():
    inner = Counting()
    body = cold(CHAT, pad="x" * 100)
    cache = cache_before(inner, max_body_bytes=50)
    assert told(cache, body=body) == (b"", numbered(1))
    assert inner.body == body


def test_a_body_that_decodes_to_more_than_the_cap_or_not_at_all_goes_on_whole():
    for coding in (b"gzip", b"unheard-of"):
        inner = Counting()
        assert told(cache_before(inner), (b"content-encoding", coding)) == (b"", numbered(1))
        assert inner.body == cold(CHAT)


def test_a_client_that_leaves_while_sending_is_noticed_behind():
    inner = Counting()
    cache = cache_before(inner)

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        raise AssertionError(message)

    asyncio.run(cache(scope_of(CHAT, headers=[JSON]), receive, send))
    assert inner.received == [{"type": "http.disconnect"}]


def test_large_bodies_are_looked_at_in_a_thread_and_cached_all_the_same():
    cache, body = cache_before(Counting()), cold(CHAT, pad="x" * 100_000)
    assert [told(cache, body=body) for _ in range(2)] == [(b"miss", numbered(1)), (b"hit", numbered(1))]


def test_an_answer_that_is_too_large_is_passed_on_and_not_kept():
    class Large(Counting):
        async def __call__(self, scope, receive, send):
            await receive()
            await send({"type": "http.response.start", "status": 200, "headers": [JSON]})
            for part, is_more in ((b'{"a":"', True), (b"x" * MAX_ANSWER_BYTES, True), (b'"}', False)):
                await send({"type": "http.response.body", "body": part, "more_body": is_more})

    cache = cache_before(Large())
    answers = [told(cache) for _ in range(2)]
    assert [(status, len(answer)) for status, answer in answers] == [(b"miss", MAX_ANSWER_BYTES + 8)] * 2
