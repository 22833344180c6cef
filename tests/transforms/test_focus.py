import pytest

from headroom.transforms.base import Hint
from headroom.transforms.coding.focus import Focus

LINES = [f"record {at} of the usual kind" for at in range(200)]


def ranked(question, lines, arguments=""):
    return Focus(Hint("tool", arguments, question)).rank(lines)


def test_a_line_with_a_rare_word_of_the_question_is_found():
    lines = [*LINES, "the zanzibar ferry is late"]
    assert ranked("What about the ferry to Zanzibar?", lines) == [200]


def test_a_word_that_many_lines_hold_says_nothing():
    assert ranked("Which record is of the usual kind?", LINES) == []


def test_the_arguments_of_the_call_count_as_well():
    lines = [*LINES, "src/payments/ledger.py"]
    assert ranked("", lines, '{"path": "src/payments"}') == [200]


def test_numbers_count_from_two_digits_on():
    lines = ["order 4711 shipped", *["order shipped"] * 100]
    assert ranked("Where is 4711?", lines) == [0]
    assert ranked("Where is 4?", ["order 4 shipped", *["order shipped"] * 100]) == []


def test_lines_with_more_and_rarer_words_come_first():
    lines = [*["quiet"] * 100, "alpha", "alpha beta", "alpha gamma beta", *["quiet"] * 100]
    assert ranked("alpha beta gamma", lines) == [102, 101, 100]


def test_of_equally_relevant_lines_the_earlier_comes_first():
    lines = [*["quiet"] * 50, "needle here", *["quiet"] * 50, "needle there"]
    assert ranked("needle", lines) == [50, 101]


@pytest.mark.parametrize("question", ["", "?!", "a b c", " " * 50])
def test_a_hint_without_words_singles_out_nothing(question):
    assert ranked(question, LINES) == []


def test_a_part_of_a_word_is_no_word():
    assert ranked("ten", ["tender", *["quiet"] * 50]) == []


def test_words_are_told_apart_at_all_that_is_no_letter_or_digit():
    lines = [*["quiet"] * 60, "node_modules/express-session/index.js"]
    assert ranked("Is express used?", lines) == [60]


def test_no_lines_have_no_ranks():
    assert ranked("anything", []) == []
