"""L12: every block has a decision with a reason, and the sums are those of the bytes that were sent."""

import json

import pytest
from support.growing import SINGLE
from support.retrieval import LONG, handles_in, long_step, readable_by, retrieving
from support.samples import SAMPLES, UNTOUCHED, sample
from support.wires import MODELS, Step, body_of, encoded, outputs_of

from headroom import compress
from headroom.blocks import Channel, Fidelity, Reason
from headroom.pipeline import Exchange, Pipeline
from headroom.providers import WIRES
from headroom.tokens import TokenCounter

TEXT = sample("search_lines")
STEPS = [
    Step(TEXT),
    Step(TEXT, tool="Read"),
    Step(TEXT, tool="mcp__files__read_file"),
    Step("ok"),
    Step(UNTOUCHED["prose"]),
    Step(TEXT, tool="headroom_retrieve"),
    Step(TEXT, arguments='{"command": "headroom retrieve abc"}'),
    Step(TEXT[:3000], is_error=True),
]


@pytest.mark.parametrize("wire", sorted(WIRES))
def test_every_block_has_one_decision_in_order(wire):
    payload = body_of(wire, STEPS)
    outcome = Pipeline().run(encoded(payload), WIRES[wire], Exchange("r"))
    assert [d.path for d in outcome.decisions] == [b.path for b in WIRES[wire].blocks(payload)]
    reasons = [d.reason for d in outcome.decisions if d.role == "tool"]
    expected = [Reason.COMPRESSED, Reason.EXCLUDED_TOOL, Reason.EXCLUDED_TOOL, Reason.TOO_SHORT, Reason.UNRECOGNISED]
    expected += [Reason.RETRIEVED, Reason.RETRIEVED]
    expected += [Reason.IS_ERROR if wire.startswith("anthropic") else Reason.COMPRESSED]
    if wire == "gemini":  # short strings of a function response are fields, not blocks
        expected.remove(Reason.TOO_SHORT)
    assert reasons == expected


@pytest.mark.parametrize("wire", sorted(WIRES))
def test_savings_equal_a_recount_of_what_came_and_what_was_sent(wire):
    body = encoded(body_of(wire, [Step(sample(name)) for name in sorted(SAMPLES)]))
    outcome = Pipeline().run(body, WIRES[wire], Exchange("r"))
    count = TokenCounter("" if wire == "anthropic-batches" or wire == "gemini" else MODELS[wire])
    before, after = (sum(map(count, outputs_of(wire, json.loads(data)))) for data in (body, outcome.body))
    assert outcome.tokens_saved == before - after > 0
    assert outcome.tokens_saved == sum(d.tokens_saved for d in outcome.decisions)
    assert sum(outcome.reasons.values()) == len(outcome.decisions)


LOSSY_STEPS = [long_step(name) for name in sorted(LONG)]
REPEATED = [*LOSSY_STEPS, Step(UNTOUCHED["prose"]), *LOSSY_STEPS, Step(UNTOUCHED["prose"])]


@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("wire", SINGLE)
def test_a_recount_of_what_was_sent_holds_for_markers_and_references_too(wire, channel):
    body = encoded(readable_by(wire, REPEATED, channel))
    outcome = retrieving(channel).run(body, WIRES[wire], Exchange("r"))
    decisions = [d for d in outcome.decisions if d.role == "tool"]
    count = TokenCounter("" if wire == "gemini" else MODELS[wire])
    before, after = (outputs_of(wire, json.loads(data)) for data in (body, outcome.body))
    assert [d.tokens_before for d in decisions] == [count(text) for text in before]
    assert [d.tokens_after for d in decisions] == [count(text) for text in after]
    assert [[d.handle] if d.handle else [] for d in decisions] == [handles_in(text) for text in after]
    assert outcome.tokens_saved == sum(map(count, before)) - sum(map(count, after)) > 0


@pytest.mark.parametrize("wire", SINGLE)
def test_a_decision_says_what_was_lost_and_what_was_referred_to(wire):
    outcome = retrieving().run(encoded(readable_by(wire, REPEATED, Channel.TOOL)), WIRES[wire], Exchange("r"))
    decisions = [d for d in outcome.decisions if d.role == "tool"]
    lossy, _, referred, again = (
        decisions[: len(LONG)],
        decisions[len(LONG)],
        decisions[len(LONG) + 1 : -1],
        decisions[-1],
    )
    assert all(d.handle and d.fidelity is None and d.reason is Reason.COMPRESSED for d in lossy)
    assert all(
        (d.compressor, d.encoding, d.fidelity) == ("cross_turn", "repeat.same", Fidelity.BYTES) for d in referred
    )
    assert (again.compressor, again.handle) == ("cross_turn", "")
    assert len(outcome.originals) == len(LONG)


@pytest.mark.parametrize(("model", "method"), [("gpt-4o", "exact"), ("gpt-4", "exact"), ("claude-x", "estimate")])
def test_the_way_of_counting_is_named(model, method):
    body = encoded({**body_of("openai-chat", [Step(TEXT)]), "model": model})
    assert Pipeline().run(body, None, Exchange("r")).counting == method


def test_remembered_decisions_say_so_and_count_alike():
    pipeline, body = Pipeline(), encoded(body_of("anthropic", STEPS))
    first, second = (pipeline.run(body, None, Exchange("r")) for _ in range(2))
    assert not all(d.remembered for d in first.decisions)
    assert all(d.remembered for d in second.decisions)
    assert (first.body, first.tokens_after) == (second.body, second.tokens_after)


def test_a_ratio_is_tokens_after_by_tokens_before_everywhere():
    result = compress(body_of("openai-chat", [Step(TEXT)])["messages"])
    assert result.compression_ratio == result.tokens_after / result.tokens_before < 1
    assert compress([]).compression_ratio == 1.0
    assert compress({"odd": 1}).compression_ratio == 1.0
