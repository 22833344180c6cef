"""Mode `cache`: what came before we did stays as it came, what we sent shortened is sent so again."""

import json
from dataclasses import replace

import pytest
from support.growing import SINGLE, Watch, turns_of
from support.retrieval import long_step, retrieving
from support.samples import sample
from support.wires import Step, encoded, outputs_of

from headroom.blocks import Mode, Reason
from headroom.pipeline import Exchange
from headroom.policy import Policy
from headroom.providers import WIRES
from headroom.state.memory import MemoryStore

CACHE = Policy(mode=Mode.CACHE)
SEARCH, LISTING, BUILD = (Step(sample(kind), user="") for kind in ("search_lines", "listing_lines", "build_lines"))
wires = pytest.mark.parametrize("wire", SINGLE)


def worker(store=None, policy=CACHE):
    """A process that shares the store, if one is given."""
    return retrieving(policy=policy, store=store)


def shared_store():
    store = MemoryStore()
    store.shared = True  # the workers of these tests live in one process
    return store


def run(pipeline, wire, body):
    outcome = pipeline.run(body, WIRES[wire], Exchange("r", tenant="t"))
    assert not pipeline.guard.failures
    return outcome


def sent(pipeline, wire, body):
    return outputs_of(wire, json.loads(run(pipeline, wire, body).body))


@wires
def test_a_warm_conversation_keeps_all_before_its_newest_turn_as_it_came(wire):
    steps = [SEARCH, LISTING, BUILD]
    *_, body = turns_of(wire, steps)
    outcome = run(worker(), wire, body)
    first, second, third = outputs_of(wire, json.loads(outcome.body))
    assert [first, second] == [SEARCH.output, LISTING.output]
    assert third != BUILD.output
    assert [d.reason for d in outcome.decisions if d.role == "tool"] == [
        Reason.FROZEN,
        Reason.FROZEN,
        Reason.COMPRESSED,
    ]


@wires
def test_a_body_that_ends_with_the_assistant_has_nothing_new(wire):
    *_, body = turns_of(wire, [SEARCH])
    payload = json.loads(body)
    key = next(key for key in ("messages", "input", "contents") if key in payload)
    closing = {"role": "model", "parts": [{"text": "Done."}]}
    payload[key].append(closing if wire == "gemini" else {"role": "assistant", "content": "Done."})
    assert sent(worker(), wire, encoded(payload)) == [SEARCH.output]


@wires
def test_what_was_sent_shortened_is_sent_so_again_by_every_worker_on_the_store(wire):
    store = shared_store()
    steps = [SEARCH, LISTING, long_step("long_log", user=""), SEARCH, BUILD]
    watch = Watch(wire)
    for body in turns_of(wire, steps):
        outcome = run(worker(store), wire, body)
        assert watch.broken(outcome.body) == []
    assert all(d.reason is Reason.COMPRESSED for d in outcome.decisions if d.role == "tool")


@wires
def test_a_joined_conversation_goes_on_as_it_was_first_sent(wire):
    store = shared_store()
    joined_at = 2
    bodies = list(turns_of(wire, [SEARCH, LISTING, BUILD, long_step("long_log", user=""), LISTING]))
    watch = Watch(wire)
    for body in bodies[joined_at:]:
        outcome = run(worker(store), wire, body)
        assert watch.broken(outcome.body) == []
    assert outputs_of(wire, json.loads(outcome.body))[:joined_at] == [SEARCH.output, LISTING.output]


@wires
def test_an_output_that_came_before_us_stays_though_the_same_one_comes_again(wire):
    """What we note of the newer one must not be taken for a note of the older one."""
    *_, joined, later = turns_of(wire, [SEARCH, LISTING, SEARCH, BUILD])
    pipeline, watch = worker(), Watch(wire)
    assert watch.broken(run(pipeline, wire, joined).body) == []
    assert watch.broken(run(pipeline, wire, later).body) == []


@wires
def test_an_output_that_came_before_us_stays_though_another_conversation_has_it_anew(wire):
    pipeline, watch = worker(), Watch(wire)
    *_, joined, later = turns_of(wire, [SEARCH, LISTING, BUILD])
    assert watch.broken(run(pipeline, wire, joined).body) == []
    *_, other = turns_of(wire, [LISTING, SEARCH])
    assert sent(pipeline, wire, other)[1] != SEARCH.output
    assert watch.broken(run(pipeline, wire, later).body) == []


@wires
def test_no_reference_is_made_to_lines_that_this_conversation_was_sent_in_another_form(wire):
    """Two conversations with the same texts: in one the first output stands as it came, in the other shortened."""
    almost = Step(f"one more line\n{SEARCH.output}", user="")
    *_, joined = turns_of(wire, [SEARCH, almost])
    pipeline = worker()
    assert "as the result of the earlier call" in sent(pipeline, wire, joined)[1]
    from_the_start = Watch(wire)
    for body in turns_of(wire, [replace(SEARCH, user="Hello"), almost]):
        outcome = run(pipeline, wire, body)
        assert from_the_start.broken(outcome.body) == []
    assert "as the result of the earlier call" not in outputs_of(wire, json.loads(outcome.body))[1]


@wires
def test_a_lost_note_leaves_what_was_shortened_as_it_came(wire):
    first, second = turns_of(wire, [SEARCH, BUILD])
    assert sent(worker(), wire, first) != [SEARCH.output]
    assert sent(worker(), wire, second)[0] == SEARCH.output


@pytest.fixture
def out_of_time(monkeypatch):
    """Return a way to run a request whose time is up before its first block."""

    def run_late(pipeline, wire, body):
        with monkeypatch.context() as patched:
            patched.setattr("headroom.pipeline.turn.time.monotonic", lambda: float("-inf"))
            return run(pipeline, wire, body)

    return run_late


@wires
@pytest.mark.parametrize("mode", list(Mode))
def test_a_block_that_ran_out_of_time_in_one_worker_stays_as_it_came_in_all(wire, mode, out_of_time):
    store, policy = shared_store(), Policy(mode=mode)
    first, second = turns_of(wire, [SEARCH, BUILD])
    late = out_of_time(worker(store, policy), wire, first)
    assert late.reasons[Reason.BUDGET] == 1
    assert run(worker(store, policy), wire, first).body == late.body
    again, new = sent(worker(store, policy), wire, second)
    assert again == SEARCH.output
    assert new != BUILD.output


@wires
def test_a_worker_remembers_its_own_overrun_and_tells_nobody_without_a_shared_store(wire, out_of_time):
    (body,) = turns_of(wire, [SEARCH])
    slow, quick = (worker(policy=Policy()) for _ in range(2))
    late = out_of_time(slow, wire, body)
    assert run(slow, wire, body).body == late.body
    assert run(quick, wire, body).reasons[Reason.COMPRESSED] == 1
