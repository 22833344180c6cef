"""L4: no block comes out with more tokens than it had, notes of ours included."""

import json
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.growing import SINGLE, changed
from support.retrieval import LONG, handles_in, long_sample, long_step, readable_by, retrieving
from support.samples import SAMPLES, UNTOUCHED, sample
from support.wires import Step, body_of, encoded, outputs_of

from headroom.blocks import Block, Channel
from headroom.pipeline import Exchange, Pipeline
from headroom.policy import Policy
from headroom.providers import WIRES
from headroom.tokens import TokenCounter
from headroom.transforms.base import Compressor, Context
from headroom.transforms.pipeline import DEFAULT_TRANSFORMS

COMPRESSORS = [t for t in DEFAULT_TRANSFORMS if isinstance(t, Compressor)]
EAGER = Pipeline(Policy(min_tokens=0))
GREEDY = Policy(min_tokens=0, min_lossy_gain=0, min_lossy_share=0.0)

lines = st.lists(st.one_of(st.text(max_size=30), st.sampled_from(["a: 1", "x,y", "f.py:3: z", "2026-01-01 INFO"])))
texts = st.one_of(st.text(max_size=300), lines.map("\n".join), st.sampled_from(sorted(UNTOUCHED.values())))


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4", "claude-sonnet-4-5", "some-unknown-model"])
@pytest.mark.parametrize("wire", sorted(WIRES))
@given(output=texts)
def test_no_output_grows_in_any_wire(wire, model, output):
    body = encoded({**body_of(wire, [Step(output)]), "model": model})
    outcome = EAGER.run(body, WIRES[wire], Exchange("r", model=model))
    count = TokenCounter(model)
    for before, after in zip(
        outputs_of(wire, json.loads(body)), outputs_of(wire, json.loads(outcome.body)), strict=True
    ):
        assert count(after) <= count(before)
    assert all(d.tokens_after <= d.tokens_before for d in outcome.decisions)


@pytest.mark.parametrize("name", sorted(SAMPLES))
@pytest.mark.parametrize("compressor", COMPRESSORS, ids=lambda c: c.name)
def test_no_compressor_returns_a_longer_form_however_short_the_text(compressor, name):
    lines = sample(name).split("\n")
    for length in (1, 2, 3, 4, 6, 9, 14, len(lines)):
        text = "\n".join(lines[:length])
        result = compressor.shrink(Block((), text, "tool"), Context())
        assert result is None or Context().count(result.text) < Context().count(text)


def grown(before, after):
    """Return the outputs that have more tokens than they had."""
    count = TokenCounter("gpt-4o")
    return [text for came, text in zip(before, after, strict=True) if count(text) > count(came)]


@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("name", sorted(LONG))
def test_markers_and_notes_are_paid_for_however_little_there_is_to_leave_out(name, channel):
    """Under a policy for which any gain will do, at every length of a text."""
    pipeline = retrieving(channel, replace(GREEDY, cross_turn=False))
    lines = long_sample(name).split("\n")
    steps = [Step("\n".join(lines[:length]), user="") for length in (1, 2, 4, 8, 16, 24, 32, 48, 64, 96)]
    body = encoded({**readable_by("openai-chat", [*steps, long_step(name)], channel), "model": "gpt-4o"})
    outcome = pipeline.run(body, None, Exchange("r"))
    before, after = (outputs_of("openai-chat", json.loads(data)) for data in (body, outcome.body))
    assert grown(before, after) == []
    assert handles_in(after[-1])
    assert all(d.tokens_after <= d.tokens_before for d in outcome.decisions)


@pytest.mark.parametrize("wire", SINGLE)
@given(output=texts, chance=st.integers(0, 2**32))
def test_references_and_what_is_left_out_never_grow_in_any_wire(wire, output, chance):
    r = Random(chance)
    steps = [Step(output), Step(changed(r, output)), Step(output), Step(changed(r, output * 2))]
    body = encoded({**readable_by(wire, steps, Channel.TOOL), "model": "gpt-4o"})
    outcome = retrieving(policy=GREEDY).run(body, WIRES[wire], Exchange("r"))
    before, after = (outputs_of(wire, json.loads(data)) for data in (body, outcome.body))
    assert grown(before, after) == []
    assert all(d.tokens_after <= d.tokens_before for d in outcome.decisions)
