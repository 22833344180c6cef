"""Merged lines: which pairs become one, how they read, that both sides come back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.transforms.coding.word_diff import decode, encode, merged

MERGED = {
    "a version": ('    "cookie": "0.6.0",', '    "cookie": "0.7.1",', '    "cookie": "[-0.6.0-]{+0.7.1+}",'),
    "an added argument": ("run(handler(error))", "run(handler(error, limits))", "run(handler(error{+, limits+}))"),
    "a removed comment": ("value = load(path)  # slow", "value = load(path)", "value = load(path)[-  # slow-]"),
    "a renamed base": ("class Customer(Model):", "class Customer(Record):", "class Customer([-Model-]{+Record+}):"),
    "two places": (
        'def visit(self, node: "Node", depth: int = 0) -> "Result":',
        "def visit(self, node: Node, depth: int = 0) -> Result:",
        'def visit(self, node: [-"Node"-]{+Node+}, depth: int = 0) -> [-"Result"-]{+Result+}:',
    ),
}


@pytest.mark.parametrize(("old", "new", "both"), MERGED.values(), ids=MERGED)
def test_lines_that_share_most_are_one(old: str, new: str, both: str) -> None:
    assert merged(old, new) == both
    assert decode(["~" + both]) == ["-" + old, "+" + new]


APART = {
    "nothing in common": ("import os", "def main() -> None:"),
    "the same line twice": ("value = load(path)", "value = load(path)"),
    "little in common": ("return first", "return second"),
    "brackets of ours in the text": ("some longer text with [-x-] in it", "some longer text with [-y-] in it"),
    "a bracket that would join ours": ("pattern = compile([)", "pattern = compile((()"),
    "lines too long to compare": ("x = " + "1, " * 2_000, "x = " + "2, " * 2_000),
}


@pytest.mark.parametrize(("old", "new"), APART.values(), ids=APART)
def test_lines_that_share_little_or_could_not_be_told_apart_stay_two(old: str, new: str) -> None:
    assert merged(old, new) == ""


def test_lines_without_a_partner_stay_where_they_are() -> None:
    lines = [" {", '-  "max_retries": 3,', '-  "gone": true,', '+  "max_retries": 5,', '+  "fresh": [],', " }"]
    assert encode(lines) == [" {", '~  "max_retries": [-3-]{+5+},', '-  "gone": true,', '+  "fresh": [],', " }"]
    assert decode(encode(lines)) == lines


def test_a_change_whose_added_lines_come_first_is_left_alone() -> None:
    lines = ['+  "max_retries": 5,', '-  "max_retries": 3,', '+  "max_retries": 4,']
    assert encode(lines) == lines


_WORDS = st.sampled_from(["retries", "limit", "(", ")", "[", "]", "{", "}", "-", "+", " ", "  ", "=", "1.2", "é"])
_LINES = st.tuples(st.sampled_from("-+ @"), st.lists(_WORDS, max_size=14)).map(lambda line: line[0] + "".join(line[1]))


@settings(max_examples=300, deadline=None)
@given(st.lists(_LINES, max_size=14))
def test_any_lines_come_back(lines: list[str]) -> None:
    assert decode(encode(lines)) == lines


@settings(max_examples=300, deadline=None)
@given(st.lists(_WORDS, max_size=40).map("".join), st.lists(_WORDS, max_size=40).map("".join))
def test_any_merged_pair_comes_back(old: str, new: str) -> None:
    both = merged(old, new)
    if both:
        assert decode(["~" + both]) == ["-" + old, "+" + new]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(st.sampled_from("~-+[]{}a "), max_size=9), max_size=9))
def test_decoding_is_total(lines: list[str]) -> None:
    assert all(isinstance(line, str) for line in decode(lines))
