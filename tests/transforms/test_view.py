"""One text, its derived forms built at most once and let go of where they are large."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.transforms.view import View, let_go


def test_a_form_is_built_once_until_it_is_forgotten() -> None:
    view, built = View("a\nb"), list[str]()
    for _ in range(2):
        view.once("form", built.append)
    assert built == ["a\nb"]
    view.forget("form")
    view.forget("form")
    view.once("form", built.append)
    assert built == ["a\nb"] * 2


def test_forgotten_lines_come_back_the_same() -> None:
    view = View("a\nb\n")
    lines = view.lines
    assert view.lines is lines
    view.forget("lines")
    assert view.lines == lines
    assert view.lines is not lines


@given(st.lists(st.text()))
def test_lines_are_let_go_of_in_order(lines: list[str]) -> None:
    left = list(lines)
    seen = []
    for line in let_go(left):
        seen.append(line)
        assert len(left) == len(lines) - len(seen)
    assert seen == lines


@pytest.mark.parametrize("text", ["", "\n", "a"])
def test_lines_joined_are_the_text(text: str) -> None:
    assert "\n".join(View(text).lines) == text
