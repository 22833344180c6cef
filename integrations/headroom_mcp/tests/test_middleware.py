"""What middleware does to results of every form, on both kinds of servers."""

import asyncio
import json
from contextlib import asynccontextmanager
from typing import Any

import fastmcp.server
import fastmcp.tools
import pytest
from fastmcp import Client, FastMCP
from fastmcp.server.middleware import Middleware
from mcp.types import Annotations, CallToolResult, EmbeddedResource, ImageContent, TextContent, TextResourceContents
from support.retrieval import handles_in, long_sample
from support.samples import sample

from headroom.proxy.config import ProxyConfig
from headroom_mcp import HeadroomMCPMiddleware
from headroom_mcp.tests.mcp_running import Result, run
from headroom_mcp.tests.test_contract import HAS_SEAM

ROWS = sample("json_rows")
LOG = long_sample("long_log")
CONFIG = ProxyConfig(marker_key="key", block_seconds=60, request_seconds=120)


class OnFastMCP:
    error = RuntimeError

    def __init__(self, *middleware):
        self.server = FastMCP("records", middleware=list(middleware))

    def tool(self, function):
        self.server.tool(function)

    @asynccontextmanager
    async def client(self):
        async with Client(self.server) as client:
            yield client.call_tool_mcp


class OnServerOfTheSDK:
    @property
    def error(self):
        from mcp.server.mcpserver.exceptions import ToolError

        return ToolError  # the texts of others are not passed on

    def __init__(self, *middleware):
        from mcp.server.mcpserver import MCPServer

        self.server = MCPServer("records", middleware=list(middleware))

    def tool(self, function):
        self.server.tool()(function)

    @asynccontextmanager
    async def client(self):
        from mcp import Client

        async with Client(self.server) as client:
            yield client.call_tool


def middleware_of(kind, config=CONFIG, **settings):
    if kind is OnFastMCP:
        return HeadroomMCPMiddleware(config, **settings)
    from headroom_mcp import HeadroomServerMiddleware

    return HeadroomServerMiddleware(config, **settings)


kinds = pytest.mark.parametrize(
    "kind",
    [
        OnFastMCP,
        pytest.param(OnServerOfTheSDK, marks=pytest.mark.skipif(not HAS_SEAM, reason="release 1 has no middleware")),
    ],
)


def called(house, name, **arguments):
    """Call a tool; return the result as it stands on the wire."""

    async def talk():
        async with house.client() as call:
            return (await call(name, arguments)).model_dump(by_alias=True, mode="json", exclude_none=True)

    return run(talk())


def with_and_without(kind, function, **arguments):
    houses = kind(), kind(middleware_of(kind))
    for house in houses:
        house.tool(function)
    return [called(house, function.__name__, **arguments) for house in houses]


@kinds
def test_structured_content_stays_and_the_text_beside_it_gets_short(kind):
    def records(day: int) -> dict[str, Any]:
        return {"day": day, "rows": json.loads(ROWS)}

    plain, short = with_and_without(kind, records, day=3)
    assert short["structuredContent"] == plain["structuredContent"] == {"day": 3, "rows": json.loads(ROWS)}
    assert len(short["content"][0]["text"]) < len(plain["content"][0]["text"]) / 1.3
    assert {**short, "content": 0} == {**plain, "content": 0}


@kinds
def test_blocks_that_are_not_for_models_or_not_texts_stay(kind):
    uri = "file:///log"
    blocks = [
        TextContent(type="text", text=ROWS),
        ImageContent.model_validate({"type": "image", "data": "AAAA", "mimeType": "image/png"}),
        TextContent(type="text", text=ROWS, annotations=Annotations(audience=["user"])),
        EmbeddedResource(type="resource", resource=TextResourceContents(uri=uri, text=ROWS)),
        TextContent.model_validate({"type": "text", "text": ROWS, "_meta": {"a": 1}, "annotations": {"priority": 0.5}}),
    ]

    def records():
        return blocks

    plain, short = (one["content"] for one in with_and_without(kind, records))
    assert [a == b for a, b in zip(plain, short, strict=True)] == [False, True, True, True, False]
    assert short[0]["text"] == short[4]["text"] != ROWS
    assert {**short[4], "text": ROWS} == plain[4]
    assert [block.text for block in blocks if isinstance(block, TextContent)] == [ROWS] * 3


@kinds
def test_errors_stay_whole(kind):
    def records():
        raise kind().error(LOG)

    plain, short = with_and_without(kind, records)
    assert short == plain
    assert short["isError"]
    assert LOG in short["content"][0]["text"]


@kinds
def test_tools_whose_exact_text_matters_stay(kind):
    def read_file():
        return ROWS

    plain, short = with_and_without(kind, read_file)
    assert short == plain


@kinds
def test_nothing_is_left_out_unless_clients_can_ask(kind):
    def read_log() -> str:
        return LOG

    _, short = with_and_without(kind, read_log)
    assert handles_in(short["content"][0]["text"]) == []


@kinds
def test_with_retrieval_more_is_left_out_and_the_tool_gives_it_back(kind):
    def read_log() -> str:
        return LOG

    headroom = middleware_of(kind, retrieval=True)
    house = kind(headroom)
    house.tool(read_log)
    house.tool(headroom.headroom_retrieve)
    short = called(house, "read_log")
    [handle] = handles_in(short["content"][0]["text"])
    assert short["structuredContent"] == {"result": LOG}
    assert called(house, "headroom_retrieve", hash=handle)["content"][0]["text"] == LOG
    assert (
        called(house, "headroom_retrieve", hash=handle, lines="2-2")["content"][0]["text"] == LOG.split("\n")[1] + "\n"
    )
    stats = headroom.get_stats()
    assert (stats["retrievals"], stats["misses"], stats["failures"]) == (2, 0, 0)
    assert stats["tokens_saved"] > 1000
    headroom.close()


@kinds
def test_the_tool_for_retrieval_takes_what_the_proxys_takes(kind):
    from headroom.ccr.tool import definition

    headroom = middleware_of(kind, retrieval=True)
    house = kind(headroom)
    house.tool(headroom.headroom_retrieve)
    spoken = definition("anthropic")["input_schema"]

    async def listed():
        tools = await house.server.list_tools() if kind is OnServerOfTheSDK else None
        if tools is None:
            async with Client(house.server) as client:
                tools = await client.list_tools()
        return [tool.model_dump(by_alias=True) for tool in tools]

    (tool,) = asyncio.run(listed())
    assert tool["name"] == "headroom_retrieve"
    assert list(tool["inputSchema"]["properties"]) == list(spoken["properties"])
    assert tool["inputSchema"]["required"] == spoken["required"]
    assert "[... | headroom_retrieve hash=...]" in tool["description"]


def test_results_that_another_middleware_keeps_are_not_changed():
    kept = []

    class Keeping(Middleware):
        async def on_call_tool(self, context, call_next):
            kept.append(await call_next(context))
            return kept[-1]

    house = OnFastMCP(HeadroomMCPMiddleware(CONFIG), Keeping())

    def records():
        return ROWS

    house.tool(records)
    assert called(house, "records")["content"][0]["text"] != ROWS
    assert kept[0].content[0].text == ROWS


@kinds
@pytest.mark.parametrize("is_error", [False, True])
def test_results_that_a_tool_has_made_itself_get_short_unless_they_are_errors(kind, is_error):
    if kind is OnFastMCP and not hasattr(getattr(fastmcp.tools, "ToolResult", None), "from_mcp_result"):
        pytest.skip("this release of FastMCP takes them for any other value")
    wire = {"content": [{"type": "text", "text": ROWS}], "structuredContent": {"rows": 40}, "_meta": {"page": 1}}
    made = CallToolResult.model_validate({**wire, "isError": is_error})

    def records():
        return made

    plain, short = with_and_without(kind, records)
    assert (short["content"] == plain["content"]) == is_error
    assert {**short, "content": 0} == {**plain, "content": 0}
    assert made.content[0].text == ROWS


def proxy_of(server):
    """A server before another, as this release of FastMCP makes it."""
    if hasattr(fastmcp.server, "create_proxy"):
        return fastmcp.server.create_proxy(server)
    return FastMCP.as_proxy(server)


def test_results_of_a_server_behind_this_one_get_short_too():
    behind = FastMCP("behind")

    def records() -> dict[str, Any]:
        return {"rows": json.loads(ROWS)}

    behind.tool(records)
    front = proxy_of(behind)
    front.add_middleware(HeadroomMCPMiddleware(CONFIG))

    async def talk():
        async with Client(front) as client, Client(behind) as direct:
            return [Result.of(await one.call_tool_mcp("records", {})) for one in (client, direct)]

    short, plain = run(talk())
    assert short.structured == plain.structured == {"rows": json.loads(ROWS)}
    assert len(short.texts[0]) < len(plain.texts[0]) / 1.3


@kinds
def test_large_texts_do_not_keep_the_event_loop(kind, monkeypatch):
    import threading

    from headroom.integrations.adapter import Adapter

    threads = []
    counted = Adapter._counted

    def noting(self, *given, **also):
        threads.append(threading.current_thread() is threading.main_thread())
        return counted(self, *given, **also)

    monkeypatch.setattr(Adapter, "_counted", noting)

    def large() -> str:
        return LOG * 3

    def small() -> str:
        return ROWS[:3000]

    house = kind(middleware_of(kind))
    house.tool(large)
    house.tool(small)
    called(house, "large")
    called(house, "small")
    assert threads == [False, True]
