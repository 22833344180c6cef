"""Headers of single answers and requests; what holds for those of every row stands in tests/proxy/rows."""

import asyncio

import pytest
from proxy.bench import ask, config_for, request
from proxy.net import Upstream, connected, saying, serving

from headroom.proxy.helpers import TO_CLIENT, bearer_token, end_to_end
from headroom.proxy.server import create_app
from headroom.proxy.upstream import Upstream as Pool


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
