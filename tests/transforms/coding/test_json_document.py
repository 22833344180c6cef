import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.transforms.coding.json_document import decode_document, encode_document
from headroom.transforms.coding.json_text import find_json

STRINGS = st.text(max_size=12) | st.sampled_from(
    [
        "",
        "null",
        "17",
        "1.0",
        "-0",
        "a,b",
        " x",
        "x\ny",
        '"',
        "[1",
        "{",
        "<id>",
        "<login>/z",
        "*",
        "a=b",
        "\ud800",
        "%s",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | STRINGS
KEYS = st.sampled_from(
    [
        "(json)",
        "id",
        "login",
        "a.b",
        "",
        "key",
        "value",
        "_",
        "_2",
        "x y",
        "%s",
        "<id>",
        'q"',
        "#",
        "...",
        "[0]",
        "a?",
        "=",
        "a,b",
    ]
)
LEAVES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(KEYS, SCALARS, max_size=3)
NESTED = st.builds(
    lambda value, separators: json.dumps(value, separators=separators, ensure_ascii=False),
    st.dictionaries(KEYS, LEAVES, min_size=1, max_size=3) | st.lists(LEAVES, min_size=2, max_size=3),
    st.sampled_from([(",", ":"), (", ", ": "), (",", ": ")]),
)
LOGINS = st.sampled_from(["ann", "bob", "ann/x", "7"])
PEOPLE = st.builds(
    lambda login, number, extra: {
        "login": login,
        "id": number,
        "url": f"https://example.org/users/{login}",
        "avatar": f"https://example.org/u/{number}?v=4",
        "extra": extra,
    },
    LOGINS,
    st.integers(0, 2000),
    LEAVES,
)
RECORDS = st.fixed_dictionaries(
    {
        "id": st.integers(0, 5),
        "login": LOGINS,
        "long": st.sampled_from(["https://example.org/a/1", "https://example.org/a/2", "<state> ann 7"]),
    },
    optional={
        "owner": PEOPLE | st.none(),
        "items": st.lists(st.fixed_dictionaries({"k": SCALARS, "l": LEAVES}), max_size=3),
        "one": st.lists(st.fixed_dictionaries({"k": SCALARS}), min_size=1, max_size=1),
        "a.b": LEAVES,
        "value": LEAVES,
        "key": LEAVES,
        "_": LEAVES,
        "state": SCALARS,
        "body": NESTED,
    },
)


def repeated(rows):
    """Enough rows for a table to pay."""
    return st.builds(lambda some, times: some * times, st.lists(rows, min_size=1, max_size=5), st.integers(3, 12))


ROWS = repeated(RECORDS)
DOCUMENTS = (
    ROWS
    | st.dictionaries(STRINGS, RECORDS, min_size=3, max_size=12)
    | st.dictionaries(STRINGS, st.sampled_from(["2026-01-01 10", "2026-01-01 11"]), min_size=6, max_size=20)
    | repeated(st.tuples(SCALARS, SCALARS, LEAVES))
    | st.builds(lambda rows, more: {"total": 3, "items": rows, "note": more}, ROWS, LEAVES)
    | st.dictionaries(
        KEYS, PEOPLE | st.lists(PEOPLE, max_size=2) | st.builds(lambda p: {"user": p}, PEOPLE), min_size=2
    )
    | st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))
)


def assert_restored(text):
    source = find_json(text)
    document = source and encode_document(source)
    if document is not None:
        assert decode_document(document) == (source.canonical if source.layout is None else source.text)


@settings(max_examples=300)
@given(DOCUMENTS, st.sampled_from([None, 1]))
def test_every_document_stands_for_the_canonical_spelling_of_its_json(value, indent):
    assert_restored(json.dumps(value, indent=indent))


@given(ROWS, st.integers(1, 400), st.sampled_from([None, 2, "\t"]), st.sampled_from([None, (",", ":")]))
def test_json_that_breaks_off_is_restored_with_its_cut(rows, cut, indent, separators):
    assert_restored(json.dumps(rows, indent=indent, separators=separators)[:-cut])


@given(ROWS, st.integers(1, 400))
def test_json_lines_of_which_the_last_breaks_off_are_restored_with_their_cut(rows, cut):
    assert_restored("\n".join(json.dumps(row) for row in [*rows, rows])[:-cut])


@given(
    ROWS,
    st.sampled_from(
        [
            "",
            "head\n",
            "[json: x]\n",
            "[table 1: 3 rows]\na,b\n",
            "[json_: x]\n[table_ 1: 2 rows]\n",
            "  ",
            "\r\n",
            " # x\n",
        ]
    ),
)
def test_marks_of_ours_around_the_json_do_no_harm(rows, around):
    assert_restored(around + json.dumps(rows) + "\n" + around)


@given(
    ROWS, st.sampled_from(["[table 1]", "[json: x]", '"[table 1]"', "<login>", "<owner> of ann", "[table_ 2: 1 rows]"])
)
def test_marks_of_ours_inside_the_json_do_no_harm(rows, mark):
    assert_restored(json.dumps([{**row, "mark": mark} for row in rows]))


@given(ROWS)
def test_values_on_lines_of_their_own_come_back_on_lines(rows):
    assert_restored("".join(json.dumps(row) + "\n" for row in rows))


PIECES = st.sampled_from(
    ["[table 1: 2 rows]", "[table 1: 1 rows; ", "_", "_2", "a", "b.c", "a[0]", "?", '="x"', "=1", ':"*"', ':["k"]', "{", "}",
     "]", ",", "\n", "\n", "[[1]]", "null", "<a>", '"[table 1]"', '{"...":"A"}', '{"#":"A","k":1}', "entries]", "pairs]"]
)  # fmt: skip


@settings(max_examples=300)
@given(st.text(max_size=100) | st.lists(PIECES, max_size=25).map("".join))
def test_decoding_any_text_ends_in_a_value_error_or_a_text(text):
    try:
        decoded = decode_document(f"[json: x]\n{text}")
    except ValueError:
        decoded = ""
    assert isinstance(decoded, str)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("plain words", "no note of a JSON document"),
        ('[json: x]\n{"a":"[table 1]"}', "tables and their places differ"),
        ('[json: x]\n["[table 1]","[table 1]"]\n[table 1: 1 rows]\na\n1', "tables and their places differ"),
        ("[json: x]\n[table 1: 9 rows]\na\n1", "rows are missing"),
        ("[json: x]\n[table 1: 1 rows]\na,b\n1", "a row with another number of cells"),
        ('[json: x]\n[table 1: 1 rows; _,b="1" c]\na\n1', "no comma between columns"),
        ("[json: x]\n[table 1: 1 rows; _2,b=1]\na\n1", "columns without a place"),
        ("[json: x]\n[table 1: 1 rows]\na,a.b\n1,2", "a value and a path below it"),
        (f"[json: x]\n[table 1: 1 rows]\n{'.'.join('a' * 40)}\n1", "a path that is too long"),
        ("[json: x]\n[table 1: 1 rows; a{b{c{d{e{f{g{h{i{j=1}}}}}}}}}]\n\n", "no comma between columns"),
        ("[json: x]\n[table 1: 1 rows; _,b?=1]\na\n1,c=2", "no name=cell"),
    ],
)
def test_what_is_not_a_document_is_refused(text, reason):
    with pytest.raises(ValueError, match=reason):
        decode_document(text)


def test_a_small_text_cannot_make_the_decoder_write_without_end():
    rows = 50_000
    bomb = f'[json: x]\n[table 1: {rows} rows; a="{"x" * rows}"]\n' + "\n" * rows
    with pytest.raises(ValueError, match="stands for too much"):
        decode_document(bomb)


def test_objects_told_by_objects_told_by_objects_cannot_explode():
    like = '{"...":"A",k:v} is the object marked "#":"A" with that k, in its addresses too'
    chain = ",".join(f'{{"#":"A{i + 1}","...":"A{i}","x":{{"...":"A{i}"}},"y":{{"...":"A{i}"}}}}' for i in range(60))
    with pytest.raises(ValueError, match="stands for too much"):
        decode_document(f'[json: {like}]\n[{{"#":"A0","x":0,"y":1}},{chain}]')
