"""Rules: what passes, passes as the same bytes, as it comes, and no longer than somebody waits for it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

from proxy.net import Call, Upstream, connected, request, saying
from proxy.rows.stand import JSON, assert_refused, standing
from proxy.rows.table import Row, is_read, is_request, rule
from support.samples import sample
from support.wires import Step, body_of, encoded

SSE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
ODD_BODIES = [
    b'{ "model" : "m","big":123456789012345678901234567890, "f":1.0, "e":1E5, "s":"\\/\\u00e9", "a":1, "a":2 }\n',
    '{"z": "grün \U0001f600", "a": "\\ud83d\\ude00", "m" :[ 1 ,2.50, -0.0, 1e-7 ]}\r\n\t '.encode(),
    b'{"model":"m","messages":[{"role":"user","content":"\\u0000\\u001f"}],"input":null,"contents":[]}',
    b'{"cut": "off',
    b"\xff\xfe no text at all \x00",
    b"[]",
]
"""Bodies without anything to compress, or that are none, in spellings that no encoder would choose."""


QUERIES = ["?q=%20+b&q=2&empty=&;=", "?key=a%2Fb&alt=sse", "?key=%C3%BC&x=%80%ff", "?%zz=%", "??a=//b/../c"]


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@rule(is_request)
async def a_body_and_its_answer_pass_byte_for_byte(row: Row) -> None:
    said = b'{"usage":null, "x": 1.0}\xff\x00'
    head = b"HTTP/1.1 201 Made\r\nX-One: a\r\nX-One: b\r\nContent-Length: %d\r\n\r\n" % len(said)
    async with standing(Upstream(saying(head + said)), optimize=True) as stand:
        for body in ODD_BODIES:
            answer = await stand.ask(row, body=body)
            assert (answer.status, answer.body, answer.values(b"x-one")) == (201, said, [b"a", b"b"])
        assert [seen.body for seen in stand.seen] == ODD_BODIES
        assert {seen.line for seen in stand.seen} == {f"POST {row.path} HTTP/1.1".encode()}


@rule(is_request)
async def a_body_in_chunks_passes(row: Row) -> None:
    async with standing(optimize=True) as stand, connected(stand.port) as client:
        for body in ODD_BODIES:
            parts = [body[:7], body[7:11], body[11:]]
            head = request("POST", row.path, b"", JSON, (b"Transfer-Encoding", b"chunked"))
            await client.send(head + b"".join(_chunk(part) for part in parts if part) + b"0\r\n\r\n")
            assert (await client.answer()).status == 200
        assert [seen.body for seen in stand.seen] == ODD_BODIES


@rule()
async def path_and_query_pass_as_they_were_written(row: Row) -> None:
    """With everything on that looks for a key in a query."""
    method = "GET" if row.is_socket else "POST"
    async with standing(optimize=True, rpm=1_000, marker_key="k" * 32) as stand:
        for query in QUERIES:
            assert (await stand.ask(replace(row, path=row.path + query))).status == 200
        assert [seen.line for seen in stand.seen] == [f"{method} {row.path}{one} HTTP/1.1".encode() for one in QUERIES]


@rule(is_read)
async def there_is_something_to_do_and_a_bypass_leaves_it_undone(row: Row) -> None:
    body = encoded(body_of(row.wire, [Step(sample("log_lines"))]))
    async with standing(optimize=True) as stand:
        shorter = await stand.ask(row, body=body)
        untouched = await stand.ask(row, (b"X-Headroom-Bypass", b"true"), body=body)
        assert len(stand.seen[0].body) < len(body)
        assert stand.seen[1].body == body
    assert int(shorter.values(b"x-headroom-tokens-saved")[0]) > 0
    assert untouched.values(b"x-headroom-tokens-saved") == [b"0"]


@rule(is_read)
async def a_body_over_the_cap_is_refused_and_nothing_is_sent(row: Row) -> None:
    async with standing(max_body_bytes=1_000) as stand:
        assert_refused(await stand.ask(row, body=b"x" * 2_000), row, 413, "request_too_large")
        assert stand.seen == []


@rule(is_read)
async def a_wish_that_is_none_is_refused_and_nothing_is_sent(row: Row) -> None:
    async with standing() as stand:
        for name in (b"X-Headroom-Tier", b"X-Headroom-Mode"):
            assert_refused(await stand.ask(row, (name, b"best")), row, 400, "invalid_request")
        assert stand.seen == []


@rule(is_request)
async def every_chunk_reaches_the_client_before_the_next_is_sent(row: Row) -> None:
    taken = asyncio.Event()
    parts = [b'data: {"a":', b' "\xc3', b'\xa9"}\n\n', b"data: [DONE]\n\n"]

    async def script(call: Call) -> None:
        await call.say(SSE_HEAD)
        for part in parts:
            await call.say(_chunk(part))
            await taken.wait()
            taken.clear()
        await call.say(b"0\r\n\r\n")

    async with standing(Upstream(script)) as stand, stand.asking(row) as client:
        await client.reader.readuntil(b"\r\n\r\n")
        for part in parts:
            assert await client.reader.readexactly(len(_chunk(part))) == _chunk(part)
            taken.set()
        assert await client.reader.readexactly(5) == b"0\r\n\r\n"


@rule(is_request)
async def an_upstream_that_breaks_off_is_seen_as_a_cut(row: Row) -> None:
    async def script(call: Call) -> None:
        await call.say(SSE_HEAD + _chunk(b"data: 1\n\n"))
        call.writer.close()

    async with standing(Upstream(script)) as stand:
        answer = await stand.ask(row)
    assert (answer.status, answer.whole) == (200, False)


@rule(is_request)
async def an_upstream_that_does_not_answer_is_given_up(row: Row) -> None:
    async with standing(Upstream(_silent), read_timeout=0.1) as stand:
        assert_refused(await stand.ask(row), row, 504, "upstream_timeout")


@rule()
async def a_client_that_leaves_while_it_waits_ends_the_upstream_call(row: Row) -> None:
    async with standing(Upstream(_silent)) as stand:
        async with stand.asking(row):
            pass
        await stand.seen[0].closed.wait()


@rule(is_request)
async def a_client_that_leaves_in_mid_stream_ends_the_upstream_call(row: Row) -> None:
    async def script(call: Call) -> None:
        await call.say(SSE_HEAD + _chunk(b"data: 1\n\n"))
        await call.until_closed()

    async with standing(Upstream(script)) as stand:
        async with stand.asking(row) as client:
            await client.reader.readuntil(b"data: 1\n\n")
        await stand.seen[0].closed.wait()


@rule(is_read)
async def an_account_is_given_in_stats_and_in_metrics(row: Row) -> None:
    reported = {
        "usage": {"prompt_tokens": 12, "completion_tokens": 3, "input_tokens": 12, "output_tokens": 3},
        "usageMetadata": {"promptTokenCount": 12, "candidatesTokenCount": 3},
    }
    said = json.dumps(reported).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(said)
    async with standing(Upstream(saying(head + said)), optimize=True) as stand:
        body = encoded(body_of(row.wire, [Step(sample("log_lines"))]))
        answers = [await stand.ask(row, body=body) for _ in range(2)]
        view = json.loads((await stand.get("/stats")).body)
        metrics = (await stand.get("/metrics")).body.decode()
    assert view["requests"]["by_route"] == {row.name: 2}
    assert view["requests"]["by_status"] == {"200": 2}
    saved = sum(int(answer.values(b"x-headroom-tokens-saved")[0]) for answer in answers)
    assert view["tokens"]["saved"] == saved > 0
    counted = [
        line for line in metrics.splitlines() if f'route="{row.name}"' in line and line.startswith("headroom_req")
    ]
    assert any(line.endswith(" 2.0") and 'status="200"' in line for line in counted)
    assert len({answer.values(b"x-headroom-request-id")[0] for answer in answers}) == 2


async def _silent(call: Call) -> None:
    await call.until_closed()
