"""The server as a process that its client starts: the official client, and one that looks at every byte."""

import json
import subprocess

import pytest
from support.processes import environment
from support.retrieval import handles_in, long_sample

from headroom_mcp.tests.mcp_running import COMMAND, PATIENT, over_stdio, run

LOG = long_sample("long_log")
TOOLS = ["headroom_compress", "headroom_retrieve", "headroom_stats"]


def test_the_clients_of_the_sdk_list_and_call_the_tools():
    async def talk():
        async with over_stdio() as client:
            tools = await client.tools()
            assert list(tools) == TOOLS
            assert tools["headroom_retrieve"]["inputSchema"]["required"] == ["hash"]
            short = await client.call("headroom_compress", text=LOG, tool="read_log")
            [handle] = handles_in(short.texts[0])
            assert short.meta["headroom"]["hashes"] == [handle]
            assert (await client.call("headroom_retrieve", hash=handle)).texts == [LOG]
            stats = await client.call("headroom_stats")
            assert stats.structured["retrievals"] == 1

    run(talk())


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("headroom_compress", {}), ("headroom_compress", {"text": 3}), ("headroom_retrieve", {}), ("headroom_nope", {})],
)
def test_bad_input_is_an_error_of_the_tool_and_the_server_goes_on(name, arguments):
    async def talk():
        async with over_stdio() as client:
            assert (await client.call(name, **arguments)).is_error
            assert not (await client.call("headroom_compress", text="short")).is_error

    run(talk())


def line(method, number=None, **params):
    message = {"jsonrpc": "2.0", "method": method} | ({"params": params} if params else {})
    return json.dumps(message if number is None else {**message, "id": number})


HELLO = [
    line("initialize", 1, protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "t", "version": "0"}),
    line("notifications/initialized"),
]

TALKATIVE = """
import logging, sys
print("printed while it is loaded")
logging.basicConfig(level=logging.DEBUG)
import headroom.integrations.adapter as adapter
counted = adapter.Adapter._counted
def talkative(self, *given, **also):
    print("printed while it works")
    return counted(self, *given, **also)
adapter.Adapter._counted = talkative
from headroom.cli import main
sys.exit(main(["mcp"]))
""".replace('print("printed while it is loaded")\n', "")


def conversation(lines, command=COMMAND):
    """Send lines to a server and close its input; return the answers by id, its standard error and status."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**PATIENT),
    )
    with process:
        process.stdin.write("".join(f"{one}\n" for one in lines))
        process.stdin.flush()
        wanted = sum('"id"' in one for one in lines if one.startswith("{"))
        answers = {}
        while len(answers) < wanted:
            answer = json.loads(process.stdout.readline())
            assert answer["jsonrpc"] == "2.0"
            if "id" in answer:
                answers[answer["id"]] = answer
        process.stdin.close()
        rest, errors = process.stdout.read(), process.stderr.read()
        assert [json.loads(one)["jsonrpc"] for one in rest.splitlines()] == ["2.0"] * len(rest.splitlines())
        return answers, errors, process.wait(30)


def test_standard_output_carries_the_protocol_only():
    import sys

    compress = line("tools/call", 2, name="headroom_compress", arguments={"text": LOG})
    answers, errors, status = conversation([*HELLO, compress], [sys.executable, "-c", TALKATIVE])
    assert handles_in(answers[2]["result"]["content"][0]["text"])
    assert "printed while it works" in errors
    assert status == 0


def test_lines_that_are_no_messages_end_nothing():
    lines = [*HELLO, "this is no JSON", "[]", '{"jsonrpc": "2.0"}', line("ping", 2)]
    answers, _, status = conversation(lines)
    assert answers[2]["result"] == {}
    assert status == 0


def test_the_server_says_who_it_is():
    answers, errors, _ = conversation(HELLO)
    said = answers[1]["result"]
    assert said["serverInfo"]["name"] == "headroom"
    assert "headroom_retrieve" in said["instructions"]
    assert "no store is named" in errors
