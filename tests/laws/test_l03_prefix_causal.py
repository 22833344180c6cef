"""L3: what a conversation came out as stays, byte for byte, however it goes on, wherever it is worked on."""

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.samples import SAMPLES, UNTOUCHED, sample
from support.wires import Step, body_of, encoded, outputs_of

from headroom.pipeline import Exchange, Pipeline
from headroom.policy import Policy
from headroom.providers import WIRES

outputs = st.one_of(
    st.builds(sample, st.sampled_from(sorted(SAMPLES)), st.integers(1, 3)),
    st.sampled_from(sorted(UNTOUCHED.values())),
    st.text(max_size=40),
)
conversations = st.lists(st.builds(Step, output=outputs, is_error=st.booleans()), min_size=2, max_size=5)


def _sent(pipeline: Pipeline, wire: str, steps: list[Step]) -> bytes:
    return pipeline.run(encoded(body_of(wire, steps)), WIRES[wire], Exchange("r")).body


def _prefix(body: bytes) -> bytes:
    """The body up to the end of the last message: closing brackets and what the builder puts after them cut off."""
    return body.rstrip(b"}] ").rstrip(b'"')


@pytest.mark.parametrize("wire", sorted(set(WIRES) - {"anthropic-batches"}))
@settings(max_examples=25)
@given(steps=conversations)
def test_every_earlier_turn_is_a_byte_prefix_of_every_later_one(wire, steps):
    one_process = Pipeline()
    before = b""
    for turn in range(1, len(steps) + 1):
        body = _sent(one_process, wire, steps[:turn])
        assert body.startswith(before)
        assert body == _sent(Pipeline(), wire, steps[:turn]), "a worker without memory decides otherwise"
        before = _prefix(body)


@pytest.mark.parametrize("wire", sorted(WIRES))
def test_forgetting_in_mid_conversation_changes_nothing(wire):
    steps = [Step(sample(name)) for name in sorted(SAMPLES)]
    forgetful, whole = Pipeline(memory_bytes=2_000), Pipeline()
    for turn in range(1, len(steps) + 1):
        assert _sent(forgetful, wire, steps[:turn]) == _sent(whole, wire, steps[:turn])


@pytest.mark.parametrize("wire", sorted(WIRES))
def test_a_block_comes_out_alike_whatever_stands_after_it(wire):
    steps = [Step(sample(name)) for name in sorted(SAMPLES)]
    alone = [outputs_of(wire, json.loads(_sent(Pipeline(), wire, [step])))[0] for step in steps]
    together = outputs_of(wire, json.loads(_sent(Pipeline(), wire, steps)))
    assert together == alone


@pytest.mark.parametrize("wire", sorted(WIRES))
def test_a_second_pass_finds_nothing_to_do_but_refer(wire):
    """A middleware in front of a proxy, or a proxy behind a proxy: to the second one, forms are outputs as they came."""
    steps = [Step(sample(name, seed)) for name in sorted(SAMPLES) for seed in (1, 2)]
    once = _sent(Pipeline(), wire, steps)
    again = Pipeline().run(once, WIRES[wire], Exchange("r"))
    assert {d.compressor for d in again.decisions if d.tokens_saved} <= {"cross_turn"}
    plain = Policy(cross_turn=False)
    once = _sent(Pipeline(plain), wire, steps)
    assert Pipeline(plain).run(once, WIRES[wire], Exchange("r")).body is once


_WORKER = """
import hashlib
from support.samples import SAMPLES, sample
from support.wires import Step, body_of, encoded
from headroom.pipeline import Exchange, Pipeline
from headroom.policy import Policy
from headroom.providers import WIRES
steps = [Step(sample(name)) for name in sorted(SAMPLES)]
for wire in sorted(WIRES):
    body = Pipeline().run(encoded(body_of(wire, steps)), WIRES[wire], Exchange("r")).body
    print(wire, hashlib.sha256(body).hexdigest())
"""


def test_processes_with_different_hash_seeds_send_the_same_bytes():
    def worker(seed: str) -> str:
        paths = [path for path in sys.path if path]
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(paths)}
        done = subprocess.run([sys.executable, "-c", _WORKER], env=env, capture_output=True, text=True, check=True)
        return done.stdout

    first = worker("1")
    assert first.count("\n") == len(WIRES)
    assert first == worker("2")
