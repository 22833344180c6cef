import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.transforms.coding.json_strings import folded, holds_unfolded, unfolded
from headroom.transforms.coding.json_text import read_all

VALUES = st.recursive(
    st.text(max_size=8) | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
STRINGS = st.builds(
    lambda value, separators, ascii_only: json.dumps(value, separators=separators, ensure_ascii=ascii_only),
    VALUES,
    st.sampled_from([(",", ":"), (", ", ": "), (" , ", ":")]),
    st.booleans(),
)


@given(st.lists(STRINGS | VALUES, max_size=4) | st.dictionaries(st.text(max_size=4), STRINGS))
def test_folding_undoes_unfolding(value):
    read = read_all(json.dumps(value))
    assert folded(unfolded(read)) == read


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"id":7,"ok":true}', {"(json)": {"id": b"7", "ok": True}}),
        ('{"id": 7, "ok": true}', {"(json+)": {"id": b"7", "ok": True}}),
        ('["one", "two", "three"]', {"(json+)": ["one", "two", "three"]}),
    ],
)
def test_a_string_of_json_becomes_what_it_holds(text, shown):
    assert unfolded([text]) == [shown]


@pytest.mark.parametrize(
    "text",
    ["[]", '{"a":1}', '{"id" : 7, "ok": true}', '{"id": 7, "ok": tr', "[see the manual]", '{"caf\\u00e9": "1234"}'],
)
def test_other_strings_stay(text):
    assert unfolded([text]) == [text]


def test_nothing_is_unfolded_where_the_original_uses_our_keys():
    value = [{"(json)": 1}, '{"id":7,"ok":true}']
    assert holds_unfolded(value)
    assert unfolded(value) is value
