"""Layouts of JSON: each is told from the text, said in a note, and made again letter by letter."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.transforms.coding.budget import Budget
from headroom.transforms.coding.json_layout import Layout, laid_out, layout_of, layout_said
from headroom.transforms.coding.json_spelling import canonical

STRINGS = st.text(st.sampled_from('ab"\\/\n :,[]{}é😀\x01\x7f'), max_size=8)
VALUES = st.recursive(
    STRINGS | st.booleans() | st.none() | st.integers(-9, 99) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STRINGS, inner, max_size=4),
)
WRITERS = {
    "without blanks": {"separators": (",", ":")},
    "with blanks": {},
    "by two": {"indent": 2},
    "by four": {"indent": 4},
    "by a tab": {"indent": "\t"},
}


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("ascii_only", [False, True])
@given(st.lists(VALUES, min_size=1) | st.dictionaries(STRINGS, VALUES, min_size=1))
def test_what_writers_make_comes_back_from_its_canonical_spelling_and_a_note(writer, ascii_only, value):
    text = json.dumps(value, ensure_ascii=ascii_only, **writer)
    layout = layout_of(text, canonical([text]))
    assert layout is not None
    assert laid_out(canonical([text]), layout_said("; ".join(layout.clauses)), Budget(text)) == text


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_values_of_their_own_lines_have_a_layout_in_common(writer):
    values = [json.dumps({"id": n, "tags": ["a", {}], "no": []}, **writer) for n in range(3)]
    text = "\n".join(values)
    assert laid_out(canonical(values), layout_of(text, canonical(values)), Budget(text)) == text


@pytest.mark.parametrize(
    "text",
    ['{"a":1, "b":2}', "[1,2 ]", '{\n  "a": 1,\n   "b": 2\n}', r'["\/"]', r'["\u00E9"]', r'["\u00e9","é"]', " [1]"],
)
def test_what_no_writer_makes_has_no_layout(text):
    assert layout_of(text, canonical([text])) is None


def test_the_canonical_spelling_needs_no_clause():
    assert layout_of("[1,2]", "[1,2]") == Layout()
    assert Layout().clauses == []


def test_a_short_text_cannot_be_laid_out_without_end():
    text = "[" * 90 + "1," * 1000
    with pytest.raises(ValueError, match="too much"):
        laid_out(text, Layout(step=" " * 16), Budget(text))
