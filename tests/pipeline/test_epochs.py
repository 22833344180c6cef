"""When history is rewritten, when it is not, and that a rewrite stays."""

import json
from dataclasses import replace
from random import Random

import pytest
from support.growing import Watch, turns_of
from support.retrieval import handles_in
from support.wires import Step, body_of, encoded, outputs_of

from headroom.blocks import Channel
from headroom.ccr.keeper import Retrieval
from headroom.ccr.marker import Mint
from headroom.ccr.retriever import Retriever
from headroom.pipeline import Exchange, Pipeline
from headroom.policy import Policy, Rewrite
from headroom.providers import WIRES
from headroom.state.memory import MemoryStore
from headroom.tokens import TokenCounter

TOOLS = [{"name": "run_command", "input_schema": {"type": "object"}}]
WORDS = [
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "haven",
    "inlet",
    "jetty",
    "knoll",
    "larch",
    "marsh",
    "north",
    "ocean",
    "prism",
]


def prose(seed, lines=120):
    """Text that no compressor shortens, so that only supersession changes it."""
    rng = Random(seed)
    return "\n".join(" ".join(rng.choices(WORDS, k=9)) for _ in range(lines))


def called(seed, command):
    """A call and its output; nobody says anything between the calls of one turn."""
    return Step(prose(seed), arguments=json.dumps({"command": command}), user="", assistant="")


class World:
    """A pipeline with a clock in our hands. Requests end with an output, as those of clients do."""

    def __init__(self, rewrite, store=None, further=10):
        policy = Policy(rewrite=rewrite, further_requests=further)
        self.pipeline = Pipeline(policy, store=store, retrieval=Retrieval(Channel.TOOL, Mint(b"k" * 32)))
        self.now = 1_000_000.0
        self.pipeline.clock = lambda: self.now

    def send(self, steps, **changes):
        payload = {**body_of("anthropic", steps), "tools": TOOLS, **changes}
        outcome = self.pipeline.run(encoded(payload), WIRES["anthropic"], Exchange("r"))
        return outcome.body, [d.encoding for d in outcome.decisions if d.role == "tool"]


HISTORY = [called(1, "git status"), called(2, "ls"), called(3, "git status"), called(4, "date")]


def test_while_the_cache_is_warm_nothing_that_was_sent_changes():
    world = World(Rewrite.COLD)
    for turn in range(1, 5):
        _, encodings = world.send(HISTORY[:turn])
        world.now += 299
        assert "superseded" not in encodings


def test_after_a_pause_the_older_result_of_a_repeated_call_is_left_out_and_stays_so():
    world = World(Rewrite.COLD)
    world.send(HISTORY[:3])
    world.now += 301
    cold, encodings = world.send(HISTORY)
    assert encodings == ["superseded", "", "", ""]
    assert b"superseded: the same call was made again later" in cold
    assert world.send(HISTORY)[0] == cold, "a retry is the same request"
    world.now += 10
    later, encodings = world.send([*HISTORY, called(5, "pwd")])
    assert encodings[0] == "superseded"
    assert later.startswith(cold.rstrip(b"]}").rpartition(b'"tools"')[0].rstrip(b"}], "))


def test_the_newest_result_supersedes_older_ones_too():
    world = World(Rewrite.COLD)
    world.send(HISTORY[:2])
    world.now += 400
    assert world.send([*HISTORY[:2], called(6, "git status")])[1] == ["superseded", "", ""]


def test_another_model_has_another_cache():
    world = World(Rewrite.COLD)
    world.send(HISTORY[:3])
    assert world.send(HISTORY, model="claude-opus-4-5")[1][0] == "superseded"
    assert "superseded" not in world.send(HISTORY)[1], "under the first model it is warm"


def test_another_worker_on_the_same_store_sends_the_same():
    store = MemoryStore()
    one, other = World(Rewrite.COLD, store), World(Rewrite.COLD, store)
    one.send(HISTORY[:3])
    one.now += 301
    other.now = one.now + 5
    assert one.send(HISTORY)[0] == other.send(HISTORY)[0]


def test_without_a_record_history_goes_on_as_it_was_first_sent():
    world = World(Rewrite.COLD)
    world.send(HISTORY[:3])
    world.now += 301
    world.pipeline.store = MemoryStore()
    assert "superseded" not in world.send(HISTORY)[1]


@pytest.mark.parametrize(("further", "happens"), [(0, False), (100, True)])
def test_a_warm_rewrite_happens_only_if_enough_requests_follow(further, happens):
    world = World(Rewrite.WARM, further=further)
    world.send(HISTORY[:3])
    world.now += 10
    assert ("superseded" in world.send(HISTORY)[1]) is happens


def test_results_that_failed_and_requests_without_tools_are_left_alone():
    failed = [replace(called(7, "make"), is_error=True), *HISTORY[1:2], called(8, "make")]
    world = World(Rewrite.COLD)
    world.send(failed)
    world.now += 301
    assert "superseded" not in world.send([*failed, HISTORY[3]])[1]
    world.send(HISTORY[:3], tools=[])
    world.now += 301
    assert "superseded" not in world.send(HISTORY, tools=[])[1]


def test_a_worker_that_missed_a_request_takes_nothing_for_cold():
    """The one that saw it keeps the provider's cache warm; without a shared store nobody tells."""
    one, other = World(Rewrite.COLD), World(Rewrite.COLD)
    watch = Watch("anthropic")
    for turn, body in enumerate(turns_of("anthropic", [*HISTORY, called(5, "ls"), called(6, "date")])):
        world = (one, other)[turn % 2]
        world.now = 1_000_000.0 + 200 * turn
        outcome = world.pipeline.run(body, WIRES["anthropic"], Exchange("r"))
        assert watch.broken(outcome.body) == []


def test_what_an_older_request_settled_holds_for_a_worker_that_missed_the_last_one():
    one = World(Rewrite.COLD)
    watch = Watch("anthropic")
    *_, third, fourth, _, sixth = turns_of("anthropic", [*HISTORY, called(5, "pwd"), called(6, "date")])
    assert b"superseded" not in one.pipeline.run(third, WIRES["anthropic"], Exchange("r")).body
    one.now += 301
    cold = one.pipeline.run(fourth, WIRES["anthropic"], Exchange("r")).body
    assert b"superseded" in cold
    assert watch.broken(cold) == []
    one.now += 301
    assert watch.broken(one.pipeline.run(sixth, WIRES["anthropic"], Exchange("r")).body) == []


def test_what_was_superseded_redeems_and_counts():
    world = World(Rewrite.COLD)
    world.send(HISTORY[:3])
    world.now += 301
    body = encoded(body_of("anthropic", HISTORY, tools=True) | {"tools": TOOLS})
    outcome = world.pipeline.run(body, WIRES["anthropic"], Exchange("r"))
    first, *rest = outputs_of("anthropic", json.loads(outcome.body))
    (handle,) = outcome.originals
    assert handles_in(first) == [handle]
    assert rest == [step.output for step in HISTORY[1:]]
    for originals in (outcome.originals, {}):
        asked = Retriever(originals, world.pipeline.store, "", world.pipeline.retrieval.mint)
        assert asked.answer({"hash": handle}) == HISTORY[0].output
    (decision, *_) = [d for d in outcome.decisions if d.role == "tool"]
    count = TokenCounter("claude-sonnet-4-5")
    assert (decision.tokens_before, decision.tokens_after) == (count(HISTORY[0].output), count(first))
