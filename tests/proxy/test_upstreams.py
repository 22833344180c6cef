"""Upstreams by name: where they are, what they take, and that their secrets stay with them."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from proxy.bench import ask, config_for
from proxy.canary import JSON, Names, asked, naming, proxied
from proxy.net import Seen, Upstream, request, saying

from headroom.errors import ConfigError
from headroom.proxy.config import ProxyConfig
from headroom.proxy.extensions import register_handler
from headroom.proxy.handlers import ForwardingHandler, unregister
from headroom.proxy.named import NamedUpstream
from headroom.proxy.origins import Origins
from headroom.proxy.server import banner
from headroom.proxy.target import Targets

SECRET = "sk-the-operators-own"
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MODEL_KEY", SECRET)
    yield
    unregister("test")


def sent(path: str, *headers: tuple[bytes, bytes], method: str = "POST", **options: Any) -> tuple[int, list[Seen]]:
    """Return the status of a request, and what came to the upstream, which only `{url}` in the options leads to."""

    async def run() -> tuple[int, list[Seen]]:
        upstream = Upstream()
        async with proxied(upstream, **{"default": NOWHERE, **options}) as port:
            answer = await asked(port, path, JSON, *headers, method=method)
        return answer.status, upstream.seen

    return asyncio.run(run())


@pytest.mark.parametrize("way", ["/model/v1/chat/completions", "/v1/chat/completions"])
def test_a_path_or_a_bearer_token_names_an_upstream_as_it_does_a_handler(way: str) -> None:
    headers = () if way.startswith("/model") else ((b"Authorization", b"Bearer model"),)
    status, seen = sent(way, *headers, upstreams={"model": "{url}"})
    assert (status, seen[0].line) == (200, b"POST /v1/chat/completions HTTP/1.1")


def test_an_upstream_goes_before_a_handler_of_its_name() -> None:
    _, seen = sent("/v1/messages", naming("dummy"), upstreams={"dummy": "{url}"})
    assert len(seen) == 1


def test_the_url_of_a_named_upstream_may_be_named_too() -> None:
    async def run() -> tuple[int, int]:
        upstream, names = Upstream(), Names("127.0.0.1")
        async with upstream.listening() as url:
            names.port = int(url.rpartition(":")[2])
            async with proxied(Upstream(), names, upstreams={"model": "http://model.test/v1"}) as port:
                answer = await asked(port, "/v1/messages", JSON, naming("http://model.test"))
        return answer.status, len(upstream.seen)

    assert asyncio.run(run()) == (200, 1)


def test_a_streamed_answer_of_a_named_upstream_is_relayed() -> None:
    async def run() -> bytes:
        parts = (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"4\r\none \r\n",
            b"3\r\ntwo\r\n",
            b"0\r\n\r\n",
        )
        async with proxied(Upstream(saying(*parts)), default=NOWHERE, upstreams={"model": "{url}"}) as port:
            return (await asked(port, "/v1/messages", JSON, naming("model"))).body

    assert asyncio.run(run()) == b"one two"


# ---- secrets


@pytest.mark.parametrize("path", ["/health", "/stats", "/metrics"])
def test_a_secret_is_shown_nowhere(path: str) -> None:
    config = ProxyConfig(upstreams={"model": "https://model.test;header=x-key:MODEL_KEY"})
    assert SECRET not in repr(config) + str(config.model_dump()) + config.model_dump_json()
    assert SECRET not in repr(config.upstreams) + repr(Targets(config).__dict__)
    answer = ask(Upstream(), request("GET", path), upstreams={"model": "https://model.test;header=x-key:MODEL_KEY"})
    assert answer.status == 200
    assert SECRET.encode() not in answer.body


def test_a_target_shows_no_secret() -> None:
    config = ProxyConfig(upstreams={"model": "https://model.test;header=x-key:MODEL_KEY"})
    scope = {"type": "http", "method": "POST", "path": "/v1/messages", "headers": [naming("model")]}
    target = Targets(config).of({**scope, "headers": [(b"x-headroom-upstream", b"model")]}, None)  # type: ignore[arg-type]
    assert SECRET in str(target.secrets)  # type: ignore[union-attr]
    assert SECRET not in repr(target)


# ---- what they take


@pytest.mark.parametrize(("path", "status"), [("/v1/messages", 403), ("/v1/chat/completions", 200), ("/v1/files", 200)])
def test_a_request_in_a_wire_that_an_upstream_does_not_take_is_refused(path: str, status: int) -> None:
    got, seen = sent(path, naming("model"), upstreams={"model": "{url};wire=openai-chat;wire=openai-responses"})
    assert (got, len(seen)) == (status, int(status == 200))


@pytest.mark.parametrize(
    "wrong",
    ["", "model", "Model=https://a.test", "a/b=https://a.test", "=https://a.test", "a=a.test", "a=https://u@a.test",
     "a=https://0x7f.1", "a=https://a.test//b", "a=https://a.test;wire=klingon", "a=https://a.test;other=1",
     "a=https://a.test;header=x-key", "a=https://a.test;header=x-key:NOT_SET", "a=https://a.test;header=x y:MODEL_KEY",
     "a=https://a.test;header=:MODEL_KEY", "a=https://a.test;header=Host:MODEL_KEY",
     "a=https://a.test;header=x-key:BROKEN_KEY", ";wire=anthropic"],
)  # fmt: skip
def test_an_upstream_that_cannot_be_used_is_named_at_start(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKEN_KEY", f"{SECRET}\r\nX: y")
    with pytest.raises(ConfigError, match="upstreams") as error:
        ProxyConfig(upstreams=[wrong])
    assert SECRET not in str(error.value)


def test_a_name_is_given_once() -> None:
    with pytest.raises(ConfigError, match="once"):
        ProxyConfig(upstreams=["a=https://a.test", "a=https://b.test"])


def test_upstreams_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADROOM_UPSTREAMS", "a=https://a.test/v1;wire=gemini, b=http://b.test:8000/v1beta/")
    monkeypatch.setenv("HEADROOM_ALLOWED_UPSTREAMS", "https://c.test,https://d.test/v1")
    config = ProxyConfig()
    assert config.upstreams == {
        "a": NamedUpstream("https://a.test", ("gemini",)),
        "b": NamedUpstream("http://b.test:8000"),
    }
    assert config.allow_upstream == ("https://c.test", "https://d.test/v1")
    assert Origins(config).may_be_named("https://d.test/other")


@pytest.mark.parametrize("wrong", ["Model", "a b", "", "a:b"])
def test_names_are_held_to_their_rule_in_code_too(wrong: str) -> None:
    with pytest.raises(ConfigError, match="upstreams"):
        ProxyConfig(upstreams={wrong: NamedUpstream("https://a.test")})


# ---- private addresses


@pytest.mark.parametrize(
    "options",
    [{"allow_upstream": ("http://model.test",)}, {"upstreams": {"x": "http://model.test"}},
     {"anthropic_api_url": "http://model.test/v1"}],
)  # fmt: skip
def test_what_the_operator_has_written_may_stand_in_the_own_network(options: dict[str, Any]) -> None:
    origins = Origins(config_for("https://api.openai.com", **options))
    assert origins.may_be_private("model.test", 80)
    assert not origins.may_be_private("model.test", 8080)
    assert not origins.may_be_private("api.openai.com", 443)
    assert not origins.may_be_private("api.deepseek.com", 443)


def test_the_base_of_a_handler_may_stand_in_the_own_network() -> None:
    class Inside(ForwardingHandler):
        base_url = "http://inside.test"

    origins = Origins(ProxyConfig())
    assert not origins.may_be_private("inside.test", 80)
    register_handler("test", Inside)
    assert origins.may_be_private("inside.test", 80)
    assert not origins.may_be_named("http://inside.test")


def test_the_health_view_shows_where_upstreams_are() -> None:
    answer = ask(Upstream(), request("GET", "/health"), upstreams={"model": "https://model.test/v1"})
    assert json.loads(answer.body)["config"]["upstreams"] == {"model": "https://model.test"}


# ---- what is seen at start, and the operator's own proxy


def test_the_banner_names_upstreams_and_no_secret() -> None:
    text = banner(ProxyConfig(upstreams={"model": "https://model.test;header=x-key:MODEL_KEY"}))
    assert "model https://model.test" in text
    assert "origins of known providers" in text
    assert SECRET not in text
    assert "known providers" not in banner(ProxyConfig(host="0.0.0.0"))


def test_a_proxy_of_the_environment_may_stand_in_the_own_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the operator's; what it connects to, it resolves itself."""

    async def run() -> list[bytes]:
        outward, names = Upstream(), Names("127.0.0.1")
        async with outward.listening() as url:
            monkeypatch.setenv("http_proxy", f"http://proxy.test:{url.rpartition(':')[2]}")
            monkeypatch.setenv("no_proxy", "")
            async with proxied(Upstream(), names, default="http://provider.test") as port:
                await asked(port, "/v1/messages", JSON)
        return [seen.line for seen in outward.seen]

    assert asyncio.run(run()) == [b"POST http://provider.test/v1/messages HTTP/1.1"]
