"""L3 where readers can ask for originals: growing conversations whose outputs come again, as they were or changed."""

import json
import subprocess
import sys
from dataclasses import replace
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.growing import CACHE_MARK, SINGLE, Watch, changed, conversation, turns_of
from support.processes import environment
from support.retrieval import LONG, handles_in, long_sample, long_step, readable_by, retrieving
from support.samples import SAMPLES, WORDS, sample
from support.wires import Step, body_of, encoded, outputs_of

from headroom.blocks import Channel
from headroom.pipeline import Exchange
from headroom.policy import Policy
from headroom.providers import WIRES

wires = pytest.mark.parametrize("wire", SINGLE)
chances = st.integers(0, 2**32)
REFERENCES = ("[same text as the result", "[as the result of the earlier call")


def sent(pipeline, wire, body):
    outcome = pipeline.run(body, WIRES[wire], Exchange("r", tenant="t"))
    assert not pipeline.guard.failures
    assert outcome.note == ""
    return outcome.body


@wires
@settings(max_examples=25)
@given(chance=chances, turns=st.integers(2, 5))
def test_every_byte_of_every_earlier_turn_stands_in_workers_with_and_without_memory(wire, chance, turns):
    lasting, forgetful = retrieving(), retrieving(memory_bytes=3_000)
    watch = Watch(wire)
    for body in turns_of(wire, conversation(Random(chance), turns)):
        out = sent(lasting, wire, body)
        assert watch.broken(out) == []
        assert out == sent(forgetful, wire, body)
        assert out == sent(retrieving(), wire, body), "a new worker decides otherwise"


@pytest.mark.parametrize("channel", list(Channel))
@wires
def test_every_channel_keeps_what_was_sent(wire, channel):
    steps = [long_step(name, user="") for name in sorted(LONG)] * 2
    before, workers = [], [retrieving(channel) for _ in range(2)]
    for turn in range(1, len(steps) + 1):
        body = encoded(readable_by(wire, steps[:turn], channel))
        texts = outputs_of(wire, json.loads(sent(workers[turn % 2], wire, body)))
        assert texts[:-1] == before
        before = texts
    assert sum(bool(handles_in(text)) for text in before) == len(LONG)
    assert sum(text.startswith(REFERENCES) for text in before) == len(LONG)


@wires
@settings(max_examples=20)
@given(chance=chances, kind=st.sampled_from(sorted(SAMPLES)))
def test_references_are_the_same_whatever_follows_them(wire, chance, kind):
    r = Random(chance)
    first = "\n".join(" ".join(r.choices(WORDS, k=9)) for _ in range(90))
    steps = [Step(first, user=""), Step(changed(r, first), user=""), Step(first, user=""), Step(sample(kind), user="")]
    *_, third, fourth = turns_of(wire, steps)
    before, after = (outputs_of(wire, json.loads(sent(retrieving(), wire, body))) for body in (third, fourth))
    assert [text.startswith(REFERENCES) for text in before] == [False, True, True]
    assert after[:3] == before


@wires
def test_a_worker_refers_as_a_new_one_does_whatever_conversations_it_has_seen(wire):
    """The same output of the same call is referred to in one conversation, stands whole in another, and so on."""
    one, other = (long_step(name, user="") for name in ("long_log", "long_search"))
    again = replace(one, arguments='{"command": "make it again"}')
    seen = retrieving()
    for met in ([one, again], [again], [again, again], [other, again], [other, one, again], [again, other]):
        *_, body = turns_of(wire, met)
        assert sent(seen, wire, body) == sent(retrieving(), wire, body)


@settings(max_examples=8)
@given(chance=chances)
def test_the_marks_of_a_client_for_the_cache_change_nothing_of_what_they_stand_on(chance):
    steps = conversation(Random(chance), 3)
    *_, body = turns_of("anthropic", steps, marked=False)
    plain = sent(retrieving(), "anthropic", body)
    payload = json.loads(body)
    payload["system"] = [{"type": "text", "text": payload["system"]}]
    for message in payload["messages"]:
        marked = json.loads(json.dumps(payload))
        marked["messages"][payload["messages"].index(message)]["content"][-1]["cache_control"] = {"type": "ephemeral"}
        out = sent(retrieving(), "anthropic", encoded(marked))
        assert msgspec.json.decode(out.replace(CACHE_MARK, b""))["messages"] == json.loads(plain)["messages"]


def test_a_mark_may_turn_a_result_into_a_list_of_one_text():
    """Clients that mark a string have to wrap it; the text comes out alike."""
    steps = [long_step("long_log"), Step(sample("search_lines"))]
    payload = body_of("anthropic", steps, tools=True)
    whole = outputs_of("anthropic", json.loads(sent(retrieving(), "anthropic", encoded(payload))))
    for message in payload["messages"]:
        for part in message["content"]:
            if part["type"] == "tool_result":
                part["content"] = part["content"][0]["text"]
    assert outputs_of("anthropic", json.loads(sent(retrieving(), "anthropic", encoded(payload)))) == whole


@wires
def test_a_question_reaches_only_what_stands_behind_it(wire):
    """What a reader is after is taken from what the user said before an output, never from what comes later."""
    log = long_sample("long_log")
    number = log.split("\n")[203].partition(" request ")[2].split()[0]
    asked = [Step(log, arguments='{"command": "a"}')]
    later = [*asked, Step(log, user=f"What about request {number}?", arguments='{"command": "b"}')]
    policy = Policy(cross_turn=False)
    (alone,) = outputs_of(wire, json.loads(sent(retrieving(policy=policy), wire, _body(wire, asked))))
    first, second = outputs_of(wire, json.loads(sent(retrieving(policy=policy), wire, _body(wire, later))))
    assert first == alone
    assert (number in first, number in second) == (False, True)


def _body(wire, steps):
    return encoded(body_of(wire, steps, tools=True))


_WORKER = """
import hashlib
from random import Random
from support.growing import SINGLE, conversation, turns_of
from support.retrieval import LONG, long_step, retrieving
from headroom.pipeline import Exchange
from headroom.providers import WIRES
for wire in SINGLE:
    for body in turns_of(wire, [*conversation(Random(11), 4), *map(long_step, sorted(LONG))]):
        sent = retrieving().run(body, WIRES[wire], Exchange("r")).body
        print(wire, sent.count(b"headroom_retrieve hash="), hashlib.sha256(sent).hexdigest())
"""


def test_hash_seeds_change_neither_what_is_left_out_nor_what_is_referred_to():
    def worker(seed):
        given = environment(PYTHONHASHSEED=seed)
        return subprocess.run([sys.executable, "-c", _WORKER], env=given, capture_output=True, text=True, check=True)

    first, second = (worker(seed).stdout for seed in ("1", "2"))
    assert len(first.splitlines()) == (4 + len(LONG)) * len(SINGLE)
    assert first == second


@wires
def test_a_second_proxy_on_the_way_adds_nothing_and_takes_no_marker_away(wire):
    """Both offer retrieval; the second one finds the tool of the first and leaves nothing out."""
    body = encoded(body_of(wire, [long_step(name) for name in sorted(LONG)], tools=True))
    once = sent(retrieving(), wire, body)
    again = sent(retrieving(), wire, once)
    first, second = (outputs_of(wire, json.loads(data)) for data in (once, again))
    assert [handles_in(text) for text in second] == [handles_in(text) for text in first]
    assert json.loads(again)["tools"] == json.loads(once)["tools"]
