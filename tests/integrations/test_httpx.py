"""The transport, in front of transports that say what they are told: of both libraries, sync and async."""

import gzip
import json

import pytest
from ccr.scripts import said, stream, whole
from support.retrieval import handles_in
from support.transports import (
    BODY,
    CONFIG,
    EVENTS,
    JSON,
    LARGE,
    OUTPUT,
    SHORT,
    URL,
    Retrieving,
    Scripted,
    answer,
    each_library,
    each_way,
    post,
    sent_output,
)

from headroom.errors import ConfigError
from headroom.integrations.door import Door
from headroom.integrations.httpx import HeadroomTransport
from headroom.proxy.config import ProxyConfig
from headroom.state.sqlite import SQLiteStore

# ---- what passes as it came


@each_library
@each_way
@pytest.mark.parametrize(
    "request_of",
    [
        lambda library: library.Request("GET", "http://provider.test/v1/models"),
        lambda library: library.Request("POST", "http://provider.test/v1/embeddings", headers=JSON, content=BODY),
        lambda library: library.Request("POST", URL, headers={"content-type": "text/plain"}, content=BODY),
        lambda library: post(library, content_digest="sha-256=:x:"),
        lambda library: post(library, x_amz_content_sha256="0"),
        lambda library: post(library, authorization="AWS4-HMAC-SHA256 Credential=x"),
    ],
    ids=["models", "embeddings", "no json", "digest", "aws digest", "aws signature"],
)
def test_what_is_not_ours_is_the_inner_transport_s_alone(request_of, way, library):
    inner = Scripted(library, answer("Hello."))
    request = request_of(library)
    response, stats = way.send(inner, request)
    assert inner.requests == [request]
    assert response is inner.responses[0]
    assert stats["requests"] == 0


@each_library
@each_way
@pytest.mark.parametrize("body", [SHORT, b"no json", b"", b'{"messages": 3}'], ids=["short", "text", "empty", "odd"])
def test_a_request_in_which_nothing_changes_is_sent_itself(body, way, library):
    inner = Scripted(library, answer("Hello."))
    request = post(library, body)
    response, _ = way.send(inner, request)
    assert inner.requests[0] is request
    assert response.content == answer("Hello.")[2][0]


@each_library
@each_way
def test_a_form_answer_passes_chunk_by_chunk_with_status_headers_and_extensions(way, library):
    packed = gzip.compress(b'{"ok": true}')
    headers = [
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
        ("set-cookie", "a"),
        ("set-cookie", "b"),
    ]
    inner = Scripted(library, (201, headers, [packed[:9], b"", packed[9:]]))
    response, _ = way.send(inner, post(library, SHORT))
    assert (response.status_code, response.json()) == (201, {"ok": True})
    assert response.headers.get_list("set-cookie") == ["a", "b"]
    assert response.extensions["reason_phrase"] == b"Fine"
    assert inner.streams[0].closed


# ---- what gets shorter


@each_library
@each_way
def test_a_tool_output_gets_shorter_and_all_else_stands(way, library):
    inner = Scripted(library, answer("Hello."))
    request = post(library, Authorization="Bearer x", X_Own="1")
    response, stats = way.send(inner, request)
    [sent] = inner.requests
    assert len(sent.content) < len(BODY) / 2
    assert sent.headers["content-length"] == str(len(sent.content))
    assert (sent.method, sent.url, sent.extensions) == (request.method, request.url, request.extensions)
    dropped = {b"content-length", b"accept-encoding"}
    assert [h for h in sent.headers.raw if h[0].lower() not in dropped] == [
        h for h in request.headers.raw if h[0].lower() not in dropped
    ]
    assert request.content == BODY
    assert stats["tokens_after"] < stats["tokens_before"]
    assert int(response.headers["x-headroom-tokens-after"]) == stats["tokens_after"]


@each_library
@each_way
def test_headers_for_us_are_read_and_removed_and_those_for_a_proxy_pass(way, library):
    inner = Scripted(library, answer("Hello."))
    request = post(library, x_headroom_bypass="true", X_Headroom_Mode="cache", x_headroom_upstream="http://other.test")
    way.send(inner, request)
    [sent] = inner.requests
    assert sent.content == BODY
    assert [name for name in sent.headers if name.startswith("x-headroom-")] == ["x-headroom-upstream"]


@each_library
@each_way
def test_a_wish_that_is_none_is_refused_before_anything_is_sent(way, library):
    inner = Scripted(library)
    response, _ = way.send(inner, post(library, x_headroom_mode="fast"))
    assert response.status_code == 400
    assert "x-headroom-mode" in response.json()["error"]["message"]
    assert inner.requests == []


@each_library
@each_way
def test_a_body_that_is_large_is_worked_on_beside_the_event_loop_or_without_one(way, library):
    inner = Scripted(library, answer("Hello."))
    _, stats = way.send(inner, post(library, LARGE))
    assert len(inner.requests[0].content) < len(LARGE) / 2
    assert stats["requests"] == 1


@each_library
@each_way
def test_without_a_place_for_the_key_nothing_is_left_out(way, library, tmp_path):
    (tmp_path / "file").touch()
    inner = Scripted(library, answer("Hello."))
    _, stats = way.send(inner, post(library), ProxyConfig(workspace_dir=tmp_path / "file"))
    assert handles_in(sent_output(inner.requests[0])) == []
    assert stats["tokens_after"] < stats["tokens_before"]


def test_retrieval_that_is_asked_for_by_name_must_have_its_key(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="workspace"):
        HeadroomTransport(None, ProxyConfig(workspace_dir=tmp_path / "file", retrieval="tool"))


# ---- retrieval


@each_library
@each_way
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_call_for_an_original_is_answered_on_the_way_back(streamed, way, library, tmp_path):
    last = said("It was 4711.", number=2)
    told = (200, EVENTS, stream("openai-chat", last)) if streamed else (200, JSON, [whole("openai-chat", last)])
    inner = Retrieving(library, told, streamed=streamed)
    store = SQLiteStore(tmp_path / "store.db")  # one that blocks
    response, stats = way.send(inner, post(library), store=store)
    store.close()
    assert b"headroom_retrieve" not in response.content
    assert b"4711" in response.content
    second = inner.requests[1]
    assert json.loads(second.content)["messages"][-1] == {"role": "tool", "tool_call_id": "call_1", "content": OUTPUT}
    assert second.extensions == {"timeout": {"read": 7.0}}
    assert (stats["requests"], stats["further_requests"], stats["retrievals"]) == (1, 1, 1)
    assert [one.closed for one in inner.streams] == [True, True]


@each_library
@each_way
def test_an_audit_changes_nothing_and_counts_what_would_be_saved(way, library):
    inner = Scripted(library, answer("Hello."))
    request = post(library)
    _, stats = way.send(inner, request, door=Door(CONFIG, audit=True))
    assert inner.requests[0] is request
    assert 0 < stats["tokens_after"] < stats["tokens_before"] / 2
