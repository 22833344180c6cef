"""Parts of originals: verbatim, counted, and a sentence where there is nothing to show."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.ccr.excerpt import excerpt

LOG = "".join(f"10:00:{n:02} {'ERROR disk full' if n in (20, 21, 40) else 'INFO all well'} #{n}\n" for n in range(60))
ROWS = json.dumps([{"id": n, "name": "näher" if n == 3 else "fern", "load": n * 1.0} for n in range(9)])


@given(st.text())
def test_without_a_wish_the_original_comes_byte_for_byte(text):
    assert excerpt(text) == text
    assert excerpt(text, query="  ", lines=" ") == text


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        ("1-1", "a\n"),
        ("2-3", "b\r\nc"),
        ("2", "b\r\n"),
        ("2-", "b\r\nc"),
        (" 1 - 2 ", "a\nb\r\n"),
        ("3-99", "c"),
        ("0-1", "a\n"),
    ],
)
def test_a_range_gives_exactly_these_lines(lines, shown):
    assert excerpt("a\nb\r\nc", lines=lines) == shown


@pytest.mark.parametrize("lines", ["x", "3-2", "9-12", "1,3", "-3", "1" * 40, "٣"])
def test_a_range_that_cannot_be_met_is_answered_by_a_sentence_with_the_number_of_lines(lines):
    told = excerpt("a\nb\nc", lines=lines)
    assert told.startswith("[")
    assert told.endswith("3 lines]")


def test_fitting_lines_come_with_two_lines_around_and_notes_on_what_is_between():
    assert excerpt(LOG, query="error DISK").splitlines() == [
        "[lines 1-18 of 60 not shown]",
        *LOG.splitlines()[18:24],
        "[lines 25-38 of 60 not shown]",
        *LOG.splitlines()[38:43],
        "[lines 44-60 of 60 not shown]",
    ]


def test_lines_with_all_words_come_before_lines_with_any():
    assert "#40" in excerpt(LOG, query="error #40")
    assert "#20" not in excerpt(LOG, query="error #40")
    assert "#20" in excerpt(LOG, query="error nowhere")


def test_a_query_within_a_range_keeps_the_numbers_of_the_whole():
    assert excerpt(LOG, query="error", lines="30-60").splitlines()[0] == "[lines 1-38 of 60 not shown]"
    assert excerpt(LOG, query="error", lines="1-10").startswith(
        "[none of the lines 1-10 holds any of: error. The original has 60 lines;"
    )


def test_nothing_found_says_so_and_how_much_there_is():
    assert excerpt(LOG, query="kernel").startswith(
        "[none of the lines holds any of: kernel. The original has 60 lines;"
    )
    assert len(excerpt(LOG, query="x" * 5000)) < 500


def test_an_excerpt_that_would_not_be_shorter_is_the_original():
    text = "a x\nb\nc\nd\ne\nf x\n"
    assert excerpt(text, query="x") == text


@given(st.lists(st.sampled_from(["x", "y", "other words", ""]), max_size=60), st.sampled_from(["x", "y x", "words"]))
def test_every_line_of_an_excerpt_is_one_of_the_original_or_a_note(rows, query):
    text = "\n".join(rows)
    for line in excerpt(text, query=query).splitlines():
        assert line in rows or line.startswith("[")


def test_elements_of_one_line_json_come_as_they_are_spelled():
    assert excerpt(ROWS, query="NÄHER").splitlines() == [
        "[elements 1-3 of 9 not shown]",
        '{"id": 3, "name": "n\\u00e4her", "load": 3.0}',
        "[elements 5-9 of 9 not shown]",
    ]


def test_inside_an_object_only_what_fits_of_a_large_member_is_shown():
    document = json.dumps({"meta": {"page": 1}, "items": [{"id": n, "text": f"unit-{n:03}"} for n in range(50)]})
    assert excerpt(document, query="unit-007").splitlines() == [
        '"items":',
        "[elements 1-7 of 50 not shown]",
        '{"id": 7, "text": "unit-007"}',
        "[elements 9-50 of 50 not shown]",
        "[1 of 2 keys not shown]",
    ]
    assert excerpt(document, query="page").splitlines() == ['"meta": {"page": 1}', "[1 of 2 keys not shown]"]


@pytest.mark.parametrize(
    "text", ["[" * 5000 + "x" + "]" * 5000, "[1, x", '{"a": x}', "[1e999999, x]", '["\ud800 x", 1]']
)
def test_what_only_looks_like_json_is_text(text):
    assert "x" in excerpt(text, query="x")
