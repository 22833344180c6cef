"""JSON that the limit of a tool cuts off: it is told like whole JSON, and every byte of it comes back."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.samples import sample

from headroom.blocks import Fidelity, Tier
from headroom.transforms import Compressor, ContentRouter
from headroom.transforms.base import Context, Hint
from headroom.transforms.coding.json_text import find_json
from headroom.transforms.pipeline import DEFAULT_TRANSFORMS
from headroom.transforms.smart_crusher import SmartCrusher
from headroom.transforms.view import View

COMPRESSORS = [t for t in DEFAULT_TRANSFORMS if isinstance(t, Compressor)]
CRUSHER = SmartCrusher()
CONTEXT = Context()
NOTES = [
    "",
    "... [truncated 12034 chars]",
    "\n... [truncated 12034 chars]",
    "<response clipped>",
    "\n<response clipped><NOTE>Only part of this file has been shown.</NOTE>",
    "\n\n[Output truncated. 3000 lines omitted]",
]
WRITERS = {
    "minified": {"separators": (",", ":"), "ensure_ascii": False},
    "with blanks": {},
    "pretty-printed": {"indent": 2, "ensure_ascii": False},
}
ROWS = [
    {
        "id": n,
        "name": f"job-{n}",
        "score": n * 1.25,
        "tags": ["a", "b"],
        "note": f'{n * 7919} items "of" the café\\shop\x01',
        "done": n % 3 == 0,
    }
    for n in range(60)
]
PLACES = {
    "behind a record": "}",
    "behind a comma": ",",
    "behind a colon": '"score":',
    "in a key": '"na',
    "in a number": '"score": 5',
    "in a string": '"note": "3',
    "behind a string": '\\u0001"',
    "in a literal": '"done": tr',
    "behind a backslash": "items \\",
    "in an escape": "\\u00",
}


def best(text, context=CONTEXT):
    return ContentRouter().shrink(View(text), Hint(), context, COMPRESSORS)


def saved(text):
    found = best(text)
    return 1 - found.tokens / CONTEXT.count(text) if found.result else 0


def cut_at(text, place):
    """Return the text up to a place behind two thirds of it, spelled as this writer does it."""
    spelled = place if '": ' in text else place.replace('": ', '":')
    return text[: text.index(spelled, len(text) * 2 // 3) + len(spelled)]


@pytest.mark.parametrize("note", NOTES)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("value", [ROWS, {"total": 60, "page": {"no": 1}, "rows": ROWS}], ids=["array", "object"])
def test_records_that_are_cut_off_anywhere_stay_a_table_and_come_back_byte_by_byte(value, writer, place, note):
    whole = json.dumps(value, **writer)
    text = cut_at(whole, place) + note
    found = best(text)
    assert (found.result.of, found.result.encoding) == (Fidelity.BYTES, "json.tables")
    assert CRUSHER.decode(found.result.text) == text
    assert saved(text) >= saved(whole) - 0.05
    assert best(found.result.text).result is None


@pytest.mark.parametrize("note", NOTES)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_json_lines_whose_last_line_is_cut_off_stay_a_table(place, note):
    whole = "\n".join(json.dumps(row) for row in ROWS)
    text = cut_at(whole, place) + note
    found = best(text)
    assert found.result.encoding == "json.tables"
    assert CRUSHER.decode(found.result.text) == CRUSHER.normal(text, found.result.of)
    assert saved(text) >= saved(whole) - 0.05
    assert best(found.result.text).result is None


LOG = sample("log_lines") + "\ncaf\u00e9\n"
FRAMES = {
    "an object": lambda log: {"stdout": log, "exit_code": 0},
    "an object with a head": lambda log: {"id": 7, "ok": True, "log": log, "more": [1]},
    "an array": lambda log: [{"id": 7, "log": log}],
    "the parts of an answer": lambda log: {"content": [{"type": "text", "text": log}], "isError": False},
}


def restored(text):
    """Undo what was made of JSON and of the logs within it."""
    log = next(one for one in COMPRESSORS if one.name == "log_compressor")
    outer = CRUSHER.decode(text)
    inner = CRUSHER.inner(View(outer), CONTEXT)
    return inner.put([log.decode(within) for within in inner.texts]).text


@pytest.mark.parametrize("note", NOTES)
@pytest.mark.parametrize("share", [0.5, 0.75, 0.9, 0.99])
@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_a_text_that_is_cut_off_within_json_stands_below_it_in_its_own_form(frame, writer, share, note):
    whole = json.dumps(frame(LOG), **writer)
    text = whole[: int(len(whole) * share)] + note
    found = best(text)
    assert found.compressor == "smart_crusher+log_compressor"
    assert "[text 1: " in found.result.text
    assert saved(text) >= saved(whole) - 0.1
    assert best(found.result.text).result is None
    if found.result.of is Fidelity.BYTES:  # a log that ends in a blank may be told without it
        assert restored(found.result.text) == text


def test_a_string_that_is_cut_off_says_so():
    text = json.dumps({"exit_code": 0, "stdout": LOG})[:3000]
    lines = best(text).result.text.split("\n")
    assert lines[0] == "[json: cut off in a string with 1 bracket open; was spaced; texts stood as strings]"
    assert lines[1] == '{"exit_code":0,"stdout":"[text 1]"}'


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("note", NOTES)
def test_json_that_is_cut_off_within_a_string_of_json_is_a_table_below_it(note, writer):
    rows = json.dumps(ROWS, **writer)[:4000] + note
    for text in (
        json.dumps({"content": [{"type": "text", "text": rows}], "isError": False}),
        json.dumps([7, rows])[:4500],
    ):
        found = best(text)
        assert found.compressor == "smart_crusher+smart_crusher"
        assert found.tokens < 0.5 * CONTEXT.count(text)
        outer = CRUSHER.decode(found.result.text)
        inner = CRUSHER.inner(View(outer), CONTEXT)
        again = inner.put([CRUSHER.decode(within) for within in inner.texts])
        assert again.text == CRUSHER.normal(text, again.of)
        assert best(found.result.text).result is None


def test_a_short_string_that_is_cut_off_is_left_where_it_was():
    text = json.dumps(ROWS, separators=(",", ":"), ensure_ascii=False)
    text = text[: text.rindex("items")]
    assert best(text).result.text.endswith('\n,"note":"467221 ')


def test_a_last_line_that_is_most_of_the_text_is_read_though_it_is_cut_off():
    text = '{"type":"start","id":1}\n' + json.dumps({"type": "output", "log": LOG}, separators=(",", ":"))[:4000]
    found = best(text)
    assert found.compressor == "smart_crusher+log_compressor"
    assert restored(found.result.text) == text


def test_what_no_writer_laid_out_keeps_its_value_and_what_follows_the_cut():
    text = "[ " + ",\n".join(json.dumps(row) for row in ROWS) + ',{"id": 60, "na'
    found = best(text)
    assert found.result.of is Fidelity.VALUE
    assert CRUSHER.decode(found.result.text) == CRUSHER.normal(text, Fidelity.VALUE)
    assert CRUSHER.normal(text, Fidelity.VALUE).endswith('"done":false},{"id":60, "na')


STRINGS = st.text(st.sampled_from('ab"\\/\n :,[]{}é😀\x7f'), max_size=8) | st.sampled_from(
    ["[1 2]", "é\n" * 120, '{"a":"b c"}', '[{"a": "' + "x " * 120, "null", "word " * 60]
)
VALUES = st.recursive(
    STRINGS | st.booleans() | st.none() | st.integers(-9, 99) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STRINGS, inner, max_size=4),
    max_leaves=12,
)
DOCUMENTS = st.builds(lambda some, times: some * times, st.lists(VALUES, min_size=1, max_size=4), st.integers(1, 6))


@st.composite
def cut_off(draw):
    """Return JSON of some writer, cut off somewhere, and what the tool says of it."""
    whole = json.dumps(draw(DOCUMENTS), **WRITERS[draw(st.sampled_from(sorted(WRITERS)))])
    return whole[: draw(st.integers(1, len(whole)))] + draw(st.sampled_from(NOTES))


@settings(max_examples=200)
@given(cut_off())
def test_every_form_of_json_that_is_cut_off_gives_every_byte_back(text):
    found = find_json(text)
    for context in (CONTEXT, Context(tier=Tier.PLAIN)):
        for form in CRUSHER.candidates(View(text), context):
            assert CRUSHER.decode(form.text) == CRUSHER.normal(text, form.of)
            assert not found.closers or form.of is Fidelity.BYTES
        inner = CRUSHER.inner(View(text), context)
        assert inner is None or CRUSHER.restores(inner.put(inner.texts), text)


@settings(max_examples=100)
@given(cut_off())
def test_json_that_is_cut_off_never_grows_and_is_not_shortened_twice(text):
    found = best(text)
    if found.result is not None:
        assert CONTEXT.count(found.result.text) < CONTEXT.count(text)
        assert best(found.result.text).result is None
