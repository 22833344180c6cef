"""The server over HTTP: the official client, and requests that must not come in."""

import http.client
import json
from urllib.parse import urlsplit

import pytest
from support.retrieval import handles_in, long_sample

from headroom_mcp.tests.mcp_running import Result, http_server, over_http, run
from headroom_mcp.tests.test_contract import HAS_SEAM

LOG = long_sample("long_log")
PING = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}).encode()


@pytest.fixture(scope="module")
def server():
    with http_server() as (url, _):
        yield url


def status(url, **headers):
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=30)
    given = {"content-type": "application/json", "accept": "application/json, text/event-stream", **headers}
    try:
        connection.request("POST", where.path, PING, {name.replace("_", "-"): value for name, value in given.items()})
        return connection.getresponse().status
    finally:
        connection.close()


def test_the_clients_of_the_sdk_list_and_call_the_tools(server):
    async def talk():
        async with over_http(server) as client:
            assert list(await client.tools()) == ["headroom_compress", "headroom_retrieve", "headroom_stats"]
            short = await client.call("headroom_compress", text=LOG)
            [handle] = handles_in(short.texts[0])
        async with over_http(server) as another:  # nothing is kept by client
            assert (await another.call("headroom_retrieve", hash=handle)).texts == [LOG]
            assert (await another.call("headroom_compress")).is_error

    run(talk())


@pytest.mark.skipif(not HAS_SEAM, reason="release 1 of the SDK knows no protocol without a handshake")
def test_the_newest_protocol_is_spoken_too(server):
    from mcp import Client

    async def talk():
        async with Client(server) as client:
            short = Result.of(await client.call_tool("headroom_compress", {"text": LOG}))
            [handle] = handles_in(short.texts[0])
            back = await client.call_tool("headroom_retrieve", {"hash": handle})
            assert Result.of(back).texts == [LOG]
            assert Result.of(await client.call_tool("headroom_compress", {})).is_error
            return client.protocol_version

    assert run(talk()) >= "2026"


def test_web_pages_do_not_come_in(server):
    port = urlsplit(server).port
    assert status(server) == 200
    assert status(server, host=f"localhost:{port}") == 200
    assert status(server, host=f"evil.example:{port}") == 403
    assert status(server, origin="https://evil.example") == 403
    assert status(server, origin=f"http://localhost:{port}") == 200


def test_with_a_token_nobody_comes_in_without():
    with http_server(HEADROOM_TOKEN="sesame") as (url, _):
        assert status(url) == 401
        assert status(url, authorization="Bearer wrong") == 401
        assert status(url, x_headroom_token="sesame") == 200

        async def talk():
            async with over_http(url, authorization="Bearer sesame") as client:
                assert await client.tools()

        run(talk())


def test_another_path_is_not_there(server):
    assert status(server.replace("/mcp", "/other")) == 404


def test_it_ends_when_it_is_told_to():
    with http_server() as (url, process):
        assert status(url) == 200
        process.terminate()
        assert process.wait(30) in (0, -15)
        assert process.stdout.read() == ""
