import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.transforms.coding import json_spelling
from headroom.transforms.coding.json_spelling import canonical, escape_surrogates
from headroom.transforms.coding.json_text import read_all, write

STRINGS = st.text(st.sampled_from('ab"\\/\n\t :,[]{}é\u2028😀\x7f\x01u00'), max_size=8)
VALUES = st.recursive(
    STRINGS | st.booleans() | st.none() | st.integers(-9, 99) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STRINGS, inner, max_size=4),
)
SPACING = st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", "\t :  ")])


@pytest.fixture(params=[3, 1 << 17], autouse=True, scope="module")
def _chunk(request):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(json_spelling, "_CHUNK", request.param)
        yield


@given(VALUES, SPACING, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_the_spelling_made_from_the_text_is_that_of_its_values(value, spacing, indent, ascii_only):
    text = json.dumps(value, indent=indent, separators=spacing, ensure_ascii=ascii_only)
    for spelled in (text, text.replace("\n", "\r\n"), text.replace("/", "\\/")):
        assert canonical([spelled]) == escape_surrogates(write(read_all(text)))


def test_values_stand_one_a_line():
    assert canonical(['{ "a" : 1 }', "[\n 2 ]", '" b "']) == '{"a":1}\n[2]\n" b "'


def test_characters_given_by_their_codes_are_spelled_out_and_halves_of_pairs_stay_codes():
    assert canonical([r'"\u00e9\ud83d\ude00\u0022\u005c\u000a\ud83d\\u0041"']) == r'"é😀\"\\\n\ud83d\\u0041"'


@given(STRINGS, SPACING, st.sampled_from([None, 1, "\t"]))
def test_the_beginning_of_a_string_keeps_the_blanks_at_its_end(string, spacing, indent):
    text = json.dumps(["a b", [string]], indent=indent, separators=spacing, ensure_ascii=False)
    beginning = text[: text.rindex('"')] + "  "
    assert canonical([beginning]) == write(read_all(beginning + '"]]'))[:-3]
