"""What one answer owes to a later request: retrieved texts, and the response that a chain goes on from."""

import json

import pytest
from support.wires import MODELS, Step, body_of, encoded

from headroom.blocks import Channel
from headroom.ccr.keeper import Retrieval
from headroom.ccr.marker import Mint
from headroom.ccr.pending import of_call, open_in, remember
from headroom.pipeline import Exchange, Pipeline
from headroom.providers import WIRES
from headroom.state.memory import MemoryStore

TOOLS = {
    "openai-chat": [{"type": "function", "function": {"name": "run_command"}}],
    "openai-responses": [{"type": "function", "name": "run_command"}],
    "anthropic": [{"name": "run_command", "input_schema": {"type": "object"}}],
}
CALLS = {"openai-chat": "c0", "openai-responses": "c0", "anthropic": "t0"}


def made(store):
    return Pipeline(store=store, retrieval=Retrieval(Channel.TOOL, Mint(b"k" * 32)))


def sent(pipeline, wire, payload, tenant="one"):
    body = pipeline.run(encoded(payload), WIRES[wire], Exchange("r", tenant=tenant)).body
    return body.decode()


@pytest.mark.parametrize("wire", sorted(TOOLS))
def test_what_was_retrieved_beside_a_call_stands_behind_its_result_on_every_turn(wire):
    store = MemoryStore()
    pipeline = made(store)
    steps = [Step("short result"), Step("another")]
    asked = {**body_of(wire, steps[:1]), "tools": TOOLS[wire]}
    outcome = pipeline.run(encoded(asked), WIRES[wire], Exchange("r", tenant="one"))
    assert bool(outcome.conversation) is not WIRES[wire].calls_are_unique
    pipeline.memory.clear()  # as another worker
    remember(store, "one", of_call(outcome.conversation, CALLS[wire]), "RETRIEVED TEXT")
    first = sent(pipeline, wire, {**body_of(wire, steps[:1]), "tools": TOOLS[wire]})
    assert first.count("RETRIEVED TEXT") == 1
    assert "short result\\nRETRIEVED TEXT" in first
    assert "short result\\nRETRIEVED TEXT" in sent(made(store), wire, {**body_of(wire, steps), "tools": TOOLS[wire]})
    assert "RETRIEVED TEXT" not in sent(
        pipeline, wire, {**body_of(wire, steps), "tools": TOOLS[wire]}, "another tenant"
    )
    assert "RETRIEVED TEXT" not in sent(pipeline, wire, body_of(wire, steps)), "no tools, no retrieval"
    if not WIRES[wire].calls_are_unique:
        other = [Step("short result", user="Something else altogether."), *steps[1:]]
        assert "RETRIEVED TEXT" not in sent(pipeline, wire, {**body_of(wire, other), "tools": TOOLS[wire]})


def test_a_chain_goes_on_from_the_response_in_which_the_answer_ended():
    store = MemoryStore()
    remember(store, "one", "resp_told", "resp_last")
    payload = {
        "model": MODELS["openai-responses"],
        "previous_response_id": "resp_told",
        "tools": TOOLS["openai-responses"],
        "input": "go on",
    }
    assert json.loads(sent(made(store), "openai-responses", payload))["previous_response_id"] == "resp_last"
    other = {**payload, "previous_response_id": "resp_other"}
    assert json.loads(sent(made(store), "openai-responses", other))["previous_response_id"] == "resp_other"


@pytest.mark.parametrize("given", ["go on", [{"role": "user", "content": "go on"}]])
def test_calls_of_ours_that_a_response_ended_in_are_closed_where_a_chain_goes_on(given):
    store = MemoryStore()
    remember(store, "one", "resp_told", "resp_last")
    remember(store, "one", open_in("resp_last"), "call_a call_b")
    payload = {
        "model": MODELS["openai-responses"],
        "previous_response_id": "resp_told",
        "tools": TOOLS["openai-responses"],
        "input": given,
    }
    body = json.loads(sent(made(store), "openai-responses", payload))
    closed = [item["call_id"] for item in body["input"] if item.get("type") == "function_call_output"]
    assert closed == ["call_a", "call_b"]
    assert {"role": "user", "content": "go on"} in body["input"]
    assert "call_a" not in sent(made(store), "openai-responses", {**payload, "previous_response_id": "resp_other"})
