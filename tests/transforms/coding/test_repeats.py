from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.transforms.coding import repeats
from headroom.transforms.coding.budget import Budget

LINE = st.sampled_from(["a line that is long enough to be worth it", "another line, also of some length", "x", ""])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(LINE, LINE, st.sampled_from(["[the line above 2 more times]", "[the 2 lines above 1 more time]"])),
        max_size=60,
    )
)
def test_repeats_are_restored(lines: list[str]) -> None:
    form = repeats.encode(lines)
    if form != lines:
        assert repeats.decode(form, Budget("x" * 10**6)) == lines


def test_a_block_of_lines_is_counted() -> None:
    block = ["  File one, in the module", "    return call(another)", "  File two, in call"]
    assert repeats.encode(["start", *block * 5, "end"]) == ["start", *block, "[the 3 lines above 4 more times]", "end"]


def test_short_repeats_stay() -> None:
    assert repeats.encode(["a", "a", "a"]) == ["a", "a", "a"]


def test_a_line_like_a_note_is_led_by_a_sign_and_stops_nothing() -> None:
    lines = ["[the line above 2 more times]", *["the very same line of text"] * 9, "|[the line above 2 more times]"]
    form = repeats.encode(lines)
    assert form == [
        "|[the line above 2 more times]",
        "the very same line of text",
        "[the line above 8 more times]",
        "||[the line above 2 more times]",
    ]
    assert repeats.decode(form, Budget("x" * 10**6)) == lines


def test_a_note_that_counts_too_much_is_refused() -> None:
    with pytest.raises(ValueError, match="not there"):
        repeats.decode(["a", "[the 2 lines above 1 more time]"], Budget("x"))
    with pytest.raises(ValueError, match="too much"):
        repeats.decode(["a", "[the line above 99999999 more times]"], Budget("x"))
