"""Long strings read apart: a document is read, or refused, as the plain decoder does it in one call."""

import json

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from headroom.errors import BodyError
from headroom.wire.document import read
from headroom.wire.long_strings import LONG, PIECE, put_in, text_of, without_long_strings

PARTS = [
    *("a", "0", "e", " ", "\t", ",", ":", "}", "]", "[1,", "é", "漢", "😀", "\\n", '\\"', "\\\\", "\\/"),
    *("\\u00e9", "\\ud83d\\ude00", "\\ud83d", "\\ude00", "\\u00", "\\x", "\\", '"', "true"),
]
contents = st.lists(st.sampled_from(PARTS), max_size=24).map("".join)
spaces = st.sampled_from(["", " ", "\n\t ", " " * 70])
quoted = st.tuples(spaces, contents, spaces).map(lambda parts: f'{parts[0]}"{parts[1]}"{parts[2]}')
scalars = quoted | st.sampled_from(["1", "-1.5e3", "true", "null", " 7 ", "nul"])


def written(inner):
    lists = st.lists(inner, max_size=4).map(lambda parts: f"[{','.join(parts)}]")
    members = st.lists(st.tuples(quoted, inner).map(":".join), max_size=4).map(lambda parts: f"{{{','.join(parts)}}}")
    return lists | members


documents = st.recursive(scalars, written, max_leaves=10).map(lambda value: f'{{"m":{value}}}'.encode())
sizes = st.integers(1, 40)


def plainly_read(body):
    try:
        return repr(msgspec.json.decode(body))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return "not_json"


def read_apart(body, least, most):
    short, spans = without_long_strings(body, least)
    try:
        value = msgspec.json.decode(short)
        texts = {name: text_of(body, span, most) for name, span in spans.items()}
    except (msgspec.MsgspecError, UnicodeDecodeError, BodyError):
        return "not_json"
    put_in(value, texts)
    return repr(value)


@given(body=documents, least=sizes, most=st.integers(12, 40))
@example(body=b'{"m":["a,b",",1,",1,2,3,"b"]}', least=1, most=12)
@example(body=b'{"a long key, twice":"a long text","a long key, twice":"another one"}', least=4, most=12)
def test_a_document_whose_long_strings_are_read_apart_is_read_or_refused_as_in_one_call(body, least, most):
    assert read_apart(body, least, most) == plainly_read(body)


@given(body=documents, noise=st.binary(min_size=1, max_size=3), at=st.integers(0, 80), gone=st.integers(0, 2))
def test_a_damaged_document_is_read_or_refused_as_in_one_call(body, noise, at, gone):
    damaged = body[:at] + noise + body[at + gone :]
    assert read_apart(damaged, 3, 12) == plainly_read(damaged)


@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), max_size=6),
    ascii_only=st.booleans(),
    least=sizes,
)
def test_what_is_left_of_a_document_has_no_long_text_that_begins_with_a_letter(texts, ascii_only, least):
    texts = [f"x{text}" for text in texts]
    body = json.dumps({"m": texts}, ensure_ascii=ascii_only).encode()
    short, spans = without_long_strings(body, least)
    coded = [json.dumps(text, ensure_ascii=ascii_only).encode()[1:-1] for text in texts]
    assert [body[start:end] for start, end in spans.values()] == [text for text in coded if len(text) >= least]
    assert all(short.count(f'"{name}"'.encode()) == 1 for name in spans)


@pytest.mark.parametrize("unit", ["x", "é", "漢", "😀", "\\n", "\\\\", '\\"', "\\u6f22", "\\ud83d\\ude00", "a\\u00e9"])
def test_a_long_text_is_the_same_in_pieces_wherever_they_end(unit):
    content = unit * 200
    body = f'"{content}"'.encode()
    found = {text_of(body, (1, len(body) - 1), most) for most in range(12, 40)}
    assert found == {json.loads(body)}


@pytest.mark.parametrize("content", [b"\xff", b"\\ud83d", b"\\x", b"\\u12", b"\x00", b"\xe6\xbc", b"\\"])
@pytest.mark.parametrize("before", [0, 1, 11, 12, 13])
def test_a_long_text_that_is_no_json_is_refused_wherever_the_damage_is(content, before):
    body = b"x" * before + content + b"x" * 12
    with pytest.raises(BodyError, match="not_json"):
        text_of(body, (0, before + len(content)), 12)


def test_a_body_without_long_strings_is_left_alone():
    body = b'{"m":["short","texts"]}'
    short, spans = without_long_strings(body)
    assert short is body
    assert spans == {}


def test_a_large_body_is_read_as_by_the_plain_decoder():
    escaped = '\\ud83d\\ude00\\n\\\\\\"' * (LONG // 10)
    content = "".join(chr(0x4E00 + n % 5_000) for n in range(PIECE)) * 6
    body = f'{{"key":"short","m":["{escaped}",{{"text" : "{content}" }},1.5],"x":"{"0" * LONG}"}}'.encode()
    assert len(without_long_strings(body)[1]) == 3
    assert read(body, 64) == msgspec.json.decode(body)


def test_a_large_body_with_a_damaged_long_text_is_no_json():
    body = b'{"m":["%b\\ud83d%b"]}' % (b"x" * LONG, b"x" * LONG)
    with pytest.raises(BodyError, match="not_json"):
        read(body, 64)
