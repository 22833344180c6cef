"""Rate limits: what counts, for whom, and what is shown. That they hold on every row stands in tests/proxy/rows."""

import asyncio
import gzip
import json

import pytest
from proxy.bench import config_for
from proxy.metered import JSON, answering, asked, body_for, limited, post
from proxy.net import Upstream, request
from support.drive import Inner, answer_of, chunked, drive, scope_of

from headroom.errors import ConfigError
from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.proxy.config import ProxyConfig
from headroom.proxy.limits import limits_of
from headroom.proxy.management import MANAGEMENT
from headroom.proxy.server import banner, create_app
from headroom.proxy.stats import Stats

CHAT = "/v1/chat/completions"


@pytest.mark.parametrize("path", sorted(MANAGEMENT - {"/v1/compress"}))
def test_management_is_free(path):
    assert [one.status for one in asked(Upstream(), *[request("GET", path)] * 3, rpm=1)].count(429) == 0


def test_compression_as_a_service_is_free():
    body = json.dumps({"messages": [{"role": "user", "content": "hi"}]}).encode()
    answers = asked(Upstream(), *[request("POST", "/v1/compress", body, JSON)] * 3, rpm=1)
    assert [one.status for one in answers] == [200, 200, 200]


def test_only_posts_count():
    raws = [request(method, "/v1/models") for method in ("GET", "OPTIONS", "DELETE")] * 2
    assert [one.status for one in asked(Upstream(), *raws, rpm=1)] == [200] * len(raws)


def test_without_limits_there_is_no_layer_in_the_chain():
    for options in ({}, {"rpm": 9, "tpm": 9, "max_concurrent": 9, "rate_limit": False}):
        assert isinstance(
            create_app(config_for("http://127.0.0.1:9", cache=False, **options)).app, HeadroomASGIMiddleware
        )
        assert limits_of(ProxyConfig(**options), Stats()) is None
    answers = asked(Upstream(answering()), post(CHAT), post(CHAT), rpm=1, rate_limit=False)
    assert [one.status for one in answers] == [200, 200]


def test_no_rate_limit_leaves_the_budget_on():
    options = {"rate_limit": False, "rpm": 1, "budget": 1.0}
    limits = limits_of(ProxyConfig(**options), Stats())
    assert limits.budget.is_on
    answers = asked(Upstream(answering()), post(CHAT), post(CHAT), **options)
    assert [one.status for one in answers] == [200, 200]


@pytest.mark.parametrize(
    "options",
    [
        {"rpm": -1},
        {"tpm": -1},
        {"max_concurrent": -1},
        {"rpm": "many"},
        {"budget": -0.1},
        {"budget": float("inf")},
        {"budget_per_key": float("nan")},
        {"budget": 1e7},
        {"budget_period": "weekly"},
        {"unknown_price": "guess"},
        {"limits_when_down": "open"},
    ],
)
def test_values_that_make_no_sense_are_refused_by_name(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        ProxyConfig(**options)


# ---- who it is


def called(limits, *headers, client=("10.0.0.1", 5), path=CHAT, body=None, query=b""):
    content = body_for(path) if body is None else body
    scope = {**scope_of(path, headers=[JSON, *headers]), "client": client, "query_string": query}
    return answer_of(drive(limits, scope, chunked(content, 1 << 20)))


def test_without_a_credential_it_is_the_address_that_counts():
    limits = limited(rpm=1)
    addresses = [("10.0.0.1", 1), ("10.0.0.1", 2), ("10.0.0.2", 1), None, None]
    assert [called(limits, client=one)[0] for one in addresses] == [200, 429, 200, 200, 429]


@pytest.mark.parametrize("name", [b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key"])
def test_each_credential_counts_wherever_it_comes_from(name):
    limits = limited(rpm=1)
    assert [called(limits, (name, b"a"), client=(str(n), 1))[0] for n in range(2)] == [200, 429]
    assert called(limits, (name, b"b"))[0] == 200


def test_the_key_of_a_query_is_a_credential():
    limits = limited(rpm=1)
    assert [called(limits, query=query)[0] for query in (b"key=a", b"key=b", b"key=a&alt=sse")] == [200, 200, 429]


# ---- tokens


def test_tokens_are_estimated_before_and_as_reported_after():
    body = body_for(CHAT)
    estimate = -(-len(body) // 4)
    limits = limited(tpm=estimate + 100)
    assert called(limits, body=body)[0] == 200
    # Of what was there, 15 tokens are gone: so much less fits now.
    assert called(limits, body=body + b" " * 4 * 101)[0] == 429
    assert called(limits, body=body + b" " * 4 * 85)[0] == 200


def test_a_request_that_is_larger_than_the_limit_goes_through_once_the_minute_is_free():
    limits = limited(tpm=10)
    assert [called(limits)[0] for _ in range(2)] == [200, 429]


@pytest.mark.parametrize("coding", [b"gzip", b"unknown"])
def test_coded_bodies_count_decoded_or_as_the_largest(coding):
    body = gzip.compress(body_for(CHAT) + b" " * 100_000)
    inner = Inner()
    limits = limited(inner, tpm=27_000)
    assert called(limits, (b"content-encoding", coding), body=body)[0] == 200
    assert inner.body == body
    assert called(limits, body=b"{}" + b" " * 10_000)[0] == 429


def test_a_request_that_fails_costs_no_tokens():
    limits = limited(Inner(status=500), tpm=2_000)
    body = body_for(CHAT) + b" " * 7_000
    assert [called(limits, body=body)[0] for _ in range(5)] == [500] * 5


def test_uploads_go_up_as_they_come_and_count_by_their_length():
    inner = Inner()
    limits = limited(inner, tpm=1_000)
    headers = [(b"content-type", b"multipart/form-data; boundary=x"), (b"content-length", b"3000")]
    messages = chunked(b"x" * 3_000, 1_000)
    sent = drive(limits, scope_of("/v1/files", headers=headers), messages)
    assert (answer_of(sent)[0], inner.received) == (200, messages)
    assert answer_of(drive(limits, scope_of("/v1/files", headers=headers), messages))[0] == 429


def test_a_body_over_the_cap_is_handed_on_whole():
    inner = Inner()
    limits = limited(inner, tpm=100, max_body_bytes=1_000)
    drive(limits, scope_of("/v1/files"), chunked(b"x" * 5_000, 600))
    assert inner.body == b"x" * 5_000


def test_a_client_that_leaves_during_its_upload_has_used_nothing():
    inner = Inner()
    limits = limited(inner, rpm=1)
    half = [{"type": "http.request", "body": b"{", "more_body": True}]
    for _ in range(3):
        assert drive(limits, scope_of(CHAT), half) == []
    assert called(limits)[0] == 200


def test_an_application_that_fails_gives_back_what_it_held():
    async def failing(scope, receive, send):
        raise ZeroDivisionError

    limits = limited(failing, max_concurrent=1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            called(limits)


# ---- sockets


def knocked(limits, path, extensions):
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "websocket.connect"}

    scope = {"type": "websocket", "path": path, "headers": [], "extensions": extensions, "client": ("a", 1)}
    asyncio.run(limits(scope, receive, send))
    return sent


async def accepting(scope, receive, send):
    await send({"type": "websocket.accept"})


def test_the_handshake_of_a_socket_counts_as_a_request():
    limits = limited(accepting, rpm=1)
    denial = {"websocket.http.response": {}}
    assert knocked(limits, "/v1/realtime", denial) == [{"type": "websocket.accept"}]
    start, body = knocked(limits, "/v1/realtime", denial)
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 429)
    assert json.loads(body["body"])["error"]["code"] == "rate_limit_exceeded"
    assert knocked(limits, "/v1/realtime", {}) == [{"type": "websocket.close", "code": 1008}]


def test_of_a_responses_socket_the_requests_count_and_not_the_handshake():
    limits = limited(accepting, rpm=1)
    assert [knocked(limits, "/v1/responses", {}) for _ in range(3)] == [[{"type": "websocket.accept"}]] * 3


# ---- what is shown


def test_refusals_are_counted_and_limits_are_shown():
    raws = [post(CHAT), post(CHAT), request("GET", "/stats"), request("GET", "/metrics"), request("GET", "/readyz")]
    *_, stats, metrics, ready = asked(Upstream(answering()), *raws, rpm=1, tpm=5_000)
    view = json.loads(stats.body)
    expected = {"enabled": True, "status": "ok", "rpm": 1, "tpm": 5_000, "max_concurrent": 0}
    assert view["rate_limiter"] == expected
    assert view["cost"] == {"budget": None}
    assert view["refusals"] == {"rate_limit_exceeded": 1}
    assert b'headroom_refusals_total{code="rate_limit_exceeded"} 1.0' in metrics.body
    assert json.loads(ready.body)["checks"]["rate_limiter"] == {"enabled": True, "ready": True, "status": "ok"}


def test_limits_that_are_off_are_shown_as_off():
    stats, ready = asked(Upstream(), request("GET", "/stats"), request("GET", "/readyz"))
    assert json.loads(stats.body)["rate_limiter"] == {"enabled": False}
    assert json.loads(ready.body)["checks"]["rate_limiter"] == {"enabled": False, "ready": True, "status": "off"}


def test_the_start_says_what_is_limited():
    text = banner(ProxyConfig(rpm=60, max_concurrent=4, budget=2.5, budget_period="monthly"))
    assert "60 requests a minute, 4 at a time" in text
    assert "2.5 USD for everybody, monthly" in text
    assert "none (--rpm" in banner(ProxyConfig(rpm=60, rate_limit=False))


def test_credentials_are_kept_nowhere():
    limits = limited(rpm=5, budget=1.0, budget_per_key=1.0)
    called(limits, (b"authorization", b"Bearer canary-secret"))
    assert b"canary" not in repr(limits.quota._counters._records).encode()
    assert limits.quota._counters._records
