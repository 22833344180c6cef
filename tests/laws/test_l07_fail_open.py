"""L7: any failure inside leaves the block or the body as it came, counted with its reason."""

import json
from dataclasses import replace

import pytest
from support.drive import Inner, answer_of, post
from support.growing import SINGLE
from support.retrieval import LONG, FailingStore, handles_in, long_step, readable_by, retrieving
from support.samples import sample
from support.wires import Step, body_of, encoded, outputs_of

import headroom.pipeline.run as run_module
import headroom.pipeline.turn as turn_module
from headroom.blocks import Channel, Lossless, Mode, Reason, Tier
from headroom.ccr.keeper import Keeper
from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.pipeline import CompressionHooks, Exchange, Pipeline
from headroom.pipeline.earlier import Earlier
from headroom.policy import Policy
from headroom.providers import WIRES
from headroom.providers.routes import ROUTES
from headroom.proxy.config import ProxyConfig, TransformSet
from headroom.transforms.base import Compressor, Transform
from headroom.transforms.pipeline import DEFAULT_TRANSFORMS
from headroom.transforms.reducer import Reducer

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
STEPS += [(turn_module, name) for name in ("TokenCounter", "offer", "Keeper", "Epochs", "last_turn", "rule_for")]


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


LONG_STEPS = [long_step(name, user="") for name in sorted(LONG)]


def asked(pipeline, channel, wire, steps=None):
    """Run a request whose reader has the channel; return the outcome, the outputs that came and those that are sent."""
    body = encoded(readable_by(wire, steps or LONG_STEPS, channel))
    outcome = pipeline.run(body, WIRES[wire], Exchange("r"))
    return outcome, *(outputs_of(wire, json.loads(data)) for data in (body, outcome.body))


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("wire", SINGLE)
def test_a_store_that_is_never_there_costs_only_what_needs_it(wire, channel, shared, mode):
    store = FailingStore(shared=shared)
    outcome, came, sent = asked(retrieving(channel, Policy(mode=mode), store=store), channel, wire)
    assert store.calls
    assert outcome.note == ""
    if mode is Mode.TOKEN:
        assert outcome.tokens_saved > 0
        assert [bool(handles_in(text)) for text in sent] == [channel is Channel.TOOL] * len(came)
    else:
        assert sent == came, "nobody can say what was sent before"


@pytest.mark.parametrize("error", [RuntimeError, OSError, MemoryError])
@pytest.mark.parametrize("channel", list(Channel))
def test_a_store_that_breaks_its_promise_leaves_the_body_or_its_blocks_without_loss(channel, error):
    outcome, came, sent = asked(retrieving(channel, store=FailingStore(error)), channel, "anthropic")
    assert outcome.note in {"", "failed"}
    assert not any(map(handles_in, sent))
    assert not outcome.originals
    assert sent == came or outcome.tokens_saved > 0


def _raise(*_, **__):
    raise ZeroDivisionError


BROKEN = {
    "keeper": (Keeper, "keep"),
    "reducer": (Reducer, "reduce"),
    "mint": (Keeper, "version"),
    "reference": (Earlier, "reference"),
    "earlier": (Earlier, "add"),
}


@pytest.mark.parametrize("part", sorted(BROKEN))
@pytest.mark.parametrize("wire", SINGLE)
def test_whatever_breaks_on_the_way_to_loss_or_reference_loses_nothing(wire, part, monkeypatch):
    owner, name = BROKEN[part]
    monkeypatch.setattr(owner, name, property(_raise) if name == "version" else _raise)
    pipeline = retrieving()
    outcome, came, sent = asked(pipeline, Channel.TOOL, wire, LONG_STEPS * 2)
    assert sum(pipeline.guard.failures.values())
    if part == "reference":
        assert all(map(handles_in, sent))
    else:
        assert not any(map(handles_in, sent))
    assert outcome.note == ("failed" if part in {"mint", "earlier"} else "")
    assert sent == came if outcome.note else outcome.tokens_saved > 0


@pytest.mark.parametrize("compressor", COMPRESSORS, ids=lambda c: c.name)
def test_a_compressor_that_fails_to_leave_things_out_still_leaves_its_lossless_forms(compressor, monkeypatch):
    def breaks(*_):
        yield from ()
        raise KeyError(compressor.name)

    lossless, _, _ = asked(Pipeline(transforms=TransformSet([compressor])), Channel.TOOL, "openai-chat")
    monkeypatch.setattr(type(compressor), "reductions", breaks)
    pipeline = retrieving(transforms=TransformSet([compressor]))
    outcome, _, sent = asked(pipeline, Channel.TOOL, "openai-chat")
    assert not any(map(handles_in, sent))
    assert sent == outputs_of("openai-chat", json.loads(lossless.body))
    assert pipeline.guard.failures["reduction"]
    assert outcome.note == ""
