"""The benchmark of the proxy, in a tiny form: real processes, a few requests."""

import asyncio
import json

import pytest

from benchmarks.hop import TINY, cases, report
from benchmarks.load import Connection, Load, Round, Timed, http_request
from benchmarks.processes import upstream
from benchmarks.upstream import FIRST, REST, WHOLE, Provider


def test_all_modes_are_measured_and_every_bar_has_a_figure():
    found = report(TINY)
    modes = {row[0] for row in found.tables[0].rows}
    assert modes == {"pass", "paced", "remembered", "cold", "stream", "off", "bare", "bare, paced"}
    assert len(found.tables[0].rows) == len(cases(TINY)) + 3
    assert len(found.bars) == 10
    json.dumps(found.as_json())


async def ask(server, requests, *, streamed=False, count=4):
    load = await Load.opened(server, 2)
    try:
        sent = [http_request(server, "/v1/chat/completions", body, streamed=streamed) for body in requests]
        return await load.round(sent, count)
    finally:
        load.close()


def test_the_upstream_answers_bodies_of_all_sizes_whole_and_streamed():
    with upstream() as server:
        whole = asyncio.run(ask(server, [b"{}", b"x" * 300_000]))
        streamed = asyncio.run(ask(server, [b"{}"], streamed=True))
        assert server.resident_mib() > 1
        assert server.cpu_seconds() >= 0
    assert len(whole.timed) == len(streamed.timed) == 4
    assert all(0 < one.first <= one.whole for one in (*whole.timed, *streamed.timed))


class Written:
    """Stands for a transport; keeps what is written."""

    def __init__(self):
        self.data = b""

    def write(self, data):
        self.data += data


async def answered(*parts):
    connection = Connection()
    connection._transport = Written()
    asked = asyncio.create_task(connection.ask(b"GET /"))
    await asyncio.sleep(0)
    for part in parts:
        connection.data_received(part)
    return await asked


def test_an_answer_that_is_no_200_ends_the_measurement():
    with pytest.raises(ConnectionError, match="503"):
        asyncio.run(answered(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"))


def test_a_connection_that_is_lost_ends_the_measurement():
    async def lost():
        connection = Connection()
        connection._transport = Written()
        asked = asyncio.create_task(connection.ask(b"GET /"))
        await asyncio.sleep(0)
        connection.connection_lost(None)
        await asked

    with pytest.raises(ConnectionError, match="closed"):
        asyncio.run(lost())


@pytest.mark.parametrize("answer", [WHOLE, FIRST + REST])
def test_answers_are_read_however_they_are_cut(answer):
    for cut in range(1, len(answer), 3):
        found = asyncio.run(answered(answer[:cut], answer[cut:]))
        assert 0 < found.first <= found.whole


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_the_upstream_takes_requests_cut_anywhere(request_bytes):
    for cut in range(1, len(request_bytes)):
        provider, way = Provider(), Written()
        provider._transport = way
        for part in (request_bytes[:cut], request_bytes[cut:]):
            provider.data_received(part)
        assert way.data.count(b"HTTP/1.1 200 OK") == 1


def test_percentiles_are_measured_times():
    found = Round([Timed(n / 10, n) for n in range(1, 101)], seconds=50)
    assert found.percentile(0.5) == 51
    assert found.percentile(0.99) == 100
    assert found.first(0.5) == 5.1
    assert found.per_second == 2
