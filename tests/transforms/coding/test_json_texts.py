"""Texts within JSON: which strings are texts, and that they come back letter by letter."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.transforms.coding.json_document import decode_document, encode_document
from headroom.transforms.coding.json_text import find_json, read_all
from headroom.transforms.coding.json_texts import texts_of, with_texts

PAGE = "\n".join(f"line {n} of a page that somebody wrote to be read" for n in range(6))


def document(text, *, plain=False):
    return encode_document(find_json(text), plain=plain, with_texts_below=True)


def test_long_strings_of_several_lines_stand_below_the_json_in_order():
    assert document(json.dumps({"page": PAGE, "no": 7, "more": [PAGE.upper() + "\n"]})) == "\n".join(
        [
            "[json: texts stood as strings]",
            '{"page":"[text 1]","no":7,"more":["[text 2]"]}',
            "[text 1: 6 lines]",
            PAGE,
            "[text 2: 7 lines]",
            PAGE.upper() + "\n",
        ]
    )


@pytest.mark.parametrize(
    "string",
    [
        PAGE.replace("\n", " "),
        "a\nb\nc",
        PAGE + "\x00",
        PAGE + "\x9b",
        PAGE + "\ud800",
    ],
    ids=["one line", "short", "a control", "a control of eight bits", "half a pair"],
)
def test_what_reads_no_better_as_lines_stays_a_string(string):
    assert texts_of([string]) == []
    assert document(json.dumps([string, "x" * 10])) is None


@pytest.mark.parametrize("beginning", ['{"log":"', '[{"log":"', '["'])
def test_a_long_string_that_begins_as_json_does_is_a_text_of_one_line(beginning):
    string = beginning + PAGE.replace("\n", " ")
    assert texts_of([string]) == [string]
    assert texts_of(["x" + string]) == []


def test_what_a_terminal_knows_stands_as_it_is():
    assert texts_of([PAGE + "\t\r\n\x1b[1mbold\x1b[0m\x07"]) == [PAGE + "\t\r\n\x1b[1mbold\x1b[0m\x07"]


def test_the_texts_of_many_records_stay_with_their_records():
    assert texts_of([{"text": PAGE}] * 16) == [PAGE] * 16
    assert texts_of([{"text": PAGE}] * 17) == []


def test_keys_are_no_texts():
    assert texts_of({PAGE: {"page": PAGE}}) == [PAGE]
    assert with_texts({PAGE: PAGE}, ["x"]) == {PAGE: "x"}


def test_what_looks_like_a_mark_of_ours_in_the_original_is_told_from_it():
    text = json.dumps({"a": "[text 1]", "page": "[text 1: 2 lines]\n" + PAGE})
    shown = document(text)
    assert shown.startswith(
        '[json_: texts stood as strings]\n{"a":"[text 1]","page":"[text_ 1]"}\n[text_ 1: 7 lines]\n'
    )
    assert decode_document(shown) == find_json(text).canonical


def test_texts_stand_beside_tables_and_behind_a_label():
    text = f"Output: {json.dumps({'rows': [{'id': n, 'name': f'job {n}'} for n in range(9)], 'log': PAGE})}\ndone"
    shown = document(text)
    assert shown.startswith(
        'Output: [json: tables hold what stood as JSON; texts stood as strings]\n{"rows":"[table 1]"'
    )
    assert shown.endswith(f"[text 1: 6 lines]\n{PAGE}\ndone")
    assert decode_document(shown) == find_json(text).canonical


@pytest.mark.parametrize(
    "damaged",
    [
        '[json: texts stood as strings]\n{"a":"[text 2]"}\n[text 1: 1 lines]\nx',
        '[json: texts stood as strings]\n{"a":"[text 1]","b":"[text 1]"}\n[text 1: 1 lines]\nx',
        '[json: texts stood as strings]\n{"a":"x"}\n[text 1: 1 lines]\nx',
    ],
    ids=["another number", "twice", "never"],
)
def test_texts_without_their_one_place_are_no_document(damaged):
    with pytest.raises(ValueError, match="texts and their places differ"):
        decode_document(damaged)


PIECES = st.sampled_from(
    [
        "word ",
        "\n",
        "\r\n",
        "\n\n",
        '"',
        "\\",
        "[text 1]",
        "\n[text 1: 2 lines]\n",
        "[json: x]",
        "[json_",
        "é",
        "\u2028",
    ]
)
STRINGS = st.lists(PIECES, max_size=12).map("".join) | st.lists(PIECES, min_size=60, max_size=90).map("".join)
VALUES = st.recursive(
    STRINGS | st.integers() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "text 1", "(json)"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=200)
@given(VALUES, st.booleans(), st.sampled_from([None, 1]), st.sampled_from(["", "Output: ", "<r>\nseen (1): "]))
def test_every_text_comes_back_letter_by_letter(value, plain, indent, before):
    text = before + json.dumps([value], indent=indent) + ("\n</r>" if before else "")
    found = find_json(text)
    shown = encode_document(found, plain=plain, with_texts_below=True)
    assert (shown is None) == (not texts_of(found.root))
    if shown is not None:
        assert all(string in shown for string in texts_of([value]))
        assert decode_document(shown) == found.canonical
        assert read_all(found.canonical[len(found.before) :].removesuffix(found.after)) == found.root
