"""Originals that the model asks for on a Responses socket: the client sees one answer, the provider a chain of them."""

import json

import pytest
from ccr.scripts import Call, Thought, said, usage
from proxy.sockets import Booked, Provider, answer_on, frames, read_frames, through
from support.retrieval import handles_in, long_sample
from websockets.exceptions import ConnectionClosedError

from headroom.ccr.retriever import NO_MORE, NOT_A_HASH

LOG = long_sample("long_log")
OURS = "headroom_retrieve"
TOOL = {"type": "function", "name": "run_command", "parameters": {"type": "object"}}
THEIR_CALL = Call("call_b", "run_command", '{"command": "ls"}')
OPTIONS = {"optimize": True, "retrieval": "tool"}


def request(**also):
    """A request whose tool output is so long that something of it is left out."""
    items = [
        {"role": "user", "content": "What failed?"},
        {"type": "function_call", "call_id": "c0", "name": "run_command", "arguments": '{"command": "ls"}'},
        {"type": "function_call_output", "call_id": "c0", "output": LOG},
    ]
    return json.dumps({"type": "response.create", "model": "gpt-5", "tools": [TOOL], "input": items, **also})


def asking(got, call="ask_1"):
    """The call for the original that a request's output points to."""
    (handle,) = handles_in(got["input"][-1]["output"])
    return Call(call, OURS, json.dumps({"hash": handle}))


class Conversation:
    """A provider that goes through answers, each made from the request that it answers; `got` are these."""

    def __init__(self, *answers, **also):
        self.answers = answers
        self.got = []
        self.also = also
        self.booked = Booked()

    async def script(self, socket):
        for answer in self.answers:
            got = await socket.asked()
            self.got.append(got)
            made = answer(got) if callable(answer) else answer
            lane = {"stream_id": got["stream_id"]} if "stream_id" in got else {}
            await socket.say(*(made if isinstance(made, list) else frames(made, **lane)))
        await socket.wait_closed()

    def with_client(self, *requests):
        """Send the requests, each once the one before is answered; return the frames of the answers."""

        async def act(socket):
            heard = []
            for one in requests:
                await socket.send(one)
                heard.append(await answer_on(socket))
            return heard

        options = {**OPTIONS, "pipeline_extensions": [self.booked], **self.also}
        return through(Provider(self.script), act, **options)


def asks(*before, number=1, call="ask_1"):
    return lambda got: said(*before, asking(got, call), number=number)


@pytest.mark.parametrize("also", [{}, {"store": False}, {"store": True}, {"previous_response_id": "resp_0"}])
@pytest.mark.parametrize("lane", [{}, {"stream_id": "lane 1"}])
def test_an_answer_that_asks_is_continued_from_its_response_out_of_sight(also, lane):
    conversation = Conversation(asks(Thought(), "Hm."), said("It was the router.", number=2))
    (heard,) = conversation.with_client(request(**also, **lane))
    seen = read_frames(heard)
    words = [("text", "Hm."), ("text", "It was the router.")]
    assert seen["parts"] == [("thought", "I should look.", "EqQBCgIYAhIk"), *words]
    assert seen["usage"] == usage("openai-responses", 3)
    assert seen["id"] == "resp_1"
    assert not any(OURS in frame for frame in heard)
    assert all(json.loads(frame).get("stream_id") == lane.get("stream_id") for frame in heard)
    first, second = conversation.got
    result = {"type": "function_call_output", "call_id": "ask_1", "output": LOG}
    assert second == {**first, "previous_response_id": "resp_1", "input": [result]}
    (exchange,) = conversation.booked.exchanges
    assert (exchange.retrievals, exchange.misses, exchange.further_requests) == (1, 0, 1)
    assert exchange.usage.output == 3


def test_in_a_conversation_that_the_provider_keeps_results_alone_are_sent():
    conversation = Conversation(asks(), said("It was the router.", number=2))
    conversation.with_client(request(conversation="conv_1"))
    first, second = conversation.got
    assert second == {**first, "input": [{"type": "function_call_output", "call_id": "ask_1", "output": LOG}]}


def test_a_request_under_the_key_response_is_continued_in_that_form():
    values = json.loads(request())
    nested = json.dumps({"type": values.pop("type"), "response": values})
    conversation = Conversation(
        lambda got: said(asking(got["response"])), said("It was the router.", number=2), said("Bye.", number=3)
    )
    heard, _ = conversation.with_client(nested, json.dumps({"type": "response.create", "response": {"input": "Bye"}}))
    assert read_frames(heard)["parts"] == [("text", "It was the router.")]
    assert conversation.got[1]["response"]["previous_response_id"] == "resp_1"
    assert "input" not in conversation.got[1]


def test_two_rounds_become_one_answer():
    first_request = {}

    def first(got):
        first_request.update(got)
        return said("One.", asking(got))

    conversation = Conversation(
        first, lambda got: said("Two.", asking(first_request, "ask_2"), number=2), said("Three.", number=3)
    )
    (heard,) = conversation.with_client(request())
    seen = read_frames(heard)
    assert seen["parts"] == [("text", "One."), ("text", "Two."), ("text", "Three.")]
    assert seen["usage"] == usage("openai-responses", 6)
    assert [got.get("previous_response_id") for got in conversation.got] == [None, "resp_1", "resp_2"]
    assert [item["call_id"] for item in conversation.got[2]["input"]] == ["ask_2"]
    assert conversation.booked.exchanges[0].further_requests == 2


def test_a_model_that_asks_without_end_is_told_once_that_there_is_no_more():
    calls = [said(Call(f"ask_{n}", OURS, json.dumps({"hash": "0" * 24})), number=n) for n in range(1, 6)]
    conversation = Conversation(*calls)
    (heard,) = conversation.with_client(request())
    results = [got["input"][0]["output"] for got in conversation.got[1:]]
    assert [result == NO_MORE for result in results] == [False, False, False, True]
    seen = read_frames(heard)
    assert seen["ended"]
    assert seen["parts"] == []
    assert conversation.booked.exchanges[0].misses == 3


def test_the_next_request_goes_on_from_where_the_answer_really_ended():
    following = json.dumps({"type": "response.create", "previous_response_id": "resp_1", "input": "And then?"})
    conversation = Conversation(asks(), said("It was the router.", number=2), said("Nothing.", number=3))
    _, heard = conversation.with_client(request(), following)
    assert conversation.got[2]["previous_response_id"] == "resp_2"
    assert conversation.got[2]["input"] == "And then?"
    assert heard == frames(said("Nothing.", number=3))


# ---- beside calls of the client


def mixed(*following, **also):
    conversation = Conversation(asks("Hm.", THEIR_CALL), said("Done.", number=2), said("Bye.", number=3), **also)
    return conversation, conversation.with_client(request(), *following)


def answering(**also):
    items = [{"type": "function_call_output", "call_id": "call_b", "output": "three units"}]
    return json.dumps({"type": "response.create", "tools": [TOOL], "input": items, **also})


def test_beside_a_call_of_the_client_ours_is_withheld_and_answered_with_the_clients_next_request():
    conversation, (heard, after) = mixed(answering(previous_response_id="resp_1"))
    seen = read_frames(heard)
    assert seen["parts"] == [("text", "Hm."), ("call", "call_b", "run_command", {"command": "ls"})]
    assert not any(OURS in frame for frame in heard)
    theirs, ours = conversation.got[1]["input"]
    assert theirs["call_id"] == "call_b"
    assert theirs["output"].startswith("three units\n[headroom_retrieve, called beside this tool, returned:]\n")
    assert theirs["output"].endswith(LOG)
    assert (ours["type"], ours["call_id"]) == ("function_call_output", "ask_1")
    assert len(ours["output"]) < 200
    assert read_frames(after)["parts"] == [("text", "Done.")]
    assert [exchange.further_requests for exchange in conversation.booked.exchanges] == [0, 0]


def test_a_client_that_resends_all_gets_the_addition_and_nothing_that_it_did_not_say():
    whole = json.loads(request())
    call = {"type": "function_call", "call_id": "call_b", "name": "run_command", "arguments": THEIR_CALL.arguments}
    result = {"type": "function_call_output", "call_id": "call_b", "output": "three units"}
    conversation, _ = mixed(json.dumps({**whole, "input": [*whole["input"], call, result]}))
    assert [item.get("call_id") for item in conversation.got[1]["input"]] == [None, "c0", "c0", "call_b", "call_b"]
    assert conversation.got[1]["input"][-1]["output"].endswith(LOG)


@pytest.mark.parametrize("given", ["Never mind.", [{"role": "user", "content": "Never mind."}]])
def test_a_client_that_goes_on_without_its_own_result_leaves_no_call_of_ours_open(given):
    following = json.dumps({"type": "response.create", "previous_response_id": "resp_1", "input": given})
    conversation, _ = mixed(following)
    items = conversation.got[1]["input"]
    assert [item.get("call_id") for item in items if item.get("type") == "function_call_output"] == ["ask_1"]
    assert [item["content"] for item in items if "content" in item] == ["Never mind."]


# ---- what may go wrong


def test_an_original_that_is_not_there_is_told_to_the_model_and_not_to_the_client():
    conversation = Conversation(said(Call("ask_1", OURS, '{"hash": "unknown"}')), said("Too bad.", number=2))
    (heard,) = conversation.with_client(request())
    assert read_frames(heard)["parts"] == [("text", "Too bad.")]
    assert conversation.got[1]["input"][0]["output"] == NOT_A_HASH
    assert conversation.booked.exchanges[0].misses == 1


def test_an_error_in_a_further_round_ends_the_answer_and_the_next_request_leaves_nothing_open():
    error = '{"type":"error","status":429,"error":{"type":"rate_limit","code":"slow_down","message":"Later."}}'
    following = json.dumps({"type": "response.create", "previous_response_id": "resp_1", "input": "Again."})
    conversation = Conversation(asks("Hm."), [error], said("Done.", number=3))
    heard, after = conversation.with_client(request(), following)
    assert heard[-1] == error
    assert not any(OURS in frame for frame in heard)
    assert [item.get("call_id") for item in conversation.got[2]["input"]] == ["ask_1", None]
    assert read_frames(after)["parts"] == [("text", "Done.")]


def test_a_provider_that_leaves_in_a_further_round_ends_the_socket_and_the_answer_is_booked():
    booked = Booked()

    async def script(socket):
        got = await socket.asked()
        await socket.say(*frames(said(asking(got))))
        await socket.asked()
        await socket.close(1013, "later")

    async def act(socket):
        await socket.send(request())
        heard = []

        async def listen():
            while True:
                heard.append(await socket.recv())

        with pytest.raises(ConnectionClosedError) as ended:
            await listen()
        return heard, ended.value.rcvd.code

    heard, code = through(Provider(script), act, **OPTIONS, pipeline_extensions=[booked])
    assert code == 1013
    assert not any(OURS in frame for frame in heard)
    assert [(exchange.error, exchange.retrievals) for exchange in booked.exchanges] == [("upstream_closed", 1)]


def test_requests_of_a_lane_wait_until_the_answer_before_them_is_whole_and_those_of_other_lanes_do_not():
    order = []

    async def script(socket):
        first = await socket.asked()
        other = await socket.asked()
        order.extend([first["stream_id"], other["stream_id"]])
        await socket.say(*frames(said("Other.", number=9), stream_id="b"))
        await socket.say(*frames(said(asking(first)), stream_id="a"))
        for number in (2, 3):
            got = await socket.asked()
            order.append(got.get("previous_response_id", "new"))
            await socket.say(*frames(said(f"Answer {number}.", number=number), stream_id="a"))
        await socket.wait_closed()

    async def act(socket):
        for lane in ("a", "a", "b"):
            await socket.send(request(stream_id=lane))
        return [read_frames(await answer_on(socket))["parts"] for _ in range(3)]

    heard = through(Provider(script), act, **OPTIONS)
    assert order == ["a", "b", "resp_1", "new"]
    assert heard == [[("text", "Other.")], [("text", "Answer 2.")], [("text", "Answer 3.")]]


def test_a_request_without_tools_is_not_offered_any():
    plain = json.loads(request())
    del plain["tools"]
    conversation = Conversation(said("Hm."))
    conversation.with_client(json.dumps(plain))
    assert "tools" not in conversation.got[0]
    assert handles_in(conversation.got[0]["input"][-1]["output"]) == []


# ---- what is said into a running response


def steer(response="resp_1"):
    return json.dumps({"type": "response.steer", "previous_response_id": response, "input": "Look again."}, indent=1)


def test_what_is_said_into_an_answer_reaches_the_response_that_runs():
    async def script(socket):
        got = await socket.asked()
        await socket.say(*frames(said(asking(got))))
        await socket.asked()
        events = frames(said("It was the router.", number=2))
        await socket.say(*events[:4])
        steered = await socket.asked()
        await socket.say(*events[4:], json.dumps({"type": "got", "response": steered}))
        await socket.wait_closed()

    async def act(socket):
        await socket.send(request())
        heard = [await socket.recv() for _ in range(3)]
        await socket.send(steer())
        heard += await answer_on(socket)
        return heard, json.loads(await socket.recv())

    heard, told = through(Provider(script), act, **OPTIONS)
    assert read_frames(heard)["parts"] == [("text", "It was the router.")]
    assert told["response"] == json.loads(steer("resp_2"))


def test_what_is_said_into_a_response_of_one_round_passes_as_it_is():
    async def script(socket):
        await socket.recv()
        await socket.say(*frames(said("Hm."))[:3])
        await socket.send(await socket.recv())
        await socket.wait_closed()

    async def act(socket):
        await socket.send(request())
        _ = [await socket.recv() for _ in range(3)]
        await socket.send(steer())
        return await socket.recv()

    assert through(Provider(script), act, **OPTIONS) == steer()


def test_a_response_that_follows_by_itself_may_ask_too_and_is_booked():
    booked = Booked()
    sent = []

    async def script(socket):
        got = await socket.asked()
        events = frames(said("Hm.", is_cut=True))
        await socket.say(*events[:3])
        await socket.recv()
        await socket.say(*events[3:], *frames(said("Again.", asking(got), number=2)))
        sent.append(await socket.asked())
        await socket.say(*frames(said("It was the router.", number=3)))
        await socket.wait_closed()

    async def act(socket):
        await socket.send(request())
        first = [await socket.recv() for _ in range(3)]
        await socket.send(steer())
        first += await answer_on(socket)
        return read_frames(first), read_frames(await answer_on(socket))

    first, second = through(Provider(script), act, **OPTIONS, pipeline_extensions=[booked])
    assert first["parts"] == [("text", "Hm.")]
    assert second["parts"] == [("text", "Again."), ("text", "It was the router.")]
    assert second["id"] == "resp_2"
    (further,) = sent
    assert further["previous_response_id"] == "resp_2"
    assert [(item["call_id"], item["output"]) for item in further["input"]] == [("ask_1", LOG)]
    assert [exchange.retrievals for exchange in booked.exchanges] == [0, 1]


def test_the_client_is_told_which_of_its_own_results_a_steered_response_waits_for():
    def stubs(*calls):
        listed = [{"type": "function_call_output", "call_id": call} for call in calls]
        return json.dumps({"type": "response.steer.pending", "required_input": listed, "sequence_number": 20})

    async def script(socket):
        got = await socket.asked()
        await socket.say(*frames(said(asking(got), THEIR_CALL)), stubs("ask_1", "call_b"))
        await socket.wait_closed()

    async def act(socket):
        await socket.send(request())
        await answer_on(socket)
        return await socket.recv()

    assert json.loads(through(Provider(script), act, **OPTIONS)) == json.loads(stubs("call_b"))
