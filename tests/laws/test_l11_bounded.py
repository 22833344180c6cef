"""L11: body size, nesting, decompression, memory and time are bounded; what exceeds them passes or is refused."""

import asyncio
import gzip
import json
import tracemalloc
import zlib

import brotli
import pytest
import zstandard
from support.drive import Inner, answer_of, chunked, drive, post, scope_of
from support.samples import SAMPLES, sample
from support.wires import Step, body_of, encoded, outputs_of

from headroom.blocks import Block, Reason
from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.pipeline import Exchange, Pipeline
from headroom.policy import Policy
from headroom.providers import WIRES
from headroom.providers.routes import ROUTES
from headroom.proxy.config import ProxyConfig
from headroom.tokens import TokenCounter
from headroom.transforms.base import Compressor, Context, Hint
from headroom.transforms.pipeline import DEFAULT_TRANSFORMS
from headroom.transforms.view import View

COMPRESSORS = [t for t in DEFAULT_TRANSFORMS if isinstance(t, Compressor)]
CODINGS = {
    b"gzip": gzip.compress,
    b"deflate": zlib.compress,
    b"br": brotli.compress,
    b"zstd": zstandard.ZstdCompressor().compress,
}
HOSTILE = {
    "one character": "a" * 300_000,
    "blank": " " * 300_000,
    "line feeds": "\n" * 300_000,
    "one line": "key=value; " * 30_000,
    "open brackets": "[" * 100_000,
    "deep objects": '{"a":' * 100_000,
    "deep and closed": "[" * 50_000 + "]" * 50_000,
    "quotes": '"\\' * 100_000,
    "colons": "a:1:" * 60_000,
    "pipes": "|" * 100_000 + "\n" + "|-" * 50_000,
    "diff marks": "@@ -1 +1 @@\n" * 20_000,
    "tags": "<system-reminder>" * 15_000,
    "open tags": "<a " * 60_000,
    "escapes": "\x1b[" * 80_000,
    "carriage returns": "50%\r" * 60_000,
    "surrogates": "\udc80x\n" * 40_000,
    "digits": "1234567890" * 20_000,
    "commas": "a,b,,\n" * 40_000,
    "frames": '  File "a.py", line 1, in f\n' * 9_000,
}


@pytest.mark.parametrize("coding", sorted(CODINGS))
@pytest.mark.parametrize("route", ROUTES, ids=lambda row: row.name)
def test_coded_bodies_are_decoded_and_sent_as_identity(route, coding):
    body = encoded(body_of(route.wire, [Step(sample("search_lines"))]))
    inner = Inner()
    data = CODINGS[coding](body)
    post(HeadroomASGIMiddleware(inner, ProxyConfig()), route.example, data, (b"content-encoding", coding))
    assert inner.header(b"content-encoding") is None
    assert inner.header(b"content-length") == str(len(inner.body)).encode()
    assert outputs_of(route.wire, json.loads(inner.body)) != outputs_of(route.wire, json.loads(body))


@pytest.mark.parametrize("coding", [*sorted(CODINGS), b"unknown"])
def test_coded_bodies_without_edits_stay_coded(coding):
    body = CODINGS.get(coding, bytes)(encoded(body_of("anthropic", [Step("short")])))
    inner = Inner()
    post(HeadroomASGIMiddleware(inner, ProxyConfig()), "/v1/messages", body, (b"content-encoding", coding))
    assert inner.body == body
    assert inner.header(b"content-encoding") == coding


@pytest.mark.parametrize("coding", sorted(CODINGS))
def test_a_bomb_is_noticed_early_and_refused_by_the_proxy_or_passed_by_the_middleware(coding):
    bomb = CODINGS[coding](b'{"messages":"' + b"0" * 50_000_000 + b'"}')
    given = (b"content-encoding", coding)
    inner = Inner()
    tracemalloc.start()
    sent = post(HeadroomASGIMiddleware(inner, ProxyConfig(), refuse_large=True), "/v1/messages", bomb, given)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert answer_of(sent)[0] == 413
    assert peak < 45_000_000
    post(HeadroomASGIMiddleware(inner, ProxyConfig()), "/v1/messages", bomb, given)
    assert inner.body == bomb


@pytest.mark.parametrize("coding", sorted(CODINGS))
def test_damaged_codings_pass_as_they_came(coding):
    body = CODINGS[coding](encoded(body_of("anthropic", [Step(sample("search_lines"))])))
    damaged = body[: len(body) // 2] + b"\x00damage\x00" + body[len(body) // 2 :]
    inner = Inner()
    post(HeadroomASGIMiddleware(inner, ProxyConfig()), "/v1/messages", damaged, (b"content-encoding", coding))
    assert inner.body == damaged


def test_a_body_of_64_mib_and_one_byte_is_over_the_default_cap():
    body = b'{"messages": "' + b"x" * (64 * 1024 * 1024 + 1 - 16) + b'"}'
    assert len(body) == 64 * 1024 * 1024 + 1
    inner = Inner()
    app = HeadroomASGIMiddleware(inner, ProxyConfig(), refuse_large=True)
    assert answer_of(drive(app, scope_of("/v1/messages"), chunked(body, 1 << 20)))[0] == 413
    app = HeadroomASGIMiddleware(inner, ProxyConfig())
    drive(app, scope_of("/v1/messages"), chunked(body, 1 << 20))
    assert inner.body == body


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_every_compressor_survives_hostile_text(name):
    view, context = View(HOSTILE[name]), Context()
    for compressor in COMPRESSORS:
        assert 0 <= compressor.evidence(view, Hint()) <= 1
        result = compressor.shrink(Block((), view.text, "tool"), context)
        assert result is None or compressor.restores(result, view.text)


@pytest.mark.parametrize("name", sorted(set(HOSTILE) - {"surrogates"}))
def test_the_pipeline_survives_hostile_text(name):
    body = encoded(body_of("openai-chat", [Step(HOSTILE[name])]))
    pipeline = Pipeline()
    outcome = pipeline.run(body, None, Exchange("r"))
    assert outcome.note == ""
    assert not pipeline.guard.failures
    assert len(outcome.body) <= len(body) + 64


def test_the_memory_of_decisions_stays_within_its_bytes():
    pipeline = Pipeline(memory_bytes=20_000)
    for seed in range(40):
        body = encoded(body_of("openai-chat", [Step(sample("search_lines", seed))]))
        assert pipeline.run(body, None, Exchange("r")).reasons[Reason.COMPRESSED]
        assert pipeline.memory.size_bytes <= 20_000
    assert 0 < len(pipeline.memory) < 160


def test_a_block_over_the_cap_stays():
    pipeline = Pipeline(Policy(max_block_chars=1000))
    outcome = pipeline.run(encoded(body_of("openai-chat", [Step(sample("json_rows"))])), None, Exchange("r"))
    assert outcome.reasons[Reason.TOO_LARGE] == 1


def test_long_texts_are_counted_on_samples():
    count = TokenCounter("gpt-4o")
    text = sample("log_lines") * 600
    assert len(text) > 2_000_000
    assert abs(count(text) - 600 * count(sample("log_lines"))) < 0.05 * count(text)


def test_the_event_loop_goes_on_while_a_large_body_is_worked_on():
    steps = [Step(sample(name, seed)) for seed in range(12) for name in sorted(SAMPLES)]
    body = encoded(body_of("openai-chat", steps))
    app = HeadroomASGIMiddleware(Inner(), ProxyConfig())
    beats = []

    async def both():
        done = asyncio.Event()

        async def heart():
            while not done.is_set():
                beats.append(len(beats))
                await asyncio.sleep(0.001)

        async def receive():
            return {"type": "http.request", "body": body}

        async def send(message):
            pass

        pulse = asyncio.create_task(heart())
        await asyncio.sleep(0)
        before = len(beats)
        await app(scope_of("/v1/chat/completions"), receive, send)
        done.set()
        await pulse
        return len(beats) - before

    assert asyncio.run(both()) > 3


@pytest.mark.parametrize("wire", sorted(WIRES))
def test_strings_inside_strings_may_be_as_deep_as_they_like(wire):
    output = json.dumps({"a": "[" * 5000})
    for _ in range(3):
        output = json.dumps({"nested": output})
    body = encoded(body_of(wire, [Step(output)]))
    assert Pipeline().run(body, WIRES[wire], Exchange("r")).note == ""
