"""The soak in a short form: real processes under large bodies and slow readers; nothing fails, memory is bounded."""

import asyncio
import json

import pytest

from benchmarks.processes import Server
from benchmarks.soak import PATHS, Plan, Soak, report, request_of
from benchmarks.soak_provider import FLOOD, PACED, Provider, body_of
from benchmarks.upstream import WHOLE

SHORT = Plan(seconds=20, warm_up=5, agents=6, body_bytes=400_000, streams=20)


def test_under_large_bodies_and_slow_readers_nothing_fails_and_memory_stays_bounded():
    found = report(SHORT)
    failed, growth, peak = found.bars
    assert (failed.value, failed.held) == (0, True)
    assert peak.held
    assert growth.value < 50  # of a run this short; the full one holds it to its limit
    assert len(found.data["samples"]) >= SHORT.seconds / 2
    assert found.data["answered"] > SHORT.agents
    assert found.data["streamed"] >= SHORT.streams / 2
    json.dumps(found.as_json())


@pytest.mark.parametrize(("samples", "growth"), [([100] * 8, 0), ([100] * 4 + [110] * 4, 10), ([100, 900, 50, 100], 0)])
def test_growth_compares_the_ends_of_a_run(samples, growth):
    assert Soak(1, samples=samples).growth == pytest.approx(growth)


def test_an_agent_resends_all_but_its_newest_tool_output():
    server = Server(0, "127.0.0.1", 1, 0.0)
    for agent in range(len(PATHS)):
        first, second = (request_of(server, agent, turn, 50_000).partition(b"\r\n\r\n")[2] for turn in (0, 1))
        assert json.loads(first)["tools"]
        assert len(first) == len(second)
        same = next(n for n, pair in enumerate(zip(first, second, strict=True)) if pair[0] != pair[1])
        assert same > len(first) * 0.7


class Written:
    """Stands for a transport; keeps what is written."""

    def __init__(self):
        self.data = b""

    def write(self, data):
        self.data += data


def answered(*parts):
    """Return what the provider says to a request in these parts, without the pauses of a paced stream."""

    async def run():
        provider, way = Provider(), Written()
        provider._transport = way
        for part in parts:
            provider.data_received(part)
        return way.data

    return asyncio.run(run())


@pytest.mark.parametrize("cut", [1, 20, 48, 60, 64])
def test_the_provider_answers_a_request_however_it_is_cut(cut):
    request = b"POST /v1/x HTTP/1.1\r\nhost: a\r\nContent-Length: 12\r\n\r\n" + b"x" * 12
    assert answered(request[:cut], request[cut:]) == WHOLE
    assert answered(request, request) == WHOLE * 2


def test_a_flood_comes_whole_and_a_paced_stream_begins():
    ask = b"POST /v1/x HTTP/1.1\r\nx-soak: %s\r\nContent-Length: 2\r\n\r\n{}"
    flood = answered(ask % b"flood")
    assert flood.count(FLOOD) * len(FLOOD) + len(b"data: [DONE]\n\n") == len(body_of("flood"))
    assert flood.endswith(b"0\r\n\r\n")
    assert answered(ask % b"paced").count(PACED) == 1
