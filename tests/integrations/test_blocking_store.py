"""A store that makes its callers wait is never asked on the event loop; small bodies that have no need of it stay there."""

import json
import threading

import pytest
from support.drive import Inner, post
from support.retrieval import MINT, readable_by
from support.samples import sample
from support.wires import Step, body_of, encoded

from headroom.blocks import Channel, Mode
from headroom.ccr.keeper import Retrieval
from headroom.integrations.asgi import INLINE_BYTES, HeadroomASGIMiddleware
from headroom.pipeline import CompressionHooks
from headroom.pipeline.run import Pipeline
from headroom.policy import Policy
from headroom.proxy.config import ProxyConfig
from headroom.state.memory import MemoryStore

STEPS = [Step(sample("log_lines")[:3_000]), Step(sample("search_lines")[:2_000], arguments='{"command": "rg"}')]
PATHS = {
    "openai-chat": "/v1/chat/completions",
    "openai-responses": "/v1/responses",
    "anthropic": "/v1/messages",
    "anthropic-batches": "/v1/messages/batches",
    "gemini": "/v1beta/models/gemini-3:generateContent",
}
KEEPING = {"openai-chat", "openai-responses", "anthropic"}
"""Wires of which the store is asked whatever the mode: their requests are answered at once, and calls have ids."""
readable = pytest.mark.parametrize("wire", [wire for wire in PATHS if wire != "anthropic-batches"])


class Waiting(MemoryStore):
    """A store that says that it makes callers wait, and writes down on which threads it was asked."""

    is_blocking = True

    def __init__(self):
        super().__init__()
        self.threads = []

    def put(self, *place, **kind):
        self.threads.append(threading.current_thread())
        super().put(*place, **kind)

    def get(self, *place, **kind):
        self.threads.append(threading.current_thread())
        return super().get(*place, **kind)


def threads_of(wire, payload, channel=Channel.TOOL, **settings):
    """Return the threads on which one request was worked on, and those on which the store was asked."""
    store, worked = Waiting(), []
    policy = Policy(min_lossy_share=0.1, mode=settings.pop("mode", Mode.TOKEN))
    pipeline = Pipeline(policy, store=store, retrieval=Retrieval(channel, MINT), **settings)

    def run(*given):
        worked.append(threading.current_thread())
        return Pipeline.run(pipeline, *given)

    pipeline.run = run
    app = HeadroomASGIMiddleware(Inner(), ProxyConfig())
    app.pipeline = pipeline
    body = payload if isinstance(payload, bytes) else encoded(payload)
    assert len(body) <= INLINE_BYTES
    post(app, PATHS[wire], body)
    [thread] = worked
    return thread, store.threads


@readable
@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("channel", Channel)
def test_the_store_is_asked_in_other_threads_alone(wire, mode, channel):
    thread, asked = threads_of(wire, readable_by(wire, STEPS, channel), channel, mode=mode)
    assert asked or wire not in KEEPING
    assert {thread, *asked}.isdisjoint({threading.main_thread()})


@pytest.mark.parametrize("wire", PATHS)
def test_a_small_request_whose_reader_cannot_ask_stays_on_the_event_loop(wire):
    assert threads_of(wire, body_of(wire, STEPS)) == (threading.main_thread(), [])


@readable
def test_whatever_may_need_the_store_leaves_the_event_loop(wire):
    plain = body_of(wire, STEPS)
    spelled = encoded(readable_by(wire, STEPS, Channel.TOOL)).replace(b'"tools"', b'"\\u0074ools"')
    assert json.loads(spelled)["tools"]
    for given in (
        threads_of(wire, spelled),
        threads_of(wire, plain, Channel.HTTP),
        threads_of(wire, plain, mode=Mode.CACHE),
        threads_of(wire, plain, hooks=CompressionHooks()),
    ):
        assert given[0] is not threading.main_thread()
        assert threading.main_thread() not in given[1]
