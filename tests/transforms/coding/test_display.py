from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.transforms.coding.display import as_displayed


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("\x1b[1;31merror\x1b[0m: no", "error: no", id="colours"),
        pytest.param("\x1b]0;title\x07ready", "ready", id="a window title"),
        pytest.param("\x1b]8;;http://a.b\x1b\\link\x1b]8;;\x1b\\", "link", id="a hyperlink"),
        pytest.param("a \nb\t\n", "a\nb\n", id="trailing blanks"),
        pytest.param("one\r\ntwo\r\n", "one\ntwo\n", id="line ends of Windows"),
        pytest.param(" 10 %\r 50 %\r100 %\n", "100 %\n", id="a progress line"),
        pytest.param("a long line\rshort", "shortg line", id="a shorter state leaves the rest"),
        pytest.param("a long line\r\x1b[Kshort", "short", id="erasing to the end"),
        pytest.param("a long line\r\x1b[2Kshort", "short", id="erasing the line"),
        pytest.param("a long line\x1b[2K\rshort", "short", id="erasing the line before starting it over"),
        pytest.param("one\x1b[2Ktwo\r", "   two", id="erasing in mid-line keeps the column"),
        pytest.param("wait |\b/\b-\b\\\bdone", "wait done", id="a spinner"),
        pytest.param("N\bNA\bAM\bME\bE _\bx", "NAME x", id="overstruck letters"),
        pytest.param("\b\bx", "x", id="backspaces at the start"),
        pytest.param("\x1b\x1b[31m[32mx", "[32mx", id="nested escapes are no new escape"),
    ],
)
def test_a_terminal_shows(text: str, shown: str) -> None:
    assert as_displayed(text) == shown


@pytest.mark.parametrize("text", ["", "plain", "  indented\n\n", "tab\tinside", "café\n☕"])
def test_what_a_terminal_shows_as_it_is_stays(text: str) -> None:
    assert as_displayed(text) == text


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab \t\r\n\b\x1b[]0;2Km\x07\x0e\x0f\\", max_size=60))
def test_showing_is_idempotent(text: str) -> None:
    shown = as_displayed(text)
    assert as_displayed(shown) == shown


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(alphabet="abc", max_size=8), min_size=1, max_size=8))
def test_states_overwrite_each_other_from_the_start_of_the_line(states: list[str]) -> None:
    screen = ""
    for state in states:
        screen = state + screen[len(state) :]
    assert as_displayed("\r".join(states)) == screen


def test_a_long_line_that_is_started_over_often_is_shown_in_linear_time() -> None:
    assert as_displayed("x" * 300_000 + "\ry" * 300_000) == "y" + "x" * 299_999
