"""The socket client of the real OpenAI SDK, in front of the proxy."""

import asyncio
import json

from ccr.scripts import Call, said
from openai import AsyncOpenAI
from proxy.sockets import Provider, frames, proxied
from proxy.test_websocket_retrieval import OURS, TOOL, asking, request


def test_the_sdk_sees_one_answer_where_the_model_asked_for_an_original():
    got = []

    async def script(socket):
        got.append(await socket.asked())
        await socket.say(*frames(said("Hm.", asking(got[0]))))
        got.append(await socket.asked())
        await socket.say(*frames(said("It was the router.", Call("c1", "run_command", "{}"), number=2)))
        got.append(await socket.asked())
        await socket.say(*frames(said("Bye.", number=3)))
        await socket.wait_closed()

    async def run():
        async with proxied(Provider(script), optimize=True, retrieval="tool") as url:
            asked = {key: value for key, value in json.loads(request()).items() if key != "type"}
            client = AsyncOpenAI(base_url=url.replace("ws://", "http://") + "/v1", api_key="sk-key")
            async with client, client.responses.connect() as connection:
                first = await answer(connection, **asked)
                output = {"type": "function_call_output", "call_id": "c1", "output": "done"}
                more = {"model": "gpt-5", "tools": [TOOL], "input": [output], "previous_response_id": first.id}
                return first, await answer(connection, **more)

    async def answer(connection, **request):
        await connection.response.create(**request)
        return [event.response async for event in until_completed(connection)][-1]

    async def until_completed(connection):
        async for event in connection:
            if event.type == "response.completed":
                yield event
                return

    first, second = asyncio.run(run())
    assert first.output_text == "Hm.It was the router."
    assert [item.name for item in first.output if item.type == "function_call"] == ["run_command"]
    assert first.usage.output_tokens == 3
    assert second.output_text == "Bye."
    assert [one.get("previous_response_id") for one in got] == [None, "resp_1", "resp_2"]
    assert got[1]["input"][0]["call_id"] == "ask_1"
    assert OURS in [tool["name"] for tool in got[0]["tools"]]
