"""The channel `mcp` end to end: what a real proxy leaves out, the server gives to the agent's client."""

import json

import pytest
from support.processes import ask, last_received, provider, proxy
from support.retrieval import handles_in, long_sample
from support.wires import Step, body_of, outputs_of

from headroom_mcp.tests.mcp_running import over_stdio, run

TEXT = long_sample("long_log") + "\nümläut \u2028 and \x00 and an end without a line feed"
SERVER = "mcp__headroom__"


@pytest.fixture(scope="module")
def upstream():
    with provider() as url:
        yield url


async def body_with(tools):
    """A request of an agent whose client has the server's tools, under the prefix that clients put before them."""
    body = body_of("openai-chat", [Step(TEXT)], tools=True)
    for name, tool in tools.items():
        spoken = {"name": SERVER + name, "description": tool["description"], "parameters": tool["inputSchema"]}
        body["tools"].append({"type": "function", "function": spoken})
    return json.dumps(body).encode()


@pytest.mark.parametrize("tenant", ["", "team"])
def test_what_the_proxy_leaves_out_comes_back_byte_for_byte(tenant, upstream, tmp_path):
    store = f"sqlite:{tmp_path}/originals.db"
    also = ("--tenant", tenant) if tenant else ()

    async def talk():
        with proxy(upstream, "--retrieval", "mcp", "--store", store, *also) as (base, _):
            async with over_stdio("--store", store, *also) as client:
                body = await body_with(await client.tools())
                assert ask(base, "POST", "/v1/chat/completions", body, authorization="Bearer one")[0] == 200
                sent = json.loads(last_received(upstream))
                assert sent["tools"] == json.loads(body)["tools"]
                [handle] = handles_in(outputs_of("openai-chat", sent)[0])
                assert (await client.call("headroom_retrieve", hash=handle)).texts == [TEXT]
                lines = await client.call("headroom_retrieve", hash=handle, lines="118")
                assert "request 4711 failed" in lines.texts[0]
        async with over_stdio("--store", store, "--tenant", "others") as stranger:
            assert "unknown" in (await stranger.call("headroom_retrieve", hash=handle)).texts[0]

    run(talk())


def test_what_is_retrieved_is_not_shortened_again(upstream, tmp_path):
    store = f"sqlite:{tmp_path}/originals.db"

    async def talk():
        with proxy(upstream, "--retrieval", "mcp", "--store", store) as (base, _):
            async with over_stdio("--store", store) as client:
                body = json.loads(await body_with(await client.tools()))
                calls = json.dumps(body["messages"]).replace('"run_command"', f'"{SERVER}headroom_retrieve"')
                body["messages"] = json.loads(calls)
                ask(base, "POST", "/v1/chat/completions", json.dumps(body).encode())
                assert outputs_of("openai-chat", json.loads(last_received(upstream))) == [TEXT]

    run(talk())


def test_the_server_finds_the_proxys_store_in_the_proxys_file(upstream, tmp_path):
    store = f"sqlite:{tmp_path}/originals.db"
    file = tmp_path / "headroom.toml"
    file.write_text(f'retrieval = "mcp"\nstore = "{store}"\ntenant = "team"\n')

    async def talk():
        with proxy(upstream, "--config", str(file)) as (base, _):
            async with over_stdio("--config", str(file)) as client:
                ask(base, "POST", "/v1/chat/completions", await body_with(await client.tools()))
                [handle] = handles_in(outputs_of("openai-chat", json.loads(last_received(upstream)))[0])
                assert (await client.call("headroom_retrieve", hash=handle)).texts == [TEXT]

    run(talk())
