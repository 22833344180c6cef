from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.transforms.coding import prefix


@settings(max_examples=300, deadline=None)
@given(
    st.text(alphabet="ab 1:-", max_size=8),
    st.lists(st.text(alphabet="ab 1\t", max_size=6), max_size=8),
    st.lists(st.sampled_from(["", " frame", "\tframe", "other"]), max_size=3),
)
def test_what_is_taken_off_can_be_put_back(front: str, ends: list[str], others: list[str]) -> None:
    lines = [front + end for end in ends] + others
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


def test_a_line_that_would_start_with_a_blank_or_be_empty_keeps_the_front() -> None:
    assert prefix.taken_off(["app:  one", "app: two"])[0] == ""
    assert prefix.taken_off(["app: ", "app: two"])[0] == ""


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab", max_size=9), st.text(alphabet="ab", max_size=9))
def test_the_common_beginning_of_two_texts_is_as_long_as_it_can_be(low: str, high: str) -> None:
    length = prefix.shared(low, high)
    assert low[:length] == high[:length]
    assert low[length : length + 1] != high[length : length + 1] or length == len(low) == len(high)
