"""L2: only strings named in the allow-list change; ids, roles, order, flags and everything else stand."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.samples import SAMPLES, sample
from support.wires import BUILDERS, EDITABLE, Step, body_of, encoded

from headroom.pipeline import Exchange, Pipeline
from headroom.providers import WIRES

PIPELINE = Pipeline()

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


def _differences(before: Any, after: Any, path: str) -> list[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        assert list(before) == list(after), path
        return [d for key in before for d in _differences(before[key], after[key], f"{path}/{key}" if path else key)]
    if isinstance(before, list) and isinstance(after, list):
        assert len(before) == len(after), path
        return [d for n, one in enumerate(before) for d in _differences(one, after[n], f"{path}/{n}")]
    assert type(before) is type(after), path
    return [] if before == after else [path]


@pytest.mark.parametrize("wire", sorted(WIRES))
@given(steps=steps)
def test_only_allowed_strings_change(wire, steps):
    body = encoded(body_of(wire, steps))
    outcome = PIPELINE.run(body, WIRES[wire], Exchange("r"))
    for path in _differences(json.loads(body), json.loads(outcome.body), ""):
        assert EDITABLE[wire].fullmatch(path), path


@pytest.mark.parametrize("wire", sorted(WIRES))
def test_something_does_change(wire):
    body = encoded(body_of(wire, [Step(sample("search_lines"))]))
    outcome = PIPELINE.run(body, WIRES[wire], Exchange("r"))
    assert len(_differences(json.loads(body), json.loads(outcome.body), "")) == 1
