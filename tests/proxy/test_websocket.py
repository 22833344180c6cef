"""WebSockets are relayed as they are: messages, close codes, refusals; whoever ends or stalls ends or stalls both."""

import asyncio
import json
import signal

import pytest
from proxy.bench import config_for
from proxy.sockets import Provider, proxied, through
from proxy.test_server_process import started
from support.drive import scope_of
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, InvalidURI

from headroom.proxy.forwarder import Forwarder
from headroom.proxy.server import create_app
from headroom.proxy.upstream import Upstream

PATHS = ["/v1/responses", "/v1/realtime?model=gpt-realtime", "/anything/else"]
NOWHERE = "http://127.0.0.1:9"

each_path = pytest.mark.parametrize("path", PATHS)


async def echo(socket):
    while True:
        await socket.send(await socket.recv())


async def waiting(socket):
    await socket.wait_closed()


def refused(provider, path="/v1/responses", headers=None, **options):
    """Return the answer to a handshake that is not accepted."""

    async def act(_):
        raise AssertionError("accepted")

    with pytest.raises(InvalidStatus) as error:
        through(provider, act, path, {"additional_headers": headers or {}}, **options)
    return error.value.response


# ---- messages


def test_messages_in_fragments_arrive_whole():
    async def act(socket):
        await socket.send(["one ", "two ", "three"])
        return await socket.recv()

    assert through(Provider(echo), act) == "one two three"


def test_a_message_passes_before_the_next_one_is_sent():
    async def script(socket):
        for _ in range(3):
            await socket.send(f"after {await socket.recv()}")
        await socket.wait_closed()

    async def act(socket):
        heard = []
        for word in ("one", "two", "three"):
            await socket.send(word)
            heard.append(await socket.recv())
        return heard

    assert through(Provider(script), act) == ["after one", "after two", "after three"]


@each_path
def test_a_client_that_reads_slowly_slows_down_the_provider(path):
    sent = []

    async def script(socket):
        for number in range(200):
            await socket.send(f"{number} " + "x" * 100_000)
            sent.append(number)

    async def act(socket):
        await asyncio.sleep(0.5)
        stalled = len(sent)
        return stalled, [(await socket.recv()).split()[0] for _ in range(200)]

    stalled, heard = through(Provider(script), act, path, {"max_queue": 1})
    assert stalled < 150
    assert heard == [str(number) for number in range(200)]


def test_a_provider_that_reads_slowly_slows_down_the_client():
    async def script(socket):
        await asyncio.sleep(0.5)
        for _ in range(200):
            await socket.recv()
        await socket.send("done")
        await socket.wait_closed()

    async def act(socket):
        sent = []

        async def talk():
            for number in range(200):
                await socket.send("x" * 100_000)
                sent.append(number)

        talking = asyncio.create_task(talk())
        await asyncio.sleep(0.3)
        stalled = len(sent)
        await talking
        return stalled, await socket.recv()

    stalled, heard = through(Provider(script, max_queue=1), act)
    assert stalled < 150
    assert heard == "done"


def test_a_provider_that_takes_nothing_for_the_read_timeout_ends_the_socket():
    async def script(socket):
        socket.transport.pause_reading()
        await socket.wait_closed()

    async def act(socket):
        async def talk():
            while True:
                await socket.send("x" * 1_000_000)

        with pytest.raises(ConnectionClosed) as ended:
            await talk()
        return ended.value.rcvd.code

    assert through(Provider(script, close_timeout=0.1), act, read_timeout=0.3) == 1011


# ---- the end


@each_path
def test_a_provider_that_dies_ends_the_socket_of_the_client_with_an_error(path):
    async def script(socket):
        await socket.recv()
        socket.transport.abort()

    async def act(socket):
        await socket.send("alive")
        with pytest.raises(ConnectionClosed) as ended:
            await socket.recv()
        return ended.value.rcvd.code

    assert through(Provider(script), act, path) == 1011


@pytest.mark.parametrize("message", ["x" * 2000, b"x" * 2000], ids=["text", "binary"])
def test_messages_over_the_limit_end_the_socket_in_both_directions(message):
    async def script(socket):
        await socket.send(message)
        await socket.wait_closed()

    async def hear(socket):
        with pytest.raises(ConnectionClosed) as ended:
            await socket.recv()
        return ended.value.rcvd.code

    async def say(socket):
        await socket.send(message)
        return await hear(socket)

    assert through(Provider(script), hear, max_body_bytes=1000) == 1009
    assert through(Provider(waiting), say, max_body_bytes=1000) == 1009


def test_a_failure_of_the_gateway_ends_both_sockets_with_an_error():
    sent = []

    async def send(message):
        sent.append(message)

    async def front(scope, receive, send):
        raise ZeroDivisionError

    async def run(provider):
        said = [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": '{"type":"response.create"}'}]

        async def receive():
            return said.pop(0) if said else await asyncio.Event().wait()

        async with provider.listening() as url:
            config = config_for(url)
            forwarder = Forwarder(config)
            forwarder.sockets.front = front
            scope = scope_of("/v1/responses", headers=()) | {"type": "websocket", "subprotocols": []}
            with pytest.raises(ZeroDivisionError):
                await forwarder(scope, receive, send)
            await forwarder.upstream.aclose()
            return (await provider.closed.get())[0]

    assert asyncio.run(run(Provider(waiting))) == 1011
    assert [(message["type"], message.get("code")) for message in sent] == [
        ("websocket.accept", None),
        ("websocket.close", 1011),
    ]


# ---- the handshake


@each_path
def test_headers_pass_end_to_end_and_those_of_the_hop_are_negotiated_anew(path):
    given = {
        "Authorization": "Bearer sk-key",
        "OpenAI-Beta": "responses_websockets=2026-02-06",
        "X-Twice": "1",
        "X-Headroom-Tier": "plain",
        "User-Agent": "agent/1.0",
        "Connection": "Upgrade, X-Hop",
        "X-Hop": "gone",
    }

    async def act(socket):
        return socket.response.headers

    async def script(socket):
        await socket.wait_closed()

    def answering(connection, request, response):
        response.headers["x-request-id"] = "req_1"
        response.headers["openai-processing-ms"] = "7"

    provider = Provider(script, process_response=answering)
    heard = through(provider, act, path, {"additional_headers": given, "user_agent_header": None})
    assert (heard["x-request-id"], heard["openai-processing-ms"]) == ("req_1", "7")
    got = provider.handshakes[0].headers
    assert {name: got[name] for name in ("Authorization", "OpenAI-Beta", "X-Twice", "User-Agent")} == {
        name: given[name] for name in ("Authorization", "OpenAI-Beta", "X-Twice", "User-Agent")
    }
    names = [name.lower() for name, _ in got.raw_items()]
    assert not [name for name in names if name.startswith("x-headroom") or name in ("x-hop", "accept-encoding")]
    for name in ("host", "upgrade", "connection", "sec-websocket-key", "sec-websocket-version"):
        assert names.count(name) == 1
    assert "sec-websocket-extensions" not in names


def test_subprotocols_are_the_providers_choice():
    offered = ["realtime", "openai-insecure-api-key.sk-key"]

    async def act(socket):
        return socket.subprotocol

    provider = Provider(waiting, subprotocols=["realtime"])
    assert through(provider, act, "/v1/realtime", {"subprotocols": offered}) == "realtime"
    assert provider.handshakes[0].headers["Sec-WebSocket-Protocol"].replace(" ", "") == ",".join(offered)
    assert through(Provider(waiting), act, "/v1/realtime") is None


@each_path
@pytest.mark.parametrize("status", [200, 401, 404, 426, 429, 500, 503])
def test_a_refusal_of_the_provider_reaches_the_client_whole(path, status):
    body = b'{"error":{"message":"no socket for you"}}'
    headers = {"Content-Type": "application/json", "Retry-After": "3"}
    answer = refused(Provider(waiting, (status, headers, body)), path)
    assert (answer.status_code, answer.body) == (status, body)
    assert {name: answer.headers[name] for name in headers} == headers


def test_a_redirect_is_the_clients_to_follow():
    provider = Provider(waiting, (307, {"Location": "http://127.0.0.1:9/other"}, b""))
    with pytest.raises(InvalidURI, match="9/other"):
        through(provider, waiting)
    assert len(provider.handshakes) == 1


def test_a_provider_that_is_not_there_is_a_502_in_its_shape():
    answer = refused(Provider(waiting), openai_api_url=NOWHERE)
    assert answer.status_code == 502
    assert json.loads(answer.body)["error"]["code"] == "upstream_unreachable"


def test_a_provider_that_answers_garbage_is_a_502():
    async def garbage(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        await writer.drain()
        writer.close()

    async def run():
        server = await asyncio.start_server(garbage, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server, proxied(Provider(waiting), openai_api_url=url) as proxy:
            with pytest.raises(InvalidStatus) as error:
                await connect(proxy + "/v1/responses")
        return error.value.response.status_code

    assert asyncio.run(run()) == 502


def test_the_header_names_the_upstream_under_the_same_guard_as_for_http():
    other = Provider(echo)

    async def run():
        async with other.listening() as url, proxied(Provider(waiting), allow_upstream=(url,)) as proxy:
            headers = {"X-Headroom-Upstream": url + "/v1/"}
            async with connect(proxy + "/v1/responses?a=b", additional_headers=headers) as socket:
                await socket.send("here")
                assert await socket.recv() == "here"

    asyncio.run(run())
    assert other.handshakes[0].path == "/v1/responses?a=b"
    assert "x-headroom-upstream" not in other.handshakes[0].headers


def test_a_handler_that_answers_itself_has_no_socket():
    answer = refused(Provider(waiting), headers={"Authorization": "Bearer dummy"})
    assert answer.status_code == 400


def test_the_token_of_the_gateway_opens_it_and_goes_no_further():
    provider = Provider(echo)

    async def act(socket):
        await socket.send("in")
        return await socket.recv()

    headers = {"X-Headroom-Token": "secret", "Authorization": "Bearer sk-key"}
    assert through(provider, act, connecting={"additional_headers": headers}, token="secret") == "in"
    assert provider.handshakes[0].headers["Authorization"] == "Bearer sk-key"
    assert "X-Headroom-Token" not in provider.handshakes[0].headers


def test_a_server_without_refusals_of_its_own_is_told_to_close():
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "websocket.connect"}

    async def run():
        config = config_for(NOWHERE)
        pool = Upstream(config)
        await create_app(config, upstream=pool)(scope_of("/v1/responses") | {"type": "websocket"}, receive, send)
        await pool.aclose()

    asyncio.run(run())
    assert sent == [{"type": "websocket.close", "code": 1008}]


# ---- the process


def test_open_sockets_get_their_time_at_shutdown_and_are_then_told_to_come_again():
    provider = Provider(echo)

    async def run():
        async with provider.listening() as url, started("--openai-api-url", url, "--drain-seconds", "0.5") as proxy:
            async with connect(f"ws://127.0.0.1:{proxy.port}/v1/responses") as socket:
                await socket.send("before")
                assert await socket.recv() == "before"
                proxy.process.send_signal(signal.SIGTERM)
                await socket.send("draining")
                assert await socket.recv() == "draining"
                with pytest.raises(ConnectionClosed) as ended:
                    await socket.recv()
            assert await proxy.process.wait() == 0
            return ended.value.rcvd.code, (await provider.closed.get())[0]

    assert asyncio.run(run()) == (1012, 1012)
