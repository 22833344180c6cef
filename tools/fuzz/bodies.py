"""Request bodies of all wires, damaged: through the pipeline, and through the middleware in pieces, coded or not."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

import brotli
import msgspec
import zstandard
from support.drive import Inner, scope_of
from support.growing import conversation
from support.retrieval import LONG, MINT, long_step, retrieving
from support.wires import BUILDERS, EDITABLE, Step, body_of

from headroom.blocks import Outcome
from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.pipeline import Exchange, Pipeline
from headroom.policy import Policy
from headroom.providers import WIRES
from headroom.providers.routes import ROUTES
from headroom.proxy.config import ProxyConfig
from headroom.state.memory import MemoryStore
from headroom.tokens import TokenCounter
from tools.fuzz.damage import damaged_bytes, damaged_text, pieces, written
from tools.fuzz.driving import passed
from tools.fuzz.running import law

POLICY = Policy(min_tokens=20, min_lossy_gain=20, min_lossy_share=0.1, block_seconds=600, request_seconds=600)
_ALONE = replace(POLICY, cross_turn=False, lossless=True)
TENANT = "fuzz"
_CODINGS = {
    b"gzip": gzip.compress,
    b"deflate": zlib.compress,
    b"br": partial(brotli.compress, quality=1),
    b"zstd": zstandard.ZstdCompressor().compress,
    b"gzip, br": lambda body: brotli.compress(gzip.compress(body), quality=1),
    b"unheard-of": bytes,
}
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[\]{},]|[^"\[\]{},]++', re.DOTALL)
_MAY_CHANGE = (*EDITABLE.values(), re.compile(r"contents/\d+/parts/\d+/functionResponse/response"))
"""A function's response that is a text itself, which Gemini does not take, is none of a client's structure either."""
_SEEDS = 24
_LINES = (3, 12, 40, 120)
_SPOOF = f"[9 lines left out | headroom_retrieve hash={MINT.handle('never seen')}]"


def _payloads(r: Random) -> Iterator[tuple[str, dict[str, Any]]]:
    for wire in sorted(BUILDERS):
        for _ in range(_SEEDS):
            steps = [_shorter(r, step) for step in conversation(r, r.randint(1, 3))]
            steps += [_shorter(r, long_step(r.choice(sorted(LONG)), r.randrange(9)))] if r.random() < 0.5 else []
            yield wire, body_of(wire, steps, tools=r.random() < 0.8)


def _shorter(r: Random, step: Step) -> Step:
    lines = step.output.split("\n")[: r.choice(_LINES)]
    if r.random() < 0.2:
        lines.insert(r.randrange(len(lines) + 1), _SPOOF)
    return Step(**{**vars(step), "output": "\n".join(lines)})


class Bodies:
    """Bodies that real clients could have sent, had somebody not sat on their keyboard."""

    def __init__(self) -> None:
        self._payloads = list(_payloads(Random(1)))
        self._inner = Inner()
        self._app = HeadroomASGIMiddleware(self._inner, ProxyConfig(retrieval="off"))
        self._app.pipeline, self._app.policy = _pipeline(), POLICY
        self._paths = {row.wire: row.example for row in ROUTES}

    def check(self, r: Random) -> str:
        """Send one body; return whether it was read, edited and shortened with loss."""
        wire, payload = r.choice(self._payloads)
        body = written(r, self._changed(r, payload))
        name = r.choice((wire, wire, wire, "", r.choice(sorted(WIRES))))
        outcome = _run(self._app.pipeline, body, name)
        way = _lawful(self._app.pipeline, body, outcome)
        if r.random() < 0.25:
            way += self._through_the_middleware(r, wire, body)
        if way.startswith(("edited", "left out")) and r.random() < 0.25:
            _is_settled(outcome, body, name)
        return way

    def _changed(self, r: Random, payload: dict[str, Any]) -> dict[str, Any]:
        """Return the payload with one tool output of its own, so that the memory of decisions does not know it."""
        if r.random() < 0.5:
            return payload
        text = msgspec.json.encode(payload)
        known = [
            found
            for found in re.findall(rb'"(?:output|content|text)":("(?:[^"\\]++|\\.)*+")', text)
            if len(found) > 300
        ]
        if not known:
            return payload
        old = r.choice(known)
        new = json.dumps(damaged_text(r, json.loads(old))).encode()
        changed: dict[str, Any] = json.loads(text.replace(old, new, 1))
        return changed

    def _through_the_middleware(self, r: Random, wire: str, body: bytes) -> str:
        """Send the body in pieces, coded or not: what arrives is what the pipeline makes of it, or what was sent."""
        coding = r.choice((b"", b"", *_CODINGS))
        sent = _CODINGS[coding](body) if coding else body
        if coding and r.random() < 0.4:
            sent = damaged_bytes(r, sent)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(sent)).encode())]
        headers += [(b"content-encoding", coding)] if coding else []
        self._inner.received.clear()
        passed(self._app, scope_of(self._paths[wire], headers=headers), pieces(r, sent))
        arrived = self._inner.body
        length, still_coded = self._inner.header(b"content-length"), self._inner.header(b"content-encoding")
        law(length == str(len(arrived)).encode(), "the length is not that of the body", length)
        if arrived == sent:
            law(still_coded == (coding or None), "a body that stands has lost its coding")
            return ", stood on its way"
        law(still_coded is None, "an edited body still has a coding")
        law(not coding or sent != body, "nothing was coded")
        read = body if sent in (body, _CODINGS.get(coding, bytes)(body)) else None
        law(read is None or arrived == _run(self._app.pipeline, read, wire).body, "the middleware sends something else")
        return ", edited on its way"


def _pipeline(policy: Policy = POLICY) -> Pipeline:
    return retrieving(policy=policy, store=MemoryStore(max_bytes=8_000_000))


def _run(pipeline: Pipeline, body: bytes, wire: str) -> Outcome:
    return pipeline.run(body, WIRES.get(wire), Exchange("r", tenant=TENANT))


def _lawful(pipeline: Pipeline, body: bytes, outcome: Outcome) -> str:
    law(not pipeline.guard.failures, "something failed and was left out:", pipeline.guard.failures.copy())
    if outcome.note or outcome.body is body:
        law(outcome.body is body, f"a body with the note {outcome.note} is not the one that came")
        law(not outcome.originals and outcome.tokens_saved == 0, "nothing changed, but something is said to be saved")
        return outcome.note or "stands"
    before, after = msgspec.json.decode(body), msgspec.json.decode(outcome.body)
    strings = _edited_strings(body, outcome.body)
    edited = dict(_differences(before, _without_our_tool(after) if outcome.offers_retrieval else after, ()))
    law(len(edited) == strings, f"{strings} strings are spelled otherwise, but other values changed:", list(edited))
    _never_more(edited, before.get("model"))
    _redeemed(pipeline, outcome, edited)
    return "left out" if outcome.originals else "edited" if edited else "given the tool"


def _edited_strings(before: bytes, after: bytes) -> int:
    """L1: compare token by token; return how many strings are others. One run of tokens may be new: the tool."""
    came, sent = _TOKEN.findall(before), _TOKEN.findall(after)
    more, at, edited = len(sent) - len(came), 0, 0
    law(more >= 0, "tokens have gone")
    for n, token in enumerate(came):
        if token != sent[n + at] and not token[:1] == sent[n + at][:1] == b'"':
            law(more and not at, "a byte outside strings is another", token)
            law(b'"headroom_retrieve"' in sent[n : n + more], "something that is not our tool is new", sent[n : n + 9])
            at = more
        if token != sent[n + at]:
            law(token[:1] == sent[n + at][:1] == b'"', "a byte outside strings is another", token)
            edited += 1
    return edited


def _without_our_tool(payload: Any) -> Any:
    """Take the last tool away, or Gemini's last declaration."""
    for one in reversed(payload["tools"]):
        for key in ("functionDeclarations", "function_declarations"):
            if isinstance(one, dict) and isinstance(one.get(key), list) and "headroom_retrieve" in str(one[key][-1:]):
                one[key].pop()
                return payload
    law("headroom_retrieve" in str(payload["tools"].pop()), "the last tool is not ours")
    return payload


def _differences(before: Any, after: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str, tuple[str, str]]]:
    """L2: yield path, old and new text of every string that is another; nothing else may be."""
    if before is after or (type(before) is type(after) and before == after):
        return
    where = "/".join(map(str, path))
    if isinstance(before, dict) and isinstance(after, dict):
        law(list(before) == list(after), "keys are others at", where)
        for key in before:
            yield from _differences(before[key], after[key], (*path, key))
    elif isinstance(before, list) and isinstance(after, list):
        law(len(before) == len(after), "a list has another length at", where)
        for n, one in enumerate(before):
            yield from _differences(one, after[n], (*path, n))
    else:
        law(isinstance(before, str) and isinstance(after, str), "a value that is no text is another at", where)
        law(any(pattern.fullmatch(where) for pattern in _MAY_CHANGE), "no text may change at", where)
        yield where, (before, after)


def _never_more(edited: dict[str, tuple[str, str]], model: Any) -> None:
    """L4, counted anew."""
    count = TokenCounter(model if isinstance(model, str) else "")
    for where, (before, after) in edited.items():
        law(count(after) <= count(before), f"{count(before)} tokens became {count(after)} at {where}:", after)


def _redeemed(pipeline: Pipeline, outcome: Outcome, edited: dict[str, tuple[str, str]]) -> None:
    """L5: every text that leaves something out is to be had again, from the request and from the store."""
    at_hand, kept = pipeline.retriever(outcome, TENANT), pipeline.retriever(Outcome(b""), TENANT)
    for decision in outcome.decisions:
        law(decision.tokens_after <= decision.tokens_before, "a decision says that it made a block longer", decision)
        if decision.handle:
            before, after = edited["/".join(map(str, decision.path))]
            law(after.endswith(f"{decision.handle}]"), "a text that leaves something out says not how to get it", after)
            for retriever in (at_hand, kept):
                law(retriever.original(decision.handle) == before, "an original is another", decision.handle)


def _is_settled(outcome: Outcome, body: bytes, wire: str) -> None:
    """Without memory the same comes out; and each form without loss stands when it comes again.

    What leaves lines out or refers to earlier outputs may be shortened once more: then its notes stand.
    """
    law(_run(_pipeline(), body, wire).body == outcome.body, "a pipeline without memory makes something else of it")
    once = _run(_pipeline(_ALONE), body, wire)
    law(_run(_pipeline(_ALONE), once.body, wire).body == once.body, "what came out changes when it comes again")
