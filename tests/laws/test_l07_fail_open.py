"""L7: any failure inside leaves the block or the body as it came, counted with its reason."""

import json
from dataclasses import replace

import pytest
from support.drive import Inner, answer_of, post
from support.retrieval import retrieving
from support.samples import sample
from support.wires import Step, body_of, encoded, outputs_of

import headroom.pipeline.run as run_module
import headroom.pipeline.turn as turn_module
from headroom.blocks import Lossless, Reason, Tier
from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.pipeline import CompressionHooks, Exchange, Pipeline
from headroom.policy import Policy
from headroom.providers import WIRES
from headroom.providers.routes import ROUTES
from headroom.proxy.config import ProxyConfig, TransformSet
from headroom.transforms.base import Compressor, Transform
from headroom.transforms.pipeline import DEFAULT_TRANSFORMS

COMPRESSORS = [t for t in DEFAULT_TRANSFORMS if isinstance(t, Compressor)]
TEXT = sample("search_lines")


class Broken(Compressor):
    """A compressor that claims every text and fails where it is told to."""

    name = "broken"

    def __init__(self, where):
        self.where = where

    def _fail(self, where):
        if where == self.where:
            raise RuntimeError("broken on purpose")

    def evidence(self, view, hint):
        self._fail("evidence")
        return 1.0

    def candidates(self, view, context):
        self._fail("candidates")
        yield Lossless("short", of="bytes", encoding="broken", tier=Tier.PLAIN)

    def decode(self, text):
        self._fail("decode")
        return "not the original"


@pytest.mark.parametrize("wire", sorted(WIRES))
@pytest.mark.parametrize("where", ["evidence", "candidates", "decode", "restores"])
def test_a_broken_compressor_leaves_the_block_as_it_came(wire, where):
    body = encoded(body_of(wire, [Step(TEXT)]))
    pipeline = Pipeline(transforms=TransformSet([Broken(where)]))
    outcome = pipeline.run(body, WIRES[wire], Exchange("r"))
    assert outcome.body is body
    assert outcome.reasons[Reason.FAILED] == 1
    assert pipeline.guard.failures["compression"] == 1


@pytest.mark.parametrize("method", ["evidence", "candidates"])
@pytest.mark.parametrize("compressor", COMPRESSORS, ids=lambda c: c.name)
def test_each_compressor_may_fail_without_harm(compressor, method, monkeypatch):
    def fail(*_):
        raise RecursionError

    monkeypatch.setattr(type(compressor), method, fail)
    bodies = [encoded(body_of("openai-chat", [Step(sample("search_lines")), Step(sample("json_rows"))]))]
    for body in bodies:
        outcome = Pipeline(transforms=TransformSet([compressor])).run(body, None, Exchange("r"))
        assert outcome.body is body


def test_an_encoder_made_wrong_on_purpose_is_caught_by_verification(monkeypatch):
    honest = Compressor.cheapest
    search = next(c for c in COMPRESSORS if c.name == "search_compressor")
    plain = search.candidates

    def wrong(self, view, context):
        for candidate in plain(view, context):
            yield replace(candidate, text=candidate.text.replace("raise", "rise"))

    monkeypatch.setattr(type(search), "candidates", wrong)
    assert Compressor.cheapest is honest
    body = encoded(body_of("openai-chat", [Step(TEXT)]))
    outcome = Pipeline(transforms=TransformSet([search])).run(body, None, Exchange("r"))
    assert outcome.body is body
    assert outcome.reasons[Reason.FAILED] == 1


STEPS = [(run_module, name) for name in ("splice", "apply", "lineup_of", "wishes_of", "with_questions")]
STEPS += [(turn_module, name) for name in ("TokenCounter", "offer", "Keeper", "Epochs", "newest_turn", "rule_for")]


@pytest.mark.parametrize(("module", "step"), STEPS, ids=[name for _, name in STEPS])
def test_a_failing_step_leaves_the_body_as_it_came(module, step, monkeypatch):
    def fail(*_, **__):
        raise ValueError(step)

    pipeline = retrieving()
    monkeypatch.setattr(module, step, fail)
    body = encoded(body_of("anthropic", [Step(TEXT)], tools=True))
    outcome = pipeline.run(body, WIRES["anthropic"], Exchange("r"))
    assert outcome.body is body
    assert outcome.note == "failed"
    assert sum(pipeline.guard.failures.values()) == 1


@pytest.mark.parametrize("wire", sorted(WIRES))
def test_a_failing_visitor_leaves_the_body_as_it_came(wire, monkeypatch):
    def fail(*_):
        raise TypeError(wire)

    monkeypatch.setattr(type(WIRES[wire]), "blocks", fail)
    body = encoded(body_of(wire, [Step(TEXT)]))
    outcome = Pipeline().run(body, WIRES[wire], Exchange("r"))
    assert outcome.body is body
    assert outcome.note == "failed"


class Angry(CompressionHooks):
    def pre_compress(self, messages, ctx):
        raise KeyError("pre")

    def compute_biases(self, messages, ctx):
        raise KeyError("biases")

    def protect_messages(self, messages, ctx):
        raise KeyError("protect")

    def post_compress(self, event):
        raise KeyError("post")


class AngryExtension:
    def on_pipeline_event(self, event):
        raise OSError(event.stage)


class AngryTransform(Transform):
    name = "angry"

    def apply_request(self, payload):
        payload.clear()
        raise ArithmeticError


@pytest.mark.parametrize("wire", sorted(set(WIRES) - {"anthropic-batches"}))
def test_failing_guests_are_left_out_and_the_rest_is_done(wire):
    transforms = TransformSet([*DEFAULT_TRANSFORMS, AngryTransform()])
    pipeline = Pipeline(hooks=Angry(), extensions=[AngryExtension()], transforms=transforms)
    body = encoded(body_of(wire, [Step(TEXT)]))
    outcome = pipeline.run(body, WIRES[wire], Exchange("r"))
    names = {"pre_compress", "compute_biases", "protect_messages", "post_compress", "AngryExtension", "angry"}
    assert names <= set(pipeline.guard.failures)
    assert outcome.note in {"", "failed"}
    assert json.loads(outcome.body).keys() == json.loads(body).keys()


def test_a_block_that_takes_too_long_stays_and_is_remembered_so():
    clockless = Policy(block_seconds=1e-9)
    pipeline = Pipeline(clockless)
    body = encoded(body_of("openai-chat", [Step(TEXT)]))
    for _ in range(2):
        outcome = pipeline.run(body, None, Exchange("r"))
        assert outcome.body is body
        assert outcome.reasons[Reason.BUDGET] == 1


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: r.name)
def test_the_middleware_hands_on_the_original_when_everything_inside_fails(route, monkeypatch):
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(Pipeline, "rewrite", fail)
    body = encoded(body_of(route.wire, [Step(TEXT)]))
    inner = Inner()
    status, headers, _ = answer_of(post(HeadroomASGIMiddleware(inner, ProxyConfig()), route.example, body))
    assert (status, inner.body) == (200, body)
    assert headers[b"x-headroom-decisions"] == b"failed"
    assert outputs_of(route.wire, json.loads(inner.body)) == [TEXT]
