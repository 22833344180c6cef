"""Rules: headers pass in order with their duplicates; what belongs to one hop, or to us, stays on it."""

from __future__ import annotations

from proxy.net import Upstream, connected, request, saying
from proxy.rows.stand import standing
from proxy.rows.table import Row, is_read, is_request, is_socket, rule

HOP = [
    (b"Keep-Alive", b"timeout=5"),
    (b"TE", b"trailers"),
    (b"Trailer", b"X-Sum"),
    (b"Proxy-Authorization", b"Basic eA=="),
    (b"X-Private", b"this hop only"),
    (b"X-Headroom-Upstream-Note", b"ours"),
    (b"X-Headroom-Bypass", b"true"),
    (b"X-Headroom-Token", b"nobody asks for one"),
]
END = [
    (b"User-Agent", b"agent/1.0 (test)"),
    (b"Accept-Encoding", b"gzip, br;q=0.1"),
    (b"Anthropic-Beta", b"one"),
    (b"X-Api-Key", b"sk-1"),
    (b"Anthropic-Beta", b"two,three"),
    (b"Cookie", b"a=1; b=2"),
    (b"X-Forwarded-For", b"as it came"),
    (b"X-Utf8", "gr\u00fcn".encode()),
]
GIVEN = [*HOP[:4], *END, *HOP[4:]]
ANEW = {b"host", b"content-length", b"content-type", b"connection", b"upgrade"}
SAID = (
    b"Server: theirs\r\nDate: then\r\nSet-Cookie: a=1\r\nConnection: X-Inner\r\nX-Inner: 1\r\n"
    b"Set-Cookie: b=2\r\nKeep-Alive: timeout=9\r\nProxy-Authenticate: Basic\r\nX-Headroom-Tokens-Saved: 99\r\n"
    b"X-Headroom-Request-Id: theirs\r\nX-Raw: \xe9\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
)
HEARD = [
    (b"server", b"theirs"),
    (b"date", b"then"),
    (b"set-cookie", b"a=1"),
    (b"set-cookie", b"b=2"),
    (b"x-raw", b"\xe9"),
    (b"content-type", b"application/json"),
    (b"content-length", b"2"),
]
DOCUMENTED = {f"x-headroom-{name}".encode() for name in (
    "request-id", "tokens-before", "tokens-after", "tokens-saved", "transforms", "decisions", "cache")}  # fmt: skip
"""All headers of ours that an answer may have."""


def _lowered(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in headers]


@rule()
async def requests_keep_end_to_end_headers_and_lose_those_of_the_hop(row: Row) -> None:
    also = (b"Connection", b"X-Private") if row.is_socket else (b"Connection", b"keep-alive, X-Private")
    async with standing() as stand:
        assert (await stand.ask(row, also, *GIVEN)).status == 200
        seen = stand.seen[0]
    came = [
        pair for pair in _lowered(seen.headers) if pair[0] not in ANEW and not pair[0].startswith(b"sec-websocket-")
    ]
    assert came == _lowered(END)
    assert seen.values(b"content-length") == ([] if row.is_socket else [str(len(row.body)).encode()])
    assert seen.values(b"content-type") == ([] if row.is_socket else [b"application/json"])


@rule(is_request)
async def nothing_is_added_to_a_bare_request(row: Row) -> None:
    async with standing() as stand, connected(stand.port) as client:
        await client.send(request("POST", row.path, b"{}"))
        assert (await client.answer()).status == 200
        assert [name.lower() for name, _ in stand.seen[0].headers] == [b"host", b"content-length"]
        assert stand.seen[0].values(b"host") == [stand.url.removeprefix("http://").encode()]


@rule(is_socket)
async def a_handshake_has_one_of_each_header_that_makes_it_one(row: Row) -> None:
    async with standing() as stand:
        assert (await stand.ask(row)).status == 200
        names = [name.lower() for name, _ in stand.seen[0].headers]
    expected = [b"connection", b"host", b"sec-websocket-key", b"sec-websocket-version", b"upgrade"]
    assert sorted(names) == expected


@rule()
async def answers_keep_end_to_end_headers_and_lose_those_of_the_hop(row: Row) -> None:
    async with standing(Upstream(saying(b"HTTP/1.1 400 No\r\n" + SAID))) as stand:
        answer = await stand.ask(row)
    assert answer.status == 400
    told = [pair for pair in _lowered(answer.headers) if pair[0] not in DOCUMENTED and pair[0] != b"connection"]
    assert told == HEARD
    assert b"theirs" not in answer.values(b"x-headroom-request-id")


@rule(is_read)
async def an_answer_has_the_documented_headers_of_ours_once_each(row: Row) -> None:
    async with standing(Upstream(saying(b"HTTP/1.1 200 OK\r\n" + SAID)), optimize=True) as stand:
        answer = await stand.ask(row)
    ours = [name.lower() for name, _ in answer.headers if name.lower().startswith(b"x-headroom-")]
    assert b"x-headroom-request-id" in ours
    assert set(ours) <= DOCUMENTED
    assert len(ours) == len(set(ours))
    assert answer.values(b"x-headroom-tokens-saved") != [b"99"]
