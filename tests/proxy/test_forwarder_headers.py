"""Headers: what is end to end passes in order with its duplicates; what belongs to one hop stays on it."""

import asyncio

import pytest
from proxy.bench import ask, config_for, request
from proxy.net import Upstream, connected, saying, serving

from headroom.providers.routes import ROUTES
from headroom.proxy.helpers import TO_CLIENT, bearer_token, end_to_end
from headroom.proxy.server import create_app
from headroom.proxy.upstream import Upstream as Pool

JSON = (b"Content-Type", b"application/json")
PATHS = [row.example for row in ROUTES] + ["/v1/files"]
HOP = [
    (b"Connection", b"keep-alive, X-Private"),
    (b"Keep-Alive", b"timeout=5"),
    (b"TE", b"trailers"),
    (b"Trailer", b"X-Sum"),
    (b"Proxy-Authorization", b"Basic eA=="),
    (b"X-Private", b"this hop only"),
    (b"X-Headroom-Upstream-Note", b"ours"),
    (b"X-Headroom-Bypass", b"true"),
]
END = [
    (b"User-Agent", b"agent/1.0 (test)"),
    (b"Accept-Encoding", b"gzip, br;q=0.1"),
    (b"Anthropic-Beta", b"one"),
    (b"X-Api-Key", b"sk-1"),
    (b"Anthropic-Beta", b"two,three"),
    (b"Cookie", b"a=1; b=2"),
    (b"X-Utf8", "gr\u00fcn".encode()),
]


@pytest.mark.parametrize("path", PATHS)
def test_requests_keep_end_to_end_headers_and_lose_those_of_the_hop(path: str) -> None:
    upstream = Upstream()
    ask(upstream, request("POST", path, b"{}", JSON, *HOP[:4], *END, *HOP[4:]))
    got = [(name.lower(), value) for name, value in upstream.seen[0].headers]
    assert [pair for pair in got if pair[0] not in (b"host", b"content-length", b"content-type")] == [
        (name.lower(), value) for name, value in END
    ]
    assert upstream.seen[0].values(b"content-length") == [b"2"]
    assert upstream.seen[0].values(b"content-type") == [b"application/json"]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_added_to_a_bare_request(path: str) -> None:
    upstream = Upstream()
    ask(upstream, request("POST", path, b"{}"))
    assert [name.lower() for name, _ in upstream.seen[0].headers] == [b"host", b"content-length"]


def test_the_host_header_is_the_upstreams() -> None:
    upstream = Upstream()
    ask(upstream, request("GET", "/v1/models"))
    assert upstream.seen[0].values(b"host")[0].startswith(b"127.0.0.1:")


@pytest.mark.parametrize("path", PATHS)
def test_answers_keep_end_to_end_headers_and_lose_those_of_the_hop(path: str) -> None:
    head = (
        b"HTTP/1.1 200 OK\r\nServer: theirs\r\nDate: then\r\nSet-Cookie: a=1\r\nConnection: X-Inner\r\nX-Inner: 1\r\n"
        b"Set-Cookie: b=2\r\nKeep-Alive: timeout=9\r\nX-Headroom-Tokens-Saved: 99\r\nX-Raw: \xe9\r\n"
        b"Content-Length: 2\r\n\r\n{}"
    )
    answer = ask(Upstream(saying(head)), request("POST", path, b"{}"))
    assert answer.headers == [
        (b"server", b"theirs"),
        (b"date", b"then"),
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
        (b"x-raw", b"\xe9"),
        (b"content-length", b"2"),
    ]


def test_cookies_of_an_answer_are_not_remembered_for_the_next_client() -> None:
    upstream = Upstream(saying(b"HTTP/1.1 200 OK\r\nSet-Cookie: session=1\r\nContent-Length: 0\r\n\r\n"))

    async def run() -> None:
        async with upstream.listening() as url:
            # A cookie jar would keep nothing for a bare address, so the upstream is named.
            config = config_for(url.replace("127.0.0.1", "localhost"))
            pool = Pool(config)
            async with serving(create_app(config, upstream=pool)) as port:
                for _ in range(2):
                    async with connected(port) as client:
                        await client.send(request("GET", "/v1/models"))
                        assert (await client.answer()).values(b"set-cookie") == [b"session=1"]
            await pool.aclose()

    asyncio.run(run())
    assert [seen.values(b"cookie") for seen in upstream.seen] == [[], []]


def test_a_large_header_passes() -> None:
    head = b"HTTP/1.1 200 OK\r\nX-Large: " + b"x" * 20_000 + b"\r\nContent-Length: 0\r\n\r\n"
    answer = ask(Upstream(saying(head)), request("GET", "/v1/models"))
    assert answer.values(b"x-large") == [b"x" * 20_000]


def test_connection_names_headers_in_any_case_and_spacing() -> None:
    headers = [(b"connection", b" Close ,X-A"), (b"x-a", b"1"), (b"X-B", b"2")]
    assert end_to_end(headers, TO_CLIENT) == [(b"x-b", b"2")]


@pytest.mark.parametrize(
    ("value", "token"), [(b"Bearer abc", "abc"), (b"bearer  abc ", "abc"), (b"Basic abc", ""), (b"Bearer", "")]
)
def test_only_bearer_authorization_holds_a_token(value: bytes, token: str) -> None:
    assert bearer_token([(b"Authorization", value)]) == token
