"""Guests of the pipeline: extensions, hooks, interceptors and foreign transforms, and what they may do."""

import copy
import json
from dataclasses import replace

import pytest
from support.samples import sample
from support.wires import Step, body_of, encoded, outputs_of

from headroom.blocks import Reason, Tier
from headroom.errors import ConfigError
from headroom.pipeline import CompressionHooks, Exchange, Pipeline, PipelineExtension, PipelineStage
from headroom.pipeline.interception import InterceptedError
from headroom.providers import WIRES
from headroom.proxy.config import ProxyConfig, TransformSet
from headroom.transforms import ContentRouter, SearchCompressor, TagProtector, Transform
from headroom.transforms.order import in_order
from headroom.transforms.pipeline import DEFAULT_TRANSFORMS

TEXT = sample("search_lines")
SINGLE = sorted(set(WIRES) - {"anthropic-batches"})
wires = pytest.mark.parametrize("wire", SINGLE)


def _run(pipeline, wire, steps=None):
    body = encoded(body_of(wire, steps or [Step(TEXT)]))
    return body, pipeline.run(body, WIRES[wire], Exchange("r"))


class Observer:
    def __init__(self, *stages):
        self.events = []
        if stages:
            self.stages = frozenset(stages)

    def on_pipeline_event(self, event):
        self.events.append(event)


@wires
def test_observers_see_the_stages_in_order_with_the_decisions(wire):
    observer = Observer()
    _run(Pipeline(extensions=[observer]), wire)
    assert [event.stage for event in observer.events] == list(PipelineStage)[3:9]
    assert observer.events[0].messages
    assert observer.events[0].model == observer.events[-1].model
    assert observer.events[0].decisions == ()
    assert observer.events[-1].decisions[-1].path
    assert isinstance(observer, PipelineExtension)


def test_observers_are_told_of_odd_bodies_too():
    observer = Observer()
    for tools in ("5", "null", '[{"name": "t"}]'):
        body = f'{{"model": 3, "tools": {tools}, "messages": []}}'.encode()
        assert Pipeline(extensions=[observer]).run(body, WIRES["anthropic"], Exchange("r")).body is body
    assert observer.events[0].tools == ()
    assert observer.events[-1].tools == ({"name": "t"},)


def test_an_observer_may_name_the_stages_it_wants():
    observer = Observer(PipelineStage.PRE_SEND)
    _run(Pipeline(extensions=[observer]), "anthropic")
    assert [event.stage for event in observer.events] == [PipelineStage.PRE_SEND]


class Vandal:
    """Writes into whatever it is shown."""

    def on_pipeline_event(self, event):
        if event.payload:
            event.payload.clear()


@wires
def test_an_observer_that_writes_into_its_event_changes_nothing(wire):
    _, plain = _run(Pipeline(), wire)
    _, outcome = _run(Pipeline(extensions=[Vandal()]), wire)
    assert outcome.body == plain.body


class Replacing:
    def __init__(self, stage):
        self.stage = stage

    def on_pipeline_event(self, event):
        if event.stage is self.stage:
            return replace(event, payload={**event.payload, "model": "replaced"})
        return replace(event, payload={"only": "two stages may replace"})


@pytest.mark.parametrize("stage", [PipelineStage.INPUT_RECEIVED, PipelineStage.PRE_SEND])
def test_two_stages_may_replace_the_payload_and_only_that_changes(stage):
    class Careful(Replacing):
        def on_pipeline_event(self, event):
            return super().on_pipeline_event(event) if event.stage is stage or "put" in event.stage[2:] else None

    body, outcome = _run(Pipeline(extensions=[Careful(stage)]), "anthropic", [Step("short")])
    expected = body.replace(b'"claude-sonnet-4-5"', b'"replaced"')
    assert outcome.body == expected or stage is PipelineStage.PRE_SEND
    assert json.loads(outcome.body)["model"] == "replaced"


class Hooks(CompressionHooks):
    def __init__(self):
        self.contexts, self.reported = [], []

    def pre_compress(self, messages, ctx):
        self.contexts.append(ctx)
        messages[0] = {**messages[0], "note": "seen"}
        return messages

    def protect_messages(self, messages, ctx):
        return {number for number, message in enumerate(messages) if "tool" in json.dumps(message)[:16]}

    def post_compress(self, event):
        self.reported.append(event)


def test_hooks_are_told_the_truth():
    hooks = Hooks()
    steps = [Step(TEXT, user="First question", tool="grep_it"), Step("ok", user="Second question", tool="make")]
    for wire in SINGLE:
        _, outcome = _run(Pipeline(hooks=hooks), wire, steps)
        context = hooks.contexts[-1]
        assert context.user_query == "Second question", wire
        assert context.turn_number == 2, wire
        assert context.tool_calls[0] == "grep_it", wire
        assert hooks.reported[-1].tokens_before == outcome.tokens_before
        assert hooks.reported[-1].decisions == outcome.decisions


def test_hooks_may_change_and_protect_messages():
    _, outcome = _run(Pipeline(hooks=Hooks()), "openai-chat")
    assert outcome.reasons[Reason.HOOK] == 1
    assert outputs_of("openai-chat", json.loads(outcome.body)) == [TEXT]
    assert json.loads(outcome.body)["messages"][0]["note"] == "seen"
    assert b'"temperature": 1.0' in outcome.body


class Biased(CompressionHooks):
    def __init__(self, bias):
        self.bias = bias

    def compute_biases(self, messages, ctx):
        return dict.fromkeys(range(len(messages)), self.bias)


def test_a_bias_above_one_keeps_more():
    steps = [Step(sample("log_lines"))]
    (_, plain), (_, more), (_, as_it_is) = (
        _run(Pipeline(hooks=Biased(bias)), "openai-chat", steps) for bias in (0.5, 2.0, 1.0)
    )
    assert plain.tokens_after <= as_it_is.tokens_after <= more.tokens_after
    assert Tier.PLAIN < Tier.MAX


class Rename(Transform):
    name = "rename"
    after = ("content_router",)

    def apply_request(self, payload):
        payload["model"] = "renamed"
        return payload


def test_a_foreign_transform_is_honoured_even_if_it_writes_into_its_copy():
    pipeline = Pipeline(transforms=TransformSet([*DEFAULT_TRANSFORMS, Rename()]))
    body, outcome = _run(pipeline, "openai-chat", [Step("short")])
    assert outcome.body == body.replace(b'"gpt-4o"', b'"renamed"')
    payload = json.loads(body)
    before = copy.deepcopy(payload)
    after, _ = pipeline.run_payload(payload, WIRES["openai-chat"], Exchange("r"))
    assert (payload, after["model"]) == (before, "renamed")


class Redact:
    fail_closed = True

    def intercept(self, payload):
        return json.loads(json.dumps(payload).replace("secret@example.org", "[email]"))


class Refuse:
    fail_closed = True

    def intercept(self, payload):
        raise PermissionError("never leaves the house")


class Stumble:
    fail_closed = False

    def intercept(self, payload):
        payload.clear()
        raise OSError


def test_what_an_interceptor_changes_stays_changed_when_the_rest_fails(monkeypatch):
    monkeypatch.setattr(Pipeline, "rewrite", lambda *_: 1 / 0)
    body = encoded(body_of("anthropic", [Step("mail secret@example.org now")]))
    outcome = Pipeline(interceptors=[Stumble(), Redact()]).run(body, None, Exchange("r"))
    assert outcome.note == "failed"
    assert outcome.body == body.replace(b"secret@example.org", b"[email]")


def test_an_interceptor_that_fails_closed_refuses_and_says_nothing_of_the_inside():
    with pytest.raises(InterceptedError) as caught:
        _run(Pipeline(interceptors=[Refuse()]), "anthropic")
    assert caught.value.status == 403
    assert "house" not in str(caught.value)


def test_regions_in_configured_tags_are_kept_in_their_place():
    kept = f"<system-reminder>\n{TEXT[:600]}\n</system-reminder>"
    _, outcome = _run(Pipeline(), "openai-chat", [Step(f"{TEXT}\n{kept}")])
    (after,) = outputs_of("openai-chat", json.loads(outcome.body))
    assert after.endswith(kept)
    assert len(after) < len(TEXT) + len(kept)


@pytest.mark.parametrize("fake", ["<system>", "<system-reminder>", "<thinking>x", "<SYSTEM-REMINDER attr='1'>"])
def test_a_fake_or_unclosed_tag_does_not_make_its_carrier_immune(fake):
    _, outcome = _run(Pipeline(), "openai-chat", [Step(f"{fake}\n{TEXT}")])
    assert outcome.reasons[Reason.COMPRESSED] == 1


def test_tags_protect_eight_kilobytes_a_text_and_no_more():
    huge = f"<thinking>{TEXT * 3}</thinking>"
    assert not any(segment.kept for segment in TagProtector().segments(huge))
    nested = "a\n <thinking>b\n<instructions>\nc</instructions></thinking>d"
    assert [(s.text, s.kept) for s in TagProtector().segments(nested)] == [
        ("a\n", False),
        (" <thinking>b\n<instructions>\nc</instructions></thinking>", True),
        ("d", False),
    ]
    alone = TagProtector().segments("<thinking>\nb\n</thinking>\n\nc\n")
    assert [(s.text, s.kept) for s in alone] == [("<thinking>\nb\n</thinking>\n", True), ("\nc\n", False)]
    inline = '{"note": "<thinking>part of a value</thinking>"}'
    assert [segment.kept for segment in TagProtector().segments(inline)] == [False]


def test_the_order_of_transforms_follows_constraints_then_the_list():
    class First(Transform):
        name = "first"
        before = ("rename",)

    ordered = in_order([ContentRouter(), Rename(), SearchCompressor(), First()])
    assert [t.name for t in ordered] == ["content_router", "search_compressor", "first", "rename"]


def test_constraints_that_contradict_are_a_configuration_error():
    class Loop(Transform):
        name = "loop"
        before = ("rename",)
        after = ("rename",)

    with pytest.raises(ConfigError, match="loop"):
        in_order([Rename(), Loop()])


def test_volatile_tokens_in_the_system_prompt_are_reported_and_left_alone():
    prompt = "Today is 2026-11-21T09:10:11Z, session 123e4567-e89b-12d3-a456-426614174000."
    body = encoded({"model": "m", "system": prompt, "messages": []})
    outcome = Pipeline().run(body, None, Exchange("r"))
    assert outcome.body is body
    assert [found["kind"] for found in outcome.metadata["volatile"]] == ["timestamp", "uuid"]


def test_a_configuration_is_checked_where_it_is_made():
    for wrong in ({"port": 70000}, {"openai_api_url": "ftp://x"}, {"unknown": 1}, {"lossless_tier": "best"}):
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            ProxyConfig(**wrong)
