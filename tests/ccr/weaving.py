"""Weaving scripted answers into one stream."""

import pytest
from ccr.scripts import FORMS, THEIRS, Call, Thought, request, stream, wire_of
from hypothesis import strategies as st

from headroom.ccr.streams import weaver

each_form = pytest.mark.parametrize("form", FORMS)
OTHER = Call("call_b", THEIRS, '{"all": true}')
SIGNED = ("openai-responses", "anthropic")
ENDS = {"anthropic": "end_turn", "openai-chat": "stop", "openai-responses": "completed"}
CUTS = st.lists(st.integers(1, 400), max_size=12)


def woven(form):
    return weaver(wire_of(form), request(wire_of(form), stream=True), is_array=form.endswith("array"))


def pieces(data, sizes):
    """Cut bytes into pieces of these sizes, over and over."""
    start = 0
    for size in sizes * (len(data) // max(1, sum(sizes)) + 1) if sizes else [len(data)]:
        if start < len(data):
            yield data[start : start + size]
        start += size


def play(form, *answers, sizes=()):
    """Weave answers into one stream for as long as one waits for us; return the stream and what was asked."""
    one, out, turns = woven(form), [], []
    for number, answer in enumerate(answers, start=1):
        out += [one.feed(piece) for piece in pieces(b"".join(stream(form, answer)), list(sizes))]
        turns.append(one.end())
        if turns[-1] is None or not turns[-1].waits_for_us or number == len(answers):
            break
        out.append(one.go_on())
    return b"".join([*out, one.finish()]), turns


def thinking(form):
    return (Thought(),) if form in SIGNED else ()


def stop(form):
    return ENDS.get(form, "STOP")
