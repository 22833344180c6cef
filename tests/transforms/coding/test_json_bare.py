"""JSON with quotes only where a string needs them, and back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.transforms.coding.json_bare import bared, quoted
from headroom.transforms.coding.json_document import decode_document, encode_document
from headroom.transforms.coding.json_text import find_json, read_all, write

SPELLINGS = {
    '{"id":7,"name":"build","ok":true,"note":null}': "{id=7 name=build ok=true note=null}",
    '{"id":"7","ok":"true","size":"1.0e5","zip":"01099"}': '{id="7" ok="true" size="1.0e5" zip="01099"}',
    '{"version":"1.0.2","day":"2026-05-01","at":"12:30"}': "{version=1.0.2 day=2026-05-01 at=12:30}",
    '["a","b c","",[],{}]': '[a "b c" "" [] {}]',
    '{"url":"https://example.org/a?b=c","":"x","a b":1,"a=b":2,"7":3}': (
        '{url="https://example.org/a?b=c" ""=x "a b"=1 "a=b"=2 7=3}'
    ),
    '["{x}","[1]","a\\\\b","say \\"hi\\"","line\\n"]': '["{x}" "[1]" "a\\\\b" "say \\"hi\\"" "line\\n"]',
    '["a,b","a:b","it\'s","grüße","\u00a0"]': '[a,b a:b it\'s grüße "\u00a0"]',
    "[-1,1E5,NaN,-Infinity]": "[-1 1E5 NaN -Infinity]",
}


@pytest.mark.parametrize("text", SPELLINGS)
def test_quotes_stay_where_a_string_needs_them(text: str) -> None:
    assert bared(text) == SPELLINGS[text]
    assert quoted(SPELLINGS[text]) == text


TEXTS = st.text(max_size=8) | st.sampled_from(
    ["true", "-1", "1e5", "007", "a=b", "=", '"', "\\", "\ud800", "[table 1]", " "]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_any_value_comes_back(value: object) -> None:
    text = write(read_all(json.dumps(value)))
    assert quoted(bared(text)) == text
    assert len(bared(text)) <= len(text)


@given(st.text(alphabet='ab{}[]=:," \\1\n', max_size=24))
def test_what_is_no_form_of_ours_fails_nowhere(text: str) -> None:
    assert isinstance(quoted(text), str)


def plain_form_of(text: str) -> str | None:
    found = find_json(text)
    assert found is not None
    return encode_document(found, plain=True)


RECORD = {f"field_{n}": f"value-{n}" if n % 2 else {"name": f"word{n}", "size": n} for n in range(60)}


def test_a_record_without_tables_is_a_document_in_the_plain_tier_only() -> None:
    text = json.dumps(RECORD, indent=2)
    form = plain_form_of(text)
    assert form is not None
    assert form.startswith(
        '[json: k=v stands for "k":v, a blank for a comma, a word for itself in quotes]\n'
        "{field_0={name=word0 size=0} field_1=value-1 field_2={name=word2 size=2}"
    )
    assert decode_document(form) == write(read_all(text))
    found = find_json(text)
    assert found is not None
    assert encode_document(found) is None


def test_a_table_within_a_record_is_referred_to_in_quotes() -> None:
    jobs = [{"id": n, "name": f"job number {n}"} for n in range(20)]
    form = plain_form_of(json.dumps(RECORD | {"jobs": jobs}))
    assert form is not None
    assert ' jobs="[table 1]"}\n[table 1: 20 rows]\nid,name\n0,job number 0\n' in form
    assert decode_document(form) == write(read_all(json.dumps(RECORD | {"jobs": jobs})))


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(RECORD, separators=(",", ":"))[:-40],
        f"{json.dumps(RECORD)}\n{json.dumps(RECORD)}",
        '{"id": 7, "name": "build"}',
    ],
    ids=["breaks off", "values of their own lines", "short"],
)
def test_json_that_keeps_its_quotes(text: str) -> None:
    assert plain_form_of(text) is None
