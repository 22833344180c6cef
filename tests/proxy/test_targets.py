"""Where a request goes: what may be named, what is refused, and that nothing is sent when it is."""

import pytest
from proxy.bench import ask, config_for, request
from proxy.net import Upstream, saying
from support.drive import scope_of

from headroom.errors import ConfigError, UpstreamRefusedError
from headroom.providers.routes import ROUTES
from headroom.proxy.addresses import origin_of
from headroom.proxy.config import ProxyConfig
from headroom.proxy.helpers import request_upstream_override
from headroom.proxy.target import Answered, Targets, Upward, vendor_for

JSON = (b"Content-Type", b"application/json")
BASES = {
    "openai_api_url": "http://openai.test/",
    "anthropic_api_url": "http://anthropic.test/v1",
    "gemini_api_url": "http://gemini.test/v1beta/",
    "vertex_api_url": "http://vertex.test",
    "bedrock_api_url": "http://bedrock.test",
}


def url_of(path: str, *headers: tuple[bytes, bytes], method: str = "POST", **options: object) -> str:
    """Return the URL to which a request would be relayed."""
    scope = scope_of(path, method, headers)
    target = Targets(ProxyConfig(**{**BASES, **options})).of(scope, vendor_for(scope))
    assert isinstance(target, Upward)
    return target.base + target.target


@pytest.mark.parametrize("row", ROUTES, ids=lambda row: row.name)
def test_every_row_goes_to_its_provider(row: object) -> None:
    assert url_of(row.example) == f"http://{row.host.name}.test{row.example}"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("header", "host"), [(b"x-api-key", "anthropic"), (b"x-goog-api-key", "gemini"), (b"authorization", "openai")]
)
def test_other_paths_go_where_the_credentials_point(header: bytes, host: str) -> None:
    assert url_of("/v1/models", (header, b"k"), method="GET") == f"http://{host}.test/v1/models"


@pytest.mark.parametrize("written", ["", "/", "/v1", "/v1beta/", ":443/v1/"])
def test_an_allowed_upstream_is_used_in_whatever_form_it_is_written(written: str) -> None:
    header = (b"x-headroom-upstream", f"https://Other.test{written}".encode())
    url = url_of("/v1/messages", header, allow_upstream=("https://other.test",))
    assert url.replace(":443", "") == "https://Other.test/v1/messages"


def test_a_path_under_an_allowed_origin_is_kept() -> None:
    header = (b"x-headroom-upstream", b"https://other.test/anthropic")
    assert url_of("/v1/messages", header, allow_upstream=("https://other.test",)) == (
        "https://other.test/anthropic/v1/messages"
    )


def test_the_operators_own_upstreams_are_allowed() -> None:
    assert (
        url_of("/v1/messages", (b"x-headroom-upstream", b"http://openai.test/v1")) == "http://openai.test/v1/messages"
    )


REFUSED = [
    b"http://elsewhere.test",
    b"https://openai.test",
    b"http://openai.test:8080",
    b"http://openai.test.evil.test",
    b"http://openai.test@evil.test",
    b"http://evil.test#openai.test",
    b"http://evil.test\\@openai.test",
    b"http://openai.test?x=",
    b"http://127.0.0.1",
    b"http://2130706433/",
    b"http://[::ffff:127.0.0.1]/",
    b"http://169.254.169.254/latest",
    b"file:///etc/passwd",
    b"http://",
    b"http://openai.test:port",
    b"unknown-name",
    b"",
    "http://openai\u3002test".encode(),
]


@pytest.mark.parametrize("value", REFUSED)
def test_any_other_upstream_is_refused(value: bytes) -> None:
    with pytest.raises(UpstreamRefusedError):
        url_of("/v1/messages", (b"x-headroom-upstream", value))


def test_two_upstream_headers_are_refused() -> None:
    header = (b"x-headroom-upstream", b"http://openai.test")
    with pytest.raises(UpstreamRefusedError):
        request_upstream_override([header, header])


def test_a_path_prefix_names_a_handler_and_is_taken_off() -> None:
    assert url_of("/anthropic/v1/messages") == "http://anthropic.test/v1/messages"
    assert url_of("/gemini/v1beta/models/m:generateContent") == "http://gemini.test/v1beta/models/m:generateContent"
    assert url_of("/unknown/v1/messages") == "http://anthropic.test/unknown/v1/messages"


def test_a_bearer_token_names_a_handler() -> None:
    scope = scope_of("/v1/chat/completions", "POST", [(b"authorization", b"Bearer dummy")])
    assert isinstance(Targets(config_for("http://x.test")).of(scope, vendor_for(scope)), Answered)


@pytest.mark.parametrize("url", ["http://user:pw@h.test", "http://h.test?x=1", "http://h.test#f"])
def test_an_upstream_of_the_configuration_that_cannot_be_a_base_is_named_at_start(url: str) -> None:
    with pytest.raises(ConfigError, match="upstream"):
        Targets(ProxyConfig(openai_api_url=url))


def test_origins_are_compared_with_their_port_written_out() -> None:
    assert origin_of("https://H.test/v1") == origin_of("https://h.test:443") == "https://h.test:443"
    assert origin_of("http://[::1]:8000/x") == "http://[::1]:8000"


def test_an_answer_from_an_override_is_relayed() -> None:
    upstream = Upstream(saying(b"HTTP/1.1 418 Tea\r\nContent-Length: 3\r\n\r\ntea"))
    answer = ask(upstream, request("POST", "/v1/messages", b"{}", JSON, (b"X-Headroom-Upstream", b"openai")))
    assert (answer.status, answer.body) == (418, b"tea")
