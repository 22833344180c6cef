"""Seeded texts and bodies: equal arguments give equal bytes, sizes are as wanted, salts make them new."""

import json

import pytest

from benchmarks import bodies, texts
from headroom.pipeline import Exchange, Pipeline
from headroom.pipeline.lineup import lineup_of
from headroom.providers import WIRES, recognise
from headroom.transforms.base import Hint
from headroom.transforms.pipeline import DEFAULT_TRANSFORMS
from headroom.transforms.view import View


@pytest.mark.parametrize("kind", texts.KINDS)
def test_texts_are_the_same_for_the_same_seed_and_near_the_wanted_size(kind):
    text = texts.make(kind, 20_000, seed=3)
    assert text == texts.make(kind, 20_000, seed=3)
    assert text != texts.make(kind, 20_000, seed=4)
    assert 19_000 < len(text) < 21_000


def test_every_compressor_recognises_the_text_that_it_is_measured_on():
    from benchmarks.scaling import KIND_OF

    lineup = lineup_of(tuple(DEFAULT_TRANSFORMS))
    assert {one.name for one in lineup.compressors} == set(KIND_OF)
    for name, kind in KIND_OF.items():
        view = View(texts.make(kind, 20_000))
        assert lineup.router.route(view, Hint("run_command", ""), lineup.compressors)[0].name == name


@pytest.mark.parametrize("wire", WIRES)
def test_bodies_speak_their_wire_and_have_the_wanted_size(wire):
    body = bodies.body(wire, 60_000)
    assert 55_000 < len(body) < 66_000
    assert recognise(json.loads(body)) is WIRES[wire]


@pytest.mark.parametrize("wire", WIRES)
def test_salts_decide_what_a_memory_knows(wire):
    pipeline = Pipeline()

    def remembered(body):
        decisions = pipeline.run(body, WIRES[wire], Exchange(request_id="test")).decisions
        return [one.remembered for one in decisions if one.role == "tool"]

    assert not any(remembered(bodies.body(wire, 40_000)))
    assert all(remembered(bodies.body(wire, 40_000)))
    assert remembered(bodies.body(wire, 40_000, last_salt=7)).count(False) == 1
    assert not any(remembered(bodies.body(wire, 40_000, salt=8)))


def test_a_plain_body_has_no_tool_output():
    body = bodies.plain(1_000)
    assert 800 < len(body) < 1_300
    blocks = WIRES["openai-chat"].blocks(json.loads(body))
    assert [block.role for block in blocks] == ["system", "user"]
