"""JSON that breaks off: up to where it is read, and what closes it there."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.transforms.coding import json_spelling
from headroom.transforms.coding.json_cut import closed
from headroom.transforms.coding.json_spelling import MAX_DEPTH
from headroom.transforms.coding.json_text import find_json, read_all

LETTERS = 'ab"\\/\n :,[]{}é😀\x01u0'
STRINGS = st.text(st.sampled_from(LETTERS), max_size=8) | st.sampled_from(['é"\\ ' * 49, 'é"\n😀' * 51, "x" * 250])
UNREAD = re.compile(
    r"""
    \s* ,? \s* (?: [\[{] \s* | "(?:[^"\\]|\\.)*" \s* : \s* )*    # brackets and keys of what has no member yet
    (?: "(?:[^"\\]|\\.)*"? | [-\w.]* ) \s*                         # a key, or the beginning of a short value
    (?: \\ (?: u[0-9a-f]{0,3} )? )?                                # or of an escape
    """,
    re.VERBOSE,
)
LONG = "long words " * 20
VALUES = st.recursive(
    STRINGS | st.booleans() | st.none() | st.integers(-9, 99),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STRINGS, inner, max_size=4),
)


@pytest.fixture(params=[3, 1 << 17], autouse=True, scope="module")
def _chunk(request):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(json_spelling, "_CHUNK", request.param)
        yield


@pytest.mark.parametrize(
    ("read", "rest", "closers"),
    [
        ('{"a":[1', ",2", "]}"),
        ('{"a":[1,true', "", "]}"),
        ('{"a":[1,true', ",", "]}"),
        ('{"a":[1,2]', ',"b', "}"),
        ('[{"a":1},{"a":2}', ',{"a', "]"),
        ("[[1],[2]", "", "]"),
        ("[[1],[2]", ",", "]"),
        ("[[1],[2]", ',{"a":', "]"),
        ("[[1],[2]", ',{"a":[[', "]"),
        ("[[1],[2]", "\n... [truncated 120 chars]", "]"),
        ("[[1],2", ",30", "]"),
        ("[[1],2", ',"short', "]"),
        ('{"a": "some"', ',"b": "short', "}"),
        ('{"a": "some"', ',"b": "short\n' + LONG, "}"),
        (f'{{"a":"{LONG}', "", '"}'),
        (f'{{"a": [1, "{LONG} ', "", '"]}'),
        (f'["a]", "b, {LONG}', "", '"]'),
        (f'["a]", "b, {LONG}', "\n<response clipped>", '"]'),
        (rf'["a\"],", "b\\{LONG}', "\\", '"]'),
        (f'["a", "{LONG}', "\\u00", '"]'),
        (f'["a", "{LONG}\\u00e9', "", '"]'),
        ('{"a":"some"', "", "}"),
        ('{"a":"some"', "... [truncated]", "}"),
        ("[1,true", "", "]"),
        ("[1,true", ",fal", "]"),
    ],
)
def test_what_is_complete_is_read_and_closed(read, rest, closers):
    found = find_json(f'["{"long enough " * 30}",{read}{rest}')
    assert (found.text[: found.spans[-1][1]], found.after, found.closers) == (
        f'["{"long enough " * 30}",{read}',
        rest,
        f"{closers}]",
    )


@pytest.mark.parametrize("text", ["", "plain", '{"a', '{"a":', "[[[", "[" * (MAX_DEPTH + 1) + '"a'])
def test_what_has_no_complete_member_is_not_closed(text):
    assert closed(text, 0, len(text), behind_member=False) == (0, "")


@given(VALUES, st.sampled_from([None, 1]), st.booleans(), st.data())
def test_what_is_read_and_closed_is_json_wherever_it_was_cut(value, indent, ascii_only, data):
    text = json.dumps([["long enough"], [value]], indent=indent, ensure_ascii=ascii_only)
    cut = text[: data.draw(st.integers(20 if indent is None else 30, len(text) - 1))]
    found = find_json(cut)
    assert found.closers
    assert found.before + cut[: found.spans[-1][1]] + found.after == cut
    assert read_all(cut[: found.spans[-1][1]] + found.closers) == found.root
    assert UNREAD.fullmatch(found.after)
