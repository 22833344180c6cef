"""The management endpoints under every request that somebody can think of: an answer or an error of ours, never more.

The endpoints are those that the proxy says are its own, and those that its framework knows: one that is added is
asked too.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from proxy.bench import config_for
from support.drive import answer_of, chunked, drive, scope_of
from support.retrieval import long_sample
from support.wires import Step, body_of, encoded

from headroom.proxy.config import ProxyConfig
from headroom.proxy.management import MANAGEMENT, PROBES, RETRIEVE, is_management
from headroom.proxy.routes import management_app
from headroom.proxy.server import create_app
from headroom.proxy.state import ProxyState
from headroom.proxy.stats import Stats

JSON = (b"content-type", b"application/json")
HANDLE = "0123456789abcdef01234567"
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "X-ODD"]
STATUSES = {200, 400, 404, 405, 413, 422, 503}
CHANGING = {"/stats/reset", "/cache/clear", "/v1/compress"}
"""Endpoints that take work or forget something, and so may not be asked by a GET."""

TIMINGS = re.compile(rb'"(timestamp|uptime_seconds)":[^,}]*,?')

APP = create_app(config_for("http://127.0.0.1:9", optimize=True, retrieval="http", marker_key="k" * 32))
"""One app for all examples, so that what one of them leaves behind is met by the next."""

odd_text = st.text(max_size=12) | st.sampled_from(
    ["", "\x00", "\ud800", "%", "..", "a/b", "é" * 9, "9" * 400, "1-2", "-1"]
)
# Numbers beyond what a format holds are where encoders fail.
scalars = st.none() | st.booleans() | st.integers() | st.sampled_from([2**63, -(2**70), 10**400, 0.1, 1e308]) | odd_text
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(odd_text, inner, max_size=3), max_leaves=6
)
roles = st.sampled_from(["user", "assistant", "tool", "system", "model", "", "x"])
messages = st.dictionaries(
    st.sampled_from(["role", "content", "parts", "tool_calls", "tool_call_id", "type", "output", "call_id", "name"]),
    roles | values | st.lists(st.fixed_dictionaries({"type": roles, "text": odd_text, "content": values}), max_size=2),
    max_size=5,
)
configs = st.dictionaries(
    st.sampled_from(
        ["mode", "lossless", "retrieval", "cross_turn", "lossless_tier", "compress_user_messages", "excluded_tools",
         "min_tokens_to_compress", "target_ratio", "port"]
    ),
    values | st.sampled_from(["ccr", "token", "cache", "tool", "http", "off", "max", "plain"]),
    max_size=4,
)  # fmt: skip
bodies = st.dictionaries(
    st.sampled_from(["messages", "input", "contents", "model", "tools", "config", "query", "lines", "surprise"]),
    values | st.lists(messages, max_size=3) | configs,
    max_size=4,
)
contents = (
    bodies.map(lambda body: json.dumps(body).encode())
    | values.map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=40)
    | st.sampled_from(
        [b"", b"{", b"[" * 5_000, b'{"messages":' + b"[" * 5_000, b'{"a":1e999}', b'"\xff"', b"\xef\xbb\xbf{}"]
    )
)
paths = st.sampled_from(sorted(MANAGEMENT)) | st.builds(
    "".join, st.tuples(st.just(RETRIEVE), st.just(HANDLE) | odd_text, st.sampled_from(["", "/", "/x", "//"]))
)
queries = st.lists(
    st.tuples(st.sampled_from(["query", "lines", "format", "series", "key", "history_mode", ""]) | odd_text, odd_text),
    max_size=3,
).map(lambda pairs: "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs).encode())
headers = st.lists(
    st.sampled_from(
        [JSON, (b"content-type", b"text/\xff"), (b"content-encoding", b"gzip"), (b"accept", b"\xff"),
         (b"x-headroom-bypass", b"true"), (b"x-headroom-bypass", b"\xff"), (b"authorization", b"Bearer \xff\xfe"),
         (b"content-length", b"999999999999999999999"), (b"content-length", b"-1"), (b"host", b"127.0.0.1"),
         (b"origin", b"http://["), (b"range", b"bytes=0-1"), (b"if-none-match", b"*"), (b"cookie", b"=;=")]
    ),
    max_size=4,
)  # fmt: skip


def _quoted(text: str) -> str:
    return quote(text, errors="surrogatepass")


def called(
    method: str, path: str, query: bytes, given_headers: Any, body: bytes
) -> tuple[int, dict[bytes, bytes], bytes]:
    """Return what one request is answered; an exception of the app is the test's."""
    safe = path.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    scope = {**scope_of(safe, method, list(given_headers)), "query_string": query}
    return answer_of(drive(APP, scope, chunked(body, 1_000)))


def assert_proper(status: int, told: dict[bytes, bytes], body: bytes) -> None:
    """Check that an answer is one that is foreseen, and an error one of ours."""
    assert status in STATUSES | {403}, body
    assert b"Traceback" not in body
    assert b'File "' not in body
    if status == 503 and b'"checks"' in body:  # not ready
        return
    if status >= 400:
        error = json.loads(body)
        assert told[b"content-type"] == b"application/json"
        assert set(error) == {"error", "request_id"}
        assert set(error["error"]) == {"message", "type", "param", "code"}
        assert error["error"]["message"]
        assert error["request_id"].encode() == told[b"x-headroom-request-id"] != b""
    else:
        assert told[b"content-type"].startswith((b"application/json", b"text/plain"))


@settings(max_examples=120)
@given(st.sampled_from(METHODS), paths, queries, headers, contents)
@example("POST", "/v1/compress", b"", [JSON], b'{"messages": [{"role": "user", "content": 18446744073709551616}]}')
@example("POST", "/v1/compress", b"", [JSON], b'{"messages": [{"role": "\\ud800", "content": "\\ud800"}]}')
@example("POST", "/v1/compress", b"", [JSON], b'{"messages": [], "config": {"excluded_tools": {"a": 1}}}')
@example("POST", RETRIEVE + HANDLE, b"", [JSON], b'{"query": 5}')
@example("GET", RETRIEVE + HANDLE + "/", b"", [], b"")
@example("GET", "/stats", b"%ff=%00&&==", [(b"origin", b"http://[")], b"")
def test_any_request_has_a_proper_answer(method: str, path: str, query: bytes, given_headers: Any, body: bytes) -> None:
    assert_proper(*called(method, path, query, given_headers, body))


@settings(max_examples=80)
@given(bodies, headers)
@example({"messages": [{"type": []}]}, [])
@example({"messages": [{"role": {}, "content": [{"type": {}}]}], "model": ""}, [])
def test_any_body_of_the_right_kind_is_compressed_or_told_what_is_wrong(body: Any, given_headers: Any) -> None:
    whole = {
        "messages": [],
        **{key: value for key, value in body.items() if key not in ("input", "contents", "surprise")},
    }
    status, told, answer = called("POST", "/v1/compress", b"", given_headers, json.dumps(whole).encode())
    assert_proper(status, told, answer)
    if status == 200:
        view = json.loads(answer)
        assert len(view["messages"]) == len(whole["messages"])
        assert view["tokens_saved"] == view["tokens_before"] - view["tokens_after"] >= 0


@settings(max_examples=50)
@given(st.sampled_from(["GET", "HEAD"]), paths, queries, headers)
@example("GET", RETRIEVE + HANDLE, b"query=%C2%80", [])
@example("GET", "/cache/clear", b"", [])
@example("GET", "/stats/reset", b"", [])
def test_reading_has_no_effect(method: str, path: str, query: bytes, given_headers: Any) -> None:
    called("POST", "/v1/messages", b"", (JSON, (b"x-headroom-tier", b"none")), b"{}")  # something to forget
    before = whole_state()
    called(method, path, query, given_headers, b"")
    assert whole_state() == before


def whole_state() -> tuple[Any, ...]:
    """Return all that endpoints show or change: figures, originals and answers that are kept."""
    views = [TIMINGS.sub(b"", called("GET", path, b"", (), b"")[2]) for path in ("/stats", "/metrics", "/health")]
    held = APP.app.app.pipeline.store.stats()  # type: ignore[union-attr]
    return (*views, held.entries, held.bytes)


def test_what_changes_something_is_a_post_and_shows_in_the_state() -> None:
    messages = body_of("openai-chat", [Step(long_sample("long_log"))])["messages"]
    before = whole_state()
    status, _, answer = called(
        "POST", "/v1/compress", b"", (JSON,), encoded({"messages": messages, "config": {"mode": "ccr"}})
    )
    assert (status, bool(json.loads(answer)["ccr_hashes"])) == (200, True)
    assert whole_state() != before


@pytest.mark.parametrize("path", sorted(MANAGEMENT - PROBES))
def test_every_endpoint_says_which_methods_it_has(path: str) -> None:
    statuses = {method: called(method, path, b"", (JSON,), b"{}")[0] for method in METHODS}
    assert {status for method, status in statuses.items() if method not in ("GET", "POST")} == {405}
    method, other = ("POST", "GET") if path in CHANGING else ("GET", "POST")
    assert (statuses[method] == 405, statuses[other]) == (False, 405)


def test_what_the_framework_serves_is_what_we_say_is_ours() -> None:
    app = management_app(ProxyState(ProxyConfig(), Stats()))
    served = {getattr(route, "path", "") for route in app.routes}
    assert served == set(MANAGEMENT - PROBES) | {RETRIEVE + "{handle}"}
    assert all(is_management(path) for path in served)


def test_a_client_that_leaves_in_mid_upload_is_nobodys_error() -> None:
    half = [{"type": "http.request", "body": b'{"messages"', "more_body": True}]
    for path in ("/v1/compress", RETRIEVE + HANDLE):
        sent = drive(APP, scope_of(path), half)
        assert [message["type"] for message in sent] in ([], ["http.response.start", "http.response.body"])
