"""Sockets that do not come about, and the way over HTTP that clients take then; ends without a code."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from proxy.canary import UPGRADE
from proxy.net import OK, Call, Upstream
from proxy.rows.stand import KEY, Stand, standing
from proxy.rows.table import ROWS
from proxy.sockets import Provider, proxied
from support.retrieval import long_sample
from support.wires import Step, body_of, encoded
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

(HTTP,) = [row for row in ROWS if row.name == "openai.responses"]
(REALTIME,) = [row for row in ROWS if row.name == "socket.realtime"]
(SOCKET,) = [row for row in ROWS if row.name == "socket.openai.responses"]
BODY = encoded(body_of("openai-responses", [Step(long_sample("long_log"))], tools=True))


def without_sockets(status: int) -> Upstream:
    """A provider that refuses handshakes with a status of its own, and answers requests."""

    async def script(call: Call) -> None:
        if call.seen.line.startswith(b"GET"):
            await call.say(b"HTTP/1.1 %d No\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nno" % status)
        else:
            await call.say(OK)

    return Upstream(script)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 426, 429, 500, 501, 503])
def test_a_client_whose_socket_is_refused_goes_on_over_http(status: int) -> None:
    async def run() -> Stand:
        async with standing(without_sockets(status), optimize=True) as stand:
            refused = await stand.ask(SOCKET, KEY)
            assert (refused.status, refused.body, refused.values(b"retry-after")) == (status, b"no", [b"7"])
            assert (await stand.ask(HTTP, KEY, body=BODY)).status == 200
            assert json.loads((await stand.get("/stats")).body)["requests"]["by_route"] == {"openai.responses": 1}
            return stand

    stand = asyncio.run(run())
    assert [seen.line.split()[0] for seen in stand.seen] == [b"GET", b"POST"]
    assert len(stand.seen[1].body) < len(BODY)


def test_a_refused_handshake_holds_no_place_that_the_request_after_it_needs() -> None:
    async def run() -> list[int]:
        async with standing(without_sockets(426), max_concurrent=1) as stand:
            return [(await stand.ask(row, KEY)).status for row in (REALTIME, HTTP) * 2]

    assert asyncio.run(run()) == [426, 200] * 2


def test_a_provider_that_takes_the_handshake_and_says_nothing_is_given_up() -> None:
    async def silent(call: Call) -> None:
        await call.until_closed()

    async def run() -> tuple[int, str]:
        async with standing(Upstream(silent), read_timeout=0.2) as stand:
            refused = await stand.ask(SOCKET)
            return refused.status, json.loads(refused.body)["error"]["code"]

    assert asyncio.run(run()) == (504, "upstream_timeout")


def test_what_a_provider_agrees_to_wrongly_is_no_socket() -> None:
    async def wrong(call: Call) -> None:
        await call.say(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n")
        call.writer.close()

    async def run() -> int:
        async with standing(Upstream(wrong)) as stand:
            return (await stand.ask(SOCKET, UPGRADE[0])).status

    assert asyncio.run(run()) == 502


async def _closed_without_a_code(socket: Any) -> None:
    """Close a socket with an empty frame (RFC 6455, 5.5.1)."""
    socket.protocol.send_close()
    socket.send_data()
    await socket.wait_closed()


def test_an_end_without_a_code_of_the_provider_is_a_normal_end_for_the_client() -> None:
    async def run() -> int | None:
        async with proxied(Provider(_closed_without_a_code)) as url, connect(url + SOCKET.path) as socket:
            with pytest.raises(ConnectionClosed) as ended:
                await socket.recv()
            return ended.value.rcvd and ended.value.rcvd.code

    assert asyncio.run(run()) == 1000


def test_an_end_without_a_code_of_the_client_is_a_normal_end_for_the_provider() -> None:
    async def waiting(socket: Any) -> None:
        await socket.wait_closed()

    async def run() -> tuple[int, str]:
        provider = Provider(waiting)
        async with proxied(provider) as url, connect(url + SOCKET.path) as socket:
            await _closed_without_a_code(socket)
            return await provider.closed.get()

    assert asyncio.run(run()) == (1000, "")


def test_a_client_that_is_refused_by_us_is_told_so_in_a_form_that_its_library_reads() -> None:
    async def run() -> tuple[int, str]:
        async with proxied(Provider(_closed_without_a_code), token="a-token") as url:
            with pytest.raises(InvalidStatus) as refused:
                await connect(url + SOCKET.path)
            answer = refused.value.response
            return answer.status_code, json.loads(answer.body or b"")["error"]["code"]

    assert asyncio.run(run()) == (401, "unauthorized")
