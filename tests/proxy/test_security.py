"""The door of the management endpoints. Whatever is forwarded is held to the same rules in tests/proxy/rows."""

import asyncio
import json

import pytest
from proxy.bench import ask, config_for
from proxy.net import Upstream, request

from headroom.errors import ConfigError
from headroom.proxy import server
from headroom.proxy.management import MANAGEMENT, PROBES, RETRIEVE
from headroom.proxy.security import Doorkeeper, is_loopback

JSON = (b"Content-Type", b"application/json")
TOKEN = "a-long-token-of-this-gateway"
HANDLE = "0" * 24
PATHS = sorted(MANAGEMENT | {RETRIEVE + HANDLE})
GUARDED = [path for path in PATHS if path not in PROBES]
everywhere = pytest.mark.parametrize("path", PATHS)


def with_host(raw, host):
    return raw.replace(b"Host: proxy.localhost", b"Host: " + host)


def knock(path, *headers, host=b"proxy.localhost", **options):
    upstream = Upstream()
    answer = ask(upstream, with_host(request("POST", path, b"{}", JSON, *headers), host), **options)
    return answer, upstream.seen


@everywhere
@pytest.mark.parametrize("host", [b"evil.test", b"evil.test:8787", b"localhost.evil.test", b"127.0.0.1.evil.test"])
def test_a_host_name_that_somebody_else_chose_is_refused_and_nothing_is_sent(path, host):
    answer, seen = knock(path, host=host)
    assert (answer.status, seen) == (403, [])
    told = json.loads(answer.body)
    assert "host name" in told["error"]["message"]
    assert answer.values(b"x-headroom-request-id") == [told["request_id"].encode()] != [b""]


@everywhere
@pytest.mark.parametrize(
    "origin",
    [
        *(b"https://evil.test", b"http://localhost.evil.test", b"null", b"https://", b"http://["),
        *(b"http://[::1].evil.test", b"http://localhost@evil.test", b"http://[::1]evil.test"),
    ],
)
def test_a_web_page_of_another_origin_is_refused_and_nothing_is_sent(path, origin):
    answer, seen = knock(path, (b"Origin", origin))
    assert (answer.status, seen) == (403, [])


@everywhere
@pytest.mark.parametrize("host", [b"127.0.0.1:8787", b"localhost", b"[::1]:8787", b"10.0.0.7", b"app.localhost:1"])
def test_local_names_and_addresses_come_in(path, host):
    answer, _ = knock(path, host=host, retry_max_attempts=0)
    assert answer.status != 403


@pytest.mark.parametrize("origin", [b"http://localhost:3000", b"http://127.0.0.1", b"vscode-webview://abc"])
def test_local_pages_and_programs_come_in(origin):
    answer, seen = knock("/v1/models", (b"Origin", origin))
    assert (answer.status, len(seen)) == (200, 1)


def test_the_operator_names_further_hosts():
    answer, seen = knock("/v1/models", host=b"gateway.internal", allow_hosts=("gateway.internal",))
    assert (answer.status, len(seen)) == (200, 1)


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize(
    "header", [None, (b"X-Headroom-Token", b"wrong"), (b"Authorization", b"Bearer sk-key"), (b"X-Headroom-Token", b"")]
)
def test_without_the_token_nothing_comes_in(path, header):
    answer, seen = knock(path, *([header] if header else []), token=TOKEN)
    assert (answer.status, seen) == (401, [])
    assert TOKEN not in answer.body.decode()


@pytest.mark.parametrize("path", sorted(PROBES))
def test_probes_need_no_token(path):
    answer = ask(Upstream(), request("GET", path), token=TOKEN)
    assert answer.status in (200, 503)


@pytest.mark.parametrize("options", [{}, {"token": TOKEN}])
def test_a_websocket_is_held_to_the_same_rules(options):
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "websocket.connect"}

    scope = {"type": "websocket", "path": "/v1/responses", "headers": [(b"host", b"evil.test")]}
    asyncio.run(server.create_app(config_for("http://127.0.0.1:9", **options))(scope, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_an_address_that_others_reach_needs_a_token_or_a_word_for_it():
    with pytest.raises(ConfigError, match="token"):
        server.create_app(config_for("http://127.0.0.1:9", host="0.0.0.0"))
    for options in ({"token": TOKEN}, {"insecure_no_auth": True}):
        made = server.create_app(config_for("http://127.0.0.1:9", host="0.0.0.0", **options))
        assert isinstance(made, Doorkeeper)


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("a.test", False)],
)
def test_loopback_addresses_are_known(host, is_ours):
    assert is_loopback(host) is is_ours


def test_secrets_do_not_show_in_the_health_view():
    answer = ask(Upstream(), request("GET", "/health"), marker_key="a-secret-key", store="memory:")
    assert answer.status == 200
    assert b"a-secret-key" not in answer.body
