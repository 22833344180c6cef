"""L4: no block comes out with more tokens than it had, notes of ours included."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.samples import SAMPLES, UNTOUCHED, sample
from support.wires import Step, body_of, encoded, outputs_of

from headroom.blocks import Block
from headroom.pipeline import Exchange, Pipeline
from headroom.policy import Policy
from headroom.providers import WIRES
from headroom.tokens import TokenCounter
from headroom.transforms.base import Compressor, Context
from headroom.transforms.pipeline import DEFAULT_TRANSFORMS

COMPRESSORS = [t for t in DEFAULT_TRANSFORMS if isinstance(t, Compressor)]
EAGER = Pipeline(Policy(min_tokens=0))

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
