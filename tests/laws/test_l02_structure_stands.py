"""L2: only strings named in the allow-list change; ids, roles, order, flags and everything else stand."""

import json
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.growing import SINGLE, conversation, turns_of
from support.retrieval import long_step, retrieving
from support.samples import SAMPLES, sample
from support.wires import BUILDERS, EDITABLE, Step, body_of, encoded

from headroom.pipeline import Exchange, Pipeline
from headroom.providers import WIRES
from headroom.state.memory import MemoryStore

PIPELINE, RETRIEVING = Pipeline(), retrieving()

steps = st.lists(
    st.builds(
        Step,
        output=st.builds(sample, st.sampled_from(sorted(SAMPLES)), st.integers(1, 3)),
        tool=st.sampled_from(["run_command", "Read", "mcp__x__grep", ""]),
        is_error=st.booleans(),
    ),
    min_size=1,
    max_size=3,
)


def test_every_wire_has_a_builder_and_an_allow_list():
    assert set(WIRES) == set(BUILDERS) == set(EDITABLE)


def differences(before: Any, after: Any, path: str) -> list[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        assert list(before) == list(after), path
        return [d for key in before for d in differences(before[key], after[key], f"{path}/{key}" if path else key)]
    if isinstance(before, list) and isinstance(after, list):
        assert len(before) == len(after), path
        return [d for n, one in enumerate(before) for d in differences(one, after[n], f"{path}/{n}")]
    assert type(before) is type(after), path
    return [] if before == after else [path]


@pytest.mark.parametrize("wire", sorted(WIRES))
@given(steps=steps)
def test_only_allowed_strings_change(wire, steps):
    body = encoded(body_of(wire, steps))
    outcome = PIPELINE.run(body, WIRES[wire], Exchange("r"))
    for path in differences(json.loads(body), json.loads(outcome.body), ""):
        assert EDITABLE[wire].fullmatch(path), path


@pytest.mark.parametrize("wire", sorted(WIRES))
def test_something_does_change(wire):
    body = encoded(body_of(wire, [Step(sample("search_lines"))]))
    outcome = PIPELINE.run(body, WIRES[wire], Exchange("r"))
    assert len(differences(json.loads(body), json.loads(outcome.body), "")) == 1


def without_our_tool(wire: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Take away the last of the tools, which must be ours; Gemini's are declarations within one tool."""
    tools = json.loads(json.dumps(payload["tools"]))
    declared = tools[0]["functionDeclarations"] if wire == "gemini" else tools
    assert "headroom_retrieve" in json.dumps(declared.pop())
    return {**payload, "tools": tools}


@pytest.mark.parametrize("wire", SINGLE)
@given(chance=st.integers(0, 2**32))
def test_with_retrieval_and_references_one_tool_is_added_and_only_allowed_strings_change(wire, chance):
    *_, body = turns_of(wire, [long_step("long_log", user=""), *conversation(Random(chance), 3)])
    outcome = RETRIEVING.run(body, WIRES[wire], Exchange("r"))
    assert outcome.offers_retrieval
    after = without_our_tool(wire, json.loads(outcome.body))
    changed = differences(json.loads(body), after, "")
    assert changed
    for path in changed:
        assert EDITABLE[wire].fullmatch(path), path


def _tools(body: bytes) -> bytes:
    """Return the array of tools as it is spelled, empty if there is none."""
    return bytes(msgspec.json.decode(body, type=dict[str, msgspec.Raw]).get("tools", b""))


@pytest.mark.parametrize("wire", SINGLE)
def test_the_tools_of_a_conversation_are_the_same_bytes_on_every_turn_shortened_or_not(wire):
    steps = [Step("ok"), Step(sample("search_lines")), long_step("long_log"), long_step("long_rows"), Step("ok")]
    seen = set()
    for turn, body in enumerate(turns_of(wire, steps)):
        pipeline = retrieving(store=MemoryStore())
        outcome = pipeline.run(body, WIRES[wire], Exchange("r"))
        seen.add(_tools(outcome.body))
        assert bool(outcome.originals) is (turn >= 2)
        assert _tools(outcome.body).startswith(_tools(body).rstrip(b"]} ")), "ours stands behind the client's own"
    assert len(seen) == 1


@pytest.mark.parametrize("spelled", ['[ {"name":"run_command"}\n]', '[\n  {"name": "\\u0061", "x": 1.0E2},{}]'])
def test_the_clients_own_tools_keep_their_spelling(spelled):
    payload = body_of("anthropic", [Step(sample("search_lines"))])
    body = encoded(payload)[:-1] + f', "tools" : {spelled} }}'.encode()
    outcome = RETRIEVING.run(body, WIRES["anthropic"], Exchange("r"))
    ours = _tools(outcome.body).decode()
    assert ours.startswith(spelled.rstrip().removesuffix("]").rstrip())
    assert len(json.loads(ours)) == len(json.loads(spelled)) + 1


@pytest.mark.parametrize("wire", sorted(WIRES))
def test_a_request_without_tools_is_given_none(wire):
    for steps in ([Step("ok")], [long_step("long_log")]):
        outcome = RETRIEVING.run(encoded(body_of(wire, steps)), WIRES[wire], Exchange("r"))
        assert b"headroom_retrieve" not in outcome.body
        assert not outcome.offers_retrieval


def test_the_tools_of_a_batch_stand():
    body = encoded(body_of("anthropic-batches", [long_step("long_log")], tools=True))
    outcome = RETRIEVING.run(body, WIRES["anthropic-batches"], Exchange("r"))
    assert outcome.tokens_saved > 0
    assert b"headroom_retrieve" not in outcome.body
