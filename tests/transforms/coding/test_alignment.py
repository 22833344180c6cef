from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.transforms.coding.alignment import TIME, Template, aligned, rows_of


def marked(*lines: str) -> str:
    """The first of some lines, its places in braces."""
    found = aligned(rows_of(lines))
    assert found is not None
    return found[0].marked("{}", "")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["took job 17 of mail", "took job 4 of mail"], "took job {17} of mail"),
        (["load key=a17 now", "load key=b4 now"], "load key={a17} now"),
        (["from 10.1.2.3:80 up", "from 10.1.2.44:80 up"], "from {10.1.2.3}:80 up"),
        (["at 1.2.3.9.8 up", "at 1.2.4.9.8 up"], "at {1.2.3.9.8} up"),
        (["in src/app/one.py:17: x", "in src/app/two.py:4: x"], "in src/app/{one.py:17}: x"),
        (["id=12 user=root", "id=13 user=mail"], "id={12} user={root}"),
        (["a(12)b(3)c", "a(4)b(56)c"], "a({12})b({3})c"),
        (["end word_one", "end word_two"], "end {word_one}"),
    ],
)
def test_places_are_as_small_as_whole_words_and_dotted_numbers_allow(lines: list[str], expected: str) -> None:
    assert marked(*lines) == expected


def test_a_place_that_is_empty_in_some_line_makes_no_template() -> None:
    assert aligned(rows_of(["a one c", "a  c"])) is None


def test_a_time_in_a_place_makes_no_template() -> None:
    assert aligned(rows_of([f"x{TIME} is up", f"y{TIME}z is up"])) is None


def test_lines_of_other_numbers_of_words_do_not_fit() -> None:
    assert rows_of(["one two three", "one two", "one four three"]).fitting == [0, 2]


def test_what_all_lines_begin_with_is_cut_at_a_letter_so_that_gaps_stay_whole() -> None:
    rows = rows_of(["status  of  one", "status  of    two"])
    assert rows.front == "status  o"
    assert [column[0] for column in rows.columns] == ["f", "", "one"]


def test_a_template_fills_places_and_times_and_takes_percent_signs_for_what_they_are() -> None:
    template = Template([f"{TIME} 100% of ", " for %s"], ["a"])
    assert template.filled([["b", "c"]], ["10:00", "10:01"], "09:59", 2) == [
        "10:00 100% of b for %s",
        "10:01 100% of c for %s",
    ]


WORD = st.text(alphabet="ab1_.:(=[/-", min_size=1, max_size=9)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(WORD, WORD, WORD), min_size=2, max_size=6), st.sampled_from([" ", "  ", " of "]))
def test_a_template_filled_with_its_values_gives_the_lines(words: list[tuple[str, str, str]], glue: str) -> None:
    lines = [glue.join(row) for row in words]
    rows = rows_of(lines)
    found = aligned(rows)
    if found is not None:
        template, values = found
        filled = template.filled(values, [], "", len(rows.fitting))
        assert template.has_gaps or filled == [lines[at] for at in rows.fitting]
