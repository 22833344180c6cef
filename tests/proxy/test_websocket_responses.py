"""Requests on a Responses socket are compressed as bodies of HTTP requests are; everything else stays as it is."""

import asyncio
import json
import threading

import pytest
from ccr.scripts import Call, said, usage
from proxy.sockets import Booked, Provider, answer_on, frames, through
from support.retrieval import long_sample
from websockets.exceptions import ConnectionClosedError

from headroom.proxy.interceptors.base import BaseInterceptor

LOG = long_sample("long_log")
TOOL = {"type": "function", "name": "run_command", "parameters": {"type": "object"}}


def called(number=0, name="run_command", arguments='{"command": "ls"}'):
    return {"type": "function_call", "call_id": f"c{number}", "name": name, "arguments": arguments}


def output(number=0, text=LOG):
    return {"type": "function_call_output", "call_id": f"c{number}", "output": text}


def create(*items, **also):
    """A request as a client spells it, so that writing it anew would show."""
    request = {"type": "response.create", "model": "gpt-5", "temperature": 1.0, "input": list(items), **also}
    return json.dumps(request, indent=1).replace('"temperature": 1.0', '"temperature" :1.00')


def conversation(requests, answers=None, booked=None, **options):
    """Send requests one after the other; return what the provider got, and what the client."""
    answers = answers or [frames(said("Yes.", number=n)) for n in range(1, len(requests) + 1)]

    async def script(socket):
        for answer in answers:
            await socket.recv()
            await socket.say(*answer)
        await socket.wait_closed()

    async def act(socket):
        heard = []
        for request in requests:
            await socket.send(request)
            heard.append(await answer_on(socket))
        return heard

    provider = Provider(script)
    extensions = [] if booked is None else [booked]
    settings = {"optimize": True, "retrieval": "off", "pipeline_extensions": extensions, **options}
    return provider, through(provider, act, **settings)


def outputs_in(frame):
    return [item["output"] for item in json.loads(frame)["input"] if item.get("type") == "function_call_output"]


# ---- requests


def test_outputs_in_a_request_become_shorter_and_all_else_stays_byte_for_byte():
    request = create(called(), output(), metadata={"n": 10**30})
    provider, heard = conversation([request])
    (text,) = outputs_in(provider.got[0])
    assert len(text) < len(LOG)
    before, behind = request.split(json.dumps(LOG))
    assert provider.got[0].startswith(before)
    assert provider.got[0].endswith(behind)
    assert heard == [frames(said("Yes."))]


def test_a_request_under_the_key_response_is_compressed_in_its_place():
    inner = json.loads(create(called(), output()))
    del inner["type"]
    request = json.dumps({"event_id": "e1", "type": "response.create", "response": inner}, indent=2)
    provider, _ = conversation([request])
    got = json.loads(provider.got[0])
    text = got["response"]["input"][1]["output"]
    assert len(text) < len(LOG)
    before, behind = request.split(json.dumps(LOG))
    assert provider.got[0].startswith(before)
    assert provider.got[0].endswith(behind)


def test_a_prewarming_request_has_the_tools_of_those_that_follow():
    prewarm = create(generate=False, tools=[TOOL])
    following = create(called(), output(), tools=[TOOL], previous_response_id="resp_1")
    provider, heard = conversation([prewarm, following], retrieval="tool")
    first, second = map(json.loads, provider.got)
    assert first["generate"] is False
    assert first["input"] == []
    assert first["tools"] == second["tools"]
    assert [tool["name"] for tool in first["tools"]] == ["run_command", "headroom_retrieve"]
    assert heard == [frames(said("Yes.", number=n)) for n in (1, 2)]


@pytest.mark.parametrize("name", ["long_log", "long_csv", "long_search", "long_rows"])
@pytest.mark.parametrize("retrieval", ["off", "tool"])
def test_an_incremental_request_comes_out_as_if_it_said_all_that_went_before(name, retrieval):
    text, booked = long_sample(name), (Booked(), Booked())
    made_by = {"arguments": json.dumps({"command": "cat src/queues.py"})}
    asked = {"role": "user", "content": "What failed in the router at ten?"}
    answers = [frames(said("Hm.", Call("c0", "run_command", **made_by))), frames(said("Yes.", number=2))]
    whole, _ = conversation(
        [create(asked, called(**made_by), output(text=text), tools=[TOOL])], booked=booked[0], retrieval=retrieval
    )
    steps = [create(asked, tools=[TOOL]), create(output(text=text), tools=[TOOL], previous_response_id="resp_1")]
    provider, _ = conversation(steps, answers, booked[1], retrieval=retrieval)
    assert outputs_in(provider.got[1]) == outputs_in(whole.got[0])
    assert outputs_in(provider.got[1]) != [text]
    before, behind = steps[1].split(json.dumps(text))
    assert provider.got[1].startswith(before)
    if retrieval == "off":
        assert provider.got[0] == steps[0]
        assert provider.got[1].endswith(behind)
    (told,) = booked[1].exchanges[1].outcome.decisions
    assert told.path == ("input", 0, "output")
    assert told.tokens_saved == booked[0].exchanges[0].outcome.tokens_saved


def test_the_output_of_a_tool_that_is_left_alone_stays_in_an_incremental_request_too():
    answers = [
        frames(said(Call("c0", "Read", "{}"), Call("c1", "run_command", "{}"))),
        frames(said("Yes.", number=2)),
    ]
    second = create(output(0), output(1, long_sample("long_rows")), previous_response_id="resp_1")
    provider, _ = conversation([create(), second], answers)
    kept, shortened = outputs_in(provider.got[1])
    assert kept == LOG
    assert len(shortened) < len(long_sample("long_rows"))
    assert [item["type"] for item in json.loads(provider.got[1])["input"]] == ["function_call_output"] * 2


@pytest.mark.parametrize(
    "frame",
    [
        json.dumps({"type": "response.steer", "previous_response_id": "r", "input": LOG}, indent=1),
        json.dumps({"type": "response.cancel"}),
        json.dumps([{"type": "response.create", "input": [output()]}]),
        '{"type": "response.create", "input": [',
        '{"type": "response.create"} and more',
        "no json",
        "",
        json.dumps({"type": ["response.create"]}),
        json.loads("0"),
        create(called(), output()).encode(),
    ],
    ids=lambda frame: str(frame)[:30],
)
def test_what_is_no_request_is_relayed_as_it_is(frame):
    message = str(frame) if isinstance(frame, int) else frame

    async def echo(socket):
        await socket.send(await socket.recv())

    async def act(socket):
        await socket.send(message)
        return await socket.recv()

    provider = Provider(echo)
    assert through(provider, act, optimize=True) == message
    assert provider.got == [message]


@pytest.mark.parametrize("body", ["[]", '{"response": 3}', '{"input": 5, "response": {"input": []}}', "{}"])
def test_a_request_that_cannot_be_read_is_sent_as_it_came(body):
    values = json.loads(body)
    request = json.dumps({"type": "response.create", **(values if isinstance(values, dict) else {"input": values})})
    provider, heard = conversation([request], optimize=True)
    assert provider.got == [request]
    assert heard == [frames(said("Yes."))]


def test_sockets_of_other_apis_are_relayed_unread():
    request = create(called(), output())

    async def echo(socket):
        await socket.send(await socket.recv())

    async def act(socket):
        await socket.send(request)
        return await socket.recv()

    assert through(Provider(echo), act, "/v1/realtime", optimize=True) == request


# ---- headers of ours, refusals, accounting


def asked_with(headers, request, booked=None):
    async def script(socket):
        await socket.recv()
        await socket.say(*frames(said("Yes.")))
        await socket.wait_closed()

    async def act(socket):
        await socket.send(request)
        return await answer_on(socket)

    provider = Provider(script)
    extensions = [] if booked is None else [booked]
    options = {"optimize": True, "retrieval": "off", "pipeline_extensions": extensions}
    return provider, through(provider, act, connecting={"additional_headers": headers}, **options)


def test_bypass_in_the_handshake_leaves_requests_as_they_came():
    request, booked = create(called(), output()), Booked()
    provider, _ = asked_with({"x-headroom-bypass": "true"}, request, booked)
    assert provider.got == [request]
    assert "x-headroom-bypass" not in provider.handshakes[0].headers
    assert booked.exchanges[0].outcome.note == "bypass"


def test_a_request_that_the_gateway_refuses_gets_an_error_event_and_is_not_sent():
    provider, heard = asked_with({"x-headroom-mode": "sideways"}, create(stream_id="lane 7"))
    (error,) = map(json.loads, heard)
    assert (error["type"], error["status"], error["stream_id"]) == ("error", 400, "lane 7")
    assert "x-headroom-mode" in error["error"]["message"]
    assert provider.got == []


def test_a_request_over_the_limit_is_told_when_to_come_again_and_the_socket_stays_open():
    requests = [create(called(), output(), stream_id="a"), create(stream_id="a"), create(stream_id="a")]
    provider, heard = conversation(requests, [frames(said("Yes."), stream_id="a")], rpm=1)
    assert heard[0] == frames(said("Yes."), stream_id="a")
    for refused in heard[1:]:
        (error,) = map(json.loads, refused)
        assert (error["type"], error["status"], error["stream_id"]) == ("error", 429, "a")
        assert int(error["error"]["headers"]["retry-after"]) > 0
    assert len(provider.got) == 1


def test_every_request_is_booked_with_the_usage_that_its_answer_reports():
    booked = Booked()
    requests = [create(called(), output()), create({"role": "user", "content": "And?"}, previous_response_id="resp_1")]
    conversation(requests, booked=booked)
    first, second = booked.exchanges
    assert (first.route, first.provider, first.wire, first.model) == (
        "openai.responses",
        "openai",
        "openai-responses",
        "gpt-5",
    )
    assert (first.status, first.streamed, first.error) == (200, True, "")
    assert first.outcome.tokens_saved > 0
    assert second.outcome.tokens_saved == 0
    for n, exchange in enumerate(booked.exchanges, start=1):
        told = usage("openai-responses", n)
        assert (exchange.usage.input, exchange.usage.output) == (told["input_tokens"], told["output_tokens"])
    assert first.request_id != second.request_id


def test_an_error_of_the_provider_is_relayed_as_it_is_and_booked_with_its_status():
    booked = Booked()
    refused = '{"type":"error", "status" : 400,"error":{"code":"previous_response_not_found","message":"No."}}'
    requests = [create(previous_response_id="resp_0"), create()]
    _, heard = conversation(requests, [[refused], frames(said("Yes."))], booked)
    assert heard == [[refused], frames(said("Yes."))]
    assert [exchange.status for exchange in booked.exchanges] == [400, 200]


# ---- answers


def test_events_pass_byte_for_byte_however_they_are_spelled():
    events = frames(said("Grüße"))
    spelled = [
        events[0],
        '{\r\n "type" : "response.future",\n\n "n":10000000000000000000000000, "x":1.0}\n',
        "no json",
        '{"type":"response.output_text.delta","delta":"\\u00e9\\/ \u2028","output_index":0}',
        *events[1:],
    ]
    _, heard = conversation([create(tools=[TOOL])], [spelled], retrieval="tool")
    assert heard == [spelled]


def test_halves_of_surrogate_pairs_neither_change_nor_hold_up_an_answer():
    torn = [event.replace("Yes", r"\ud83d") for event in frames(said("Yes."))]
    assert sum(r"\ud83d" in event for event in torn) > 1
    _, heard = conversation([create(), create()], [torn, frames(said("Yes.", number=2))])
    assert heard == [torn, frames(said("Yes.", number=2))]


def test_large_messages_pass_in_both_directions():
    image = json.dumps({"type": "response.image", "image": "x" * 20_000_000})
    answer = frames(said("Yes."))
    request = create({"role": "user", "content": "y" * 3_000_000})
    provider, heard = conversation([request], [[answer[0], image, *answer[1:]]])
    assert provider.got == [request]
    assert heard == [[answer[0], image, *answer[1:]]]


def test_requests_of_two_lanes_are_under_way_at_once_and_those_of_one_lane_in_order():
    booked = Booked()

    async def script(socket):
        lanes = [(await socket.asked())["stream_id"] for _ in range(2)]
        a, b = (frames(said("Yes.", number=n), stream_id=lane) for n, lane in enumerate(lanes, start=1))
        for pair in zip(a, b, strict=True):
            await socket.say(*pair)
        third = await socket.asked()
        await socket.say(*frames(said("Third.", number=3), stream_id=third["stream_id"]))
        await socket.wait_closed()

    async def act(socket):
        for lane in ("one", "two", "one"):
            await socket.send(create(called(), output(), stream_id=lane))
        return [frame for _ in range(3) for frame in await answer_on(socket)]

    provider = Provider(script)
    heard = through(provider, act, optimize=True, retrieval="off", pipeline_extensions=[booked])
    one, two = frames(said("Yes."), stream_id="one"), frames(said("Yes.", number=2), stream_id="two")
    third = frames(said("Third.", number=3), stream_id="one")
    assert heard == [event for pair in zip(one, two, strict=True) for event in pair] + third
    assert len(booked.exchanges) == 3
    assert [json.loads(got)["stream_id"] for got in provider.got] == ["one", "two", "one"]


def test_a_provider_that_names_no_lanes_is_understood_too():
    booked = Booked()
    requests = [create(called(), output(), stream_id="one") for _ in range(2)]
    _, heard = conversation(requests, booked=booked)
    assert heard == [frames(said("Yes.", number=n)) for n in (1, 2)]
    assert [exchange.status for exchange in booked.exchanges] == [200, 200]


def test_a_client_that_asks_for_very_much_at_once_is_answered_in_order():
    async def script(socket):
        for number in range(1, 201):
            await socket.recv()
            await socket.say(*frames(said("Yes.", number=number)))
        await socket.wait_closed()

    async def act(socket):
        for _ in range(200):
            await socket.send(create({"role": "user", "content": "y" * 10_000}))
        return [await answer_on(socket) for _ in range(200)]

    heard = through(Provider(script), act, optimize=True)
    assert heard == [frames(said("Yes.", number=n)) for n in range(1, 201)]


def test_a_request_whose_client_leaves_while_it_is_worked_on_is_not_sent():
    booked, begun, left = Booked(), threading.Event(), threading.Event()

    class Slow(BaseInterceptor):
        def intercept(self, payload):
            begun.set()
            left.wait(10)
            return payload

    provider = Provider(lambda socket: socket.wait_closed())

    async def act(socket):
        await socket.send(create({"role": "user", "content": "y" * 100_000}))
        await asyncio.to_thread(begun.wait, 10)
        await socket.close()
        await asyncio.sleep(0.1)
        left.set()
        await provider.closed.get()

    through(provider, act, interceptors=[Slow()], pipeline_extensions=[booked])
    assert provider.got == []
    assert [exchange.error for exchange in booked.exchanges] == ["client_left"]


def test_an_answer_that_the_client_leaves_is_booked_as_left():
    booked = Booked()

    async def script(socket):
        await socket.recv()
        await socket.say(*frames(said("Yes."))[:3])
        await socket.wait_closed()

    async def act(socket):
        await socket.send(create())
        await socket.recv()

    provider = Provider(script)
    through(provider, act, pipeline_extensions=[booked])
    assert [exchange.error for exchange in booked.exchanges] == ["client_left"]


def test_an_answer_that_the_provider_breaks_off_is_booked_so_and_the_client_gets_what_there_was():
    booked = Booked()
    begun, heard = frames(said("Yes."))[:3], []

    async def script(socket):
        await socket.recv()
        await socket.say(*begun)
        await socket.close(4000, "enough")

    async def act(socket):
        await socket.send(create(tools=[TOOL]))
        heard.extend([await socket.recv() for _ in begun])
        await socket.recv()

    options = {"optimize": True, "retrieval": "tool", "pipeline_extensions": [booked]}
    with pytest.raises(ConnectionClosedError) as ended:
        through(Provider(script), act, **options)
    assert (ended.value.rcvd.code, ended.value.rcvd.reason) == (4000, "enough")
    assert heard == begun
    assert [exchange.error for exchange in booked.exchanges] == ["upstream_closed"]
