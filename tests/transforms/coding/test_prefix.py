from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.transforms.coding import prefix


@settings(max_examples=300, deadline=None)
@given(
    st.text(alphabet="ab 1:-", max_size=8),
    st.lists(st.text(alphabet="ab 1\t", max_size=6), max_size=8),
    st.lists(st.sampled_from(["", " frame", "\tframe", "other"]), max_size=3),
    st.sampled_from(["", " ", "     ", "\t"]),
)
def test_what_is_taken_off_can_be_put_back(front: str, ends: list[str], others: list[str], indentation: str) -> None:
    lines = [indentation + line if line else line for line in [front + end for end in ends] + others]
    found, rest = prefix.taken_off(lines)
    assert (prefix.put_back(found, rest) if found else rest) == lines


def test_the_common_front_ends_with_a_whole_word() -> None:
    found, rest = prefix.taken_off(["2026-01-05 host12 up", "2026-01-05 host13 down"])
    assert found == "2026-01-05 "
    assert rest == ["host12 up", "host13 down"]


def test_empty_and_indented_lines_stay() -> None:
    found, rest = prefix.taken_off(["app: one", "  at frame", "", "app: two"])
    assert found == "app: "
    assert rest == ["one", "  at frame", "", "two"]


def test_where_all_lines_start_with_a_blank_all_count() -> None:
    found, rest = prefix.taken_off(["     15770: find", "     15770:  trying", "", "      9204: exit"])
    assert found == "     "
    assert rest == ["15770: find", "15770:  trying", "", " 9204: exit"]


@pytest.mark.parametrize(
    ("lines", "front"),
    [
        (["17/06/09 20:10:40 up", "17/06/09 20:10:41 up"], "17/06/09 "),
        (["2026-01-05 up", "2026-01-06 up"], ""),
        (["10.0.0.17 GET", "10.0.0.18 GET"], ""),
        (["backup/2026/01 ok", "backup/2026/02 ok"], ""),
        (["src/app/a.c:1 error", "src/app/b.c:1 error"], "src/app/"),
        (["src/app/1.c:1 error", "src/app/2.c:1 error"], "src/"),
    ],
    ids=["time", "date", "address", "numbered directories", "directories", "numbered files"],
)
def test_no_time_date_or_number_is_cut(lines: list[str], front: str) -> None:
    assert prefix.taken_off(lines)[0] == front


def test_a_line_that_would_start_with_a_blank_or_be_empty_keeps_the_front() -> None:
    assert prefix.taken_off(["app:  one", "app: two"])[0] == ""
    assert prefix.taken_off(["app: ", "app: two"])[0] == ""


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab", max_size=9), st.text(alphabet="ab", max_size=9))
def test_the_common_beginning_of_two_texts_is_as_long_as_it_can_be(low: str, high: str) -> None:
    length = prefix.shared(low, high)
    assert low[:length] == high[:length]
    assert low[length : length + 1] != high[length : length + 1] or length == len(low) == len(high)
