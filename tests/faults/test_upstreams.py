"""What a user sees when a provider does wrong: an error in the provider's shape, or a cut that looks like one."""

from __future__ import annotations

import asyncio
import json
import socket
from collections import Counter
from collections.abc import Iterator

import pytest
from faults.bench import SSE_HEAD, WIRES, Provider, Proxy, chunk, in_time, post, reset, running
from proxy.net import OK, Answer, Call, Script, connected, saying

READ_TIMEOUT = 1.0
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
KINDS = {
    502: {"openai": "server_error", "anthropic": "api_error", "gemini": "UNAVAILABLE"},
    504: {"openai": "server_error", "anthropic": "timeout_error", "gemini": "DEADLINE_EXCEEDED"},
}
EVERY_WIRE = pytest.mark.parametrize("wire", WIRES)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory, url: str, refusing: str) -> Iterator[Proxy]:
    options = ("--read-timeout", str(READ_TIMEOUT), "--retry-max-attempts", "0", "--upstream", f"dead={refusing}")
    with running(tmp_path_factory.mktemp("proxy"), url, *options) as one:
        yield one


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory, url: str) -> Iterator[Proxy]:
    """A proxy that asks again."""
    with running(tmp_path_factory.mktemp("patient"), url, "--retry-max-attempts", "1") as one:
        yield one


def met(proxy: Proxy, listening: socket.socket, provider: Provider) -> tuple[dict[str, Answer], dict[str, int]]:
    """Ask in every wire at once, through a provider that does something wrong.

    Return the answers, and the failures in the ledger; the statuses there are those that the clients saw.
    """

    async def run() -> tuple[dict[str, Answer], dict[str, int]]:
        async with provider.on(listening):
            await proxy.forget()
            answers = dict(zip(WIRES, await asyncio.gather(*map(proxy.ask, WIRES)), strict=True))
            view = await proxy.booked(len(WIRES))
            assert view["requests"]["by_status"] == Counter(str(answer.status) for answer in answers.values())
            return answers, view["failures"]

    found: tuple[dict[str, Answer], dict[str, int]] = in_time(run())
    return found


def then_closes(*parts: bytes) -> Script:
    async def script(call: Call) -> None:
        await saying(*parts)(call)
        call.writer.close()

    return script


def then_resets(*parts: bytes) -> Script:
    async def script(call: Call) -> None:
        await saying(*parts)(call)
        await asyncio.sleep(0.05)  # a reset overtakes what is still on its way
        reset(call)

    return script


def then_waits(*parts: bytes) -> Script:
    async def script(call: Call) -> None:
        for part in parts:
            await call.say(part)
            await asyncio.sleep(0.05)  # so that the parts come one by one
        await call.until_closed()

    return script


NO_ANSWER = {
    "closes without a word": then_closes(),
    "resets": then_resets(),
    "closes in mid-headers": then_closes(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "resets in mid-headers": then_resets(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "speaks no HTTP": then_closes(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "speaks garbage": then_closes(bytes(range(256)) * 8),
    "speaks garbage and stays": then_waits(bytes(range(256)) * 8),
    "has no status": then_waits(b"HTTP/1.1 abc OK\r\n\r\n"),
    "has two lengths": then_waits(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    "has a length that is none": then_waits(HEAD + b"Content-Length: -2\r\n\r\n{}"),
    "has a header without end": then_waits(HEAD + b"X-Long: " + b"x" * 200_000 + b"\r\n\r\n"),
}
CUT = {
    "closes in mid-body": then_closes(HEAD + b"Content-Length: 100\r\n\r\n" + b'{"half":'),
    "resets in mid-body": then_resets(HEAD + b"Content-Length: 100\r\n\r\n" + b'{"half":'),
    "closes in mid-stream": then_closes(SSE_HEAD, chunk(b'data: {"a": 1}\n\n')),
    "resets in mid-stream": then_resets(SSE_HEAD, chunk(b'data: {"a": 1}\n\n')),
    "closes in mid-event": then_closes(SSE_HEAD, chunk(b'data: {"a')),
    "closes in mid-chunk": then_closes(SSE_HEAD, b"ff\r\ndata: "),
    "has a chunk of no size": then_waits(SSE_HEAD, chunk(b"data: 1\n\n"), b"zz\r\nwhat\r\n"),
    "has a chunk longer than its size": then_waits(SSE_HEAD, chunk(b"data: 1\n\n"), b"1\r\nwhat\r\n"),
}
HANGING = {
    "hangs in mid-body": then_waits(HEAD + b"Content-Length: 100\r\n\r\n" + b'{"half":'),
    "hangs in mid-stream": then_waits(SSE_HEAD, chunk(b'data: {"a": 1}\n\n')),
    "hangs in mid-chunk": then_waits(SSE_HEAD, b"ff\r\ndata: "),
}


def explained(answer: Answer, wire: str) -> str:
    """Return the message of an error of ours; fail if it has not the form of the provider."""
    body = json.loads(answer.body)
    error = body["error"]
    assert error["status" if wire == "gemini" else "type"] == KINDS[answer.status][wire]
    assert body.get("type", "error") == "error"
    assert body["request_id"].encode() == answer.values(b"x-headroom-request-id")[0]
    message: str = error["message"]
    assert message.endswith(".")
    assert "Error" not in message
    return message


@EVERY_WIRE
def test_a_provider_that_refuses_connections_is_a_502(proxy: Proxy, wire: str) -> None:
    async def run() -> Answer:
        return await proxy.ask(wire, None, (b"X-Headroom-Upstream", b"dead"))

    answer = in_time(run())
    assert answer.status == 502
    assert explained(answer, wire) == "The upstream could not be reached."


@pytest.mark.parametrize("fault", NO_ANSWER)
def test_a_provider_that_gives_no_answer_is_a_502_and_is_not_asked_again(
    proxy: Proxy, listening: socket.socket, fault: str
) -> None:
    provider = Provider(NO_ANSWER[fault])
    answers, failures = met(proxy, listening, provider)
    for wire, answer in answers.items():
        assert answer.status == 502
        assert explained(answer, wire) == "The upstream broke off before it answered."
    assert failures == {"upstream_unreachable": 3}
    assert len(provider.seen) == 3


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Le"])
def test_a_provider_that_hangs_is_a_504_after_the_read_timeout(
    proxy: Proxy, listening: socket.socket, said: bytes
) -> None:
    answers, failures = met(proxy, listening, Provider(then_waits(said)))
    for wire, answer in answers.items():
        assert answer.status == 504
        assert explained(answer, wire) == "The upstream did not answer in time."
    assert failures == {"upstream_timeout": 3}


@pytest.mark.parametrize("fault", CUT)
def test_an_answer_that_is_cut_is_cut_for_the_client_too(proxy: Proxy, listening: socket.socket, fault: str) -> None:
    answers, failures = met(proxy, listening, Provider(CUT[fault]))
    assert {(answer.status, answer.whole) for answer in answers.values()} == {(200, False)}
    assert failures == {"upstream_unreachable": 3}


@pytest.mark.parametrize("fault", HANGING)
def test_an_answer_that_stops_is_cut_after_the_read_timeout(proxy: Proxy, listening: socket.socket, fault: str) -> None:
    answers, failures = met(proxy, listening, Provider(HANGING[fault]))
    assert {(answer.status, answer.whole) for answer in answers.values()} == {(200, False)}
    assert failures == {"upstream_timeout": 3}


def test_slow_chunks_are_no_fault_however_long_all_of_them_take(proxy: Proxy, listening: socket.socket) -> None:
    parts = [b"data: %d\n\n" % n for n in range(12)]

    async def script(call: Call) -> None:
        await call.say(SSE_HEAD)
        for part in parts:
            await asyncio.sleep(READ_TIMEOUT / 8)
            await call.say(chunk(part))
        await call.say(b"0\r\n\r\n")

    answers, failures = met(proxy, listening, Provider(script))
    for answer in answers.values():
        assert (answer.status, answer.whole, answer.body) == (200, True, b"".join(parts))
    assert failures == {}


@pytest.mark.parametrize("after", [None, b"0", b"30", b"Sat, 22 Nov 2042 00:00:00 GMT"])
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 529])
def test_an_error_of_the_provider_is_relayed_as_it_came(
    proxy: Proxy, listening: socket.socket, status: int, after: bytes | None
) -> None:
    body = b'{ "error": {"type":"theirs", "message": "caf\\u00e9 1.0"} }'
    wait = b"" if after is None else b"Retry-After: %s\r\n" % after
    head = b"HTTP/1.1 %d Whatever\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n"
    answers, failures = met(proxy, listening, Provider(saying(head % (status, wait, len(body)) + body)))
    for answer in answers.values():
        assert (answer.status, answer.body) == (status, body)
        assert answer.values(b"retry-after") == ([] if after is None else [after])
    assert failures == {}


@pytest.mark.parametrize("status", [429, 502, 503, 529])
def test_a_provider_that_asks_for_a_moment_is_asked_again(
    patient: Proxy, listening: socket.socket, status: int
) -> None:
    busy = saying(b"HTTP/1.1 %d Busy\r\nRetry-After: 0\r\nContent-Length: 4\r\n\r\nbusy" % status)

    async def run(provider: Provider, wire: str) -> Answer:
        async with provider.on(listening):
            return await patient.ask(wire)

    for wire in WIRES:
        provider = Provider(busy, saying(OK))
        answer = in_time(run(provider, wire))
        assert (answer.status, answer.body) == (200, b"{}")
        first, second = provider.seen
        assert first.body == second.body


SURPLUS = {"garbage": b"not asked for", "another answer": b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nothers"}


@EVERY_WIRE
@pytest.mark.parametrize("surplus", SURPLUS)
@pytest.mark.parametrize("pause", [0.0, 0.05, 0.15])
def test_what_a_provider_sends_beyond_the_length_of_its_answer_reaches_nobody(
    proxy: Proxy, listening: socket.socket, pause: float, surplus: str, wire: str
) -> None:
    async def script(call: Call) -> None:
        if pause:
            await call.say(OK)
            await asyncio.sleep(pause)
            await call.say(SURPLUS[surplus])
        else:
            await call.say(OK + SURPLUS[surplus])

    async def run() -> list[Answer]:
        async with Provider(script, saying(OK)).on(listening):
            first = await proxy.ask(wire)
            await asyncio.sleep(0.2)
            return [first, await proxy.ask(wire)]

    first, second = in_time(run())
    assert (second.status, second.body) == (200, b"{}")
    if first.status == 200:
        assert first.body == b"{}"
    else:  # what came with the answer in one breath makes the whole of it doubtful
        assert (pause, surplus) == (0.0, "garbage")
        assert explained(first, wire) == "The upstream broke off before it answered."


def test_a_client_of_a_cut_stream_keeps_what_came(proxy: Proxy, listening: socket.socket) -> None:
    async def run() -> bytes:
        async with Provider(CUT["closes in mid-stream"]).on(listening), connected(proxy.port) as client:
            await client.send(post("openai"))
            await client.reader.readuntil(b"\r\n\r\n")
            return await client.reader.read()

    assert in_time(run()) == chunk(b'data: {"a": 1}\n\n')


def test_after_all_this_the_proxy_is_as_it_was(proxy: Proxy, listening: socket.socket) -> None:
    async def idle_then_reset(call: Call) -> None:
        await call.say(OK)
        await asyncio.sleep(0.05)
        reset(call)

    async def run() -> tuple[list[int], int]:
        async with Provider(idle_then_reset, saying(OK)).on(listening):
            statuses = []
            for _ in range(2):
                statuses.append((await proxy.ask()).status)
                await asyncio.sleep(0.2)
            return statuses, proxy.sockets

    statuses, sockets = in_time(run())
    assert statuses == [200, 200]
    assert sockets <= 8  # listening, the loop's own, one of the pool, one of a client
    assert "Traceback" not in proxy.said()
    assert "never retrieved" not in proxy.said()
