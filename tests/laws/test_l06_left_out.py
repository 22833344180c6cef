"""L6 where something is left out: what stays is the input, line by line or value by value, and the notes count right."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.retrieval import LONG, long_step, readable_by, retrieving
from support.wires import encoded, outputs_of

from headroom.blocks import Channel, Fidelity
from headroom.pipeline import Exchange
from headroom.providers import WIRES
from headroom.transforms.base import Compressor, Context, Hint
from headroom.transforms.content_router import ContentRouter
from headroom.transforms.pipeline import DEFAULT_TRANSFORMS
from headroom.transforms.reducer import Reducer
from headroom.transforms.view import View

COMPRESSORS = [t for t in DEFAULT_TRANSFORMS if isinstance(t, Compressor)]
CONTEXT = Context()
JSON = {"long_rows", "long_values"}
COUNT = re.compile(r"(?:^|; )(\d+) of (\d+) (lines|rows) left out")
names = pytest.mark.parametrize("name", sorted(LONG))


def drafts(text, hint):
    """Yield every draft of every compressor that recognises the text, and whose it is."""
    for compressor in ContentRouter().route(View(text), hint, COMPRESSORS):
        for draft in compressor.reductions(View(text), hint, CONTEXT):
            yield compressor, draft


def is_note(line):
    """Say whether a line is a note of ours: brackets, where it has to be a comment with its signs around."""
    bare = line.strip(" \t.:#/*")
    return bare.startswith("[") and bare.endswith("]") and "left out" in bare


def lines_stand(compressor, text, draft):
    """Say whether the lines that are no notes are lines of the text, or of what is shown of it, in order."""
    kept = [line for line in draft.split("\n") if not is_note(line)]
    shown = (compressor.normal(text, of) for of in Fidelity)
    return any(_is_within(kept, source.split("\n")) for source in (text, *shown))


def _is_within(kept, lines):
    rest = iter(lines)
    return all(any(line == other for other in rest) for line in kept)


def values_stand(value, original):
    """Say whether JSON is what is left of a value: fewer rows and members, strings cut short, and notes."""
    if isinstance(value, dict) and isinstance(original, dict):
        return all(key in original and values_stand(inner, original[key]) for key, inner in value.items())
    if isinstance(value, list) and isinstance(original, list):
        rest = iter(original)
        return all(_is_bracketed(one) or any(values_stand(one, other) for other in rest) for one in value)
    if isinstance(value, str) and isinstance(original, str) and value != original:
        return _is_bracketed(value) or _is_cut(value, original)
    return type(value) is type(original) and value == original


def _is_bracketed(value):
    return isinstance(value, str) and value.startswith("[") and value.endswith("]")


def _is_cut(value, original):
    """Say whether a string is the beginning of another, a note on how much is missing, and its end."""
    found = re.fullmatch(r"(.*)\[([\d,]+ of [\d,]+) characters left out\](.*)", value, re.DOTALL)
    if found is None:
        return False
    head, note, tail = found.groups()
    missing, total = (int(number.replace(",", "")) for number in note.split(" of "))
    sums = len(head) + missing + len(tail) == total == len(original)
    return sums and original.startswith(head) and original.endswith(tail)


def stands(compressor, name, text, draft):
    if name in JSON and compressor.name == "smart_crusher":
        return values_stand(json.loads(draft), json.loads(text))
    return lines_stand(compressor, text, draft)


@names
def test_what_stays_is_the_input_and_what_goes_is_counted(name):
    for seed in range(1, 5):
        step = long_step(name, seed)
        found = list(drafts(step.output, Hint(step.tool, step.arguments, step.user)))
        assert found
        for compressor, draft in found:
            assert stands(compressor, name, step.output, draft.text)
            for missing, total, unit in COUNT.findall(draft.note):
                _counts_right(int(missing), int(total), unit, step.output, draft.text)


def _counts_right(missing, total, unit, text, draft):
    if unit == "rows":
        assert (total - missing, total) == (len(json.loads(draft)), len(json.loads(text)))
    else:
        kept = sum(not is_note(line) for line in draft.split("\n"))
        assert (total - missing, total) == (kept, len(text.split("\n")))


@pytest.mark.parametrize("name", sorted(set(LONG) - JSON))
@settings(max_examples=12)
@given(
    seed=st.integers(1, 3),
    cut=st.integers(0, 200),
    noise=st.lists(st.tuples(st.integers(0, 300), st.text(max_size=20)), max_size=4),
)
def test_of_damaged_texts_too_only_lines_of_the_input_stay(name, seed, cut, noise):
    step = long_step(name, seed)
    lines = step.output.split("\n")[cut:]
    for place, line in noise:
        lines.insert(min(place, len(lines)), line.replace("\n", " "))
    text = "\n".join(lines)
    for compressor, draft in drafts(text, Hint(step.tool, step.arguments, "")):
        assert lines_stand(compressor, text, draft.text)


def decoded(text):
    """Return what a text stands for by any compressor, itself included, forms of forms too."""
    known = {text}
    for _ in range(2):
        for one in list(known):
            for compressor in COMPRESSORS:
                try:
                    known.add(compressor.decode(one))
                except ValueError:
                    continue
    return known


@names
def test_what_is_sent_is_a_draft_encoded_without_loss_and_the_marker(name):
    step = long_step(name)
    hint = Hint(step.tool, step.arguments, step.user)
    best = Reducer(ContentRouter(), COMPRESSORS, None, CONTEXT).reduce(View(step.output), hint)
    sources = [(one, draft) for one, draft in drafts(step.output, hint) if draft.note == best.note]
    assert sources
    for _, draft in sources:
        normals = {one.normal(draft.text, of) for one in COMPRESSORS for of in Fidelity}
        assert decoded(best.text) & (normals | {one.normal(n, Fidelity.VALUE) for one in COMPRESSORS for n in normals})
    body = encoded(readable_by("openai-chat", [step], Channel.TOOL))
    outcome = retrieving().run(body, WIRES["openai-chat"], Exchange("r"))
    (sent,) = outputs_of("openai-chat", json.loads(outcome.body))
    assert sent.startswith(f"{best.text.rstrip()}\n[{best.note} | headroom_retrieve hash=")
    assert sent.endswith(f"{next(iter(outcome.originals))}]")


@names
def test_the_checks_above_see_a_line_or_value_that_was_not_there(name):
    step = long_step(name)
    for compressor, draft in drafts(step.output, Hint(step.tool, step.arguments, step.user)):
        if name in JSON and compressor.name == "smart_crusher":
            forged = draft.text.replace('"status":"', '"status":"un', 1)
        else:
            lines = [line for line in draft.text.split("\n") if not is_note(line)]
            forged = "\n".join([*lines[1:], lines[0] + "x"])
        assert not stands(compressor, name, step.output, forged)
