"""Trees by indentation: the branches follow from the levels."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.transforms.coding.tree import STYLES, Style, Undrawn, draw, undraw


def test_levels_become_indentation() -> None:
    found = undraw(["src", "├── a", "│   ├── b", "│   └── c", "└── d"])
    assert found == Undrawn("lines", (), ["src", " a", "  b", "  c", " d"])


def test_a_drawing_that_was_cut_off_says_which_levels_went_on() -> None:
    lines = ["src", "├── a", "│   ├── b", "│   ├── c", "│   │   ├── d"]
    found = undraw(lines)
    assert found is not None
    assert found.cut == (1, 2, 3)
    assert list(draw(found)) == lines


@pytest.mark.parametrize(
    "lines",
    [["a", "b"], ["├── a"], ["├── a", "├── b", "├── c", "├── d", "x", "└── e", "├── f"]],
    ids=["no branches", "one branch", "branches that contradict the levels"],
)
def test_what_is_not_drawn_as_its_levels_say_is_left_alone(lines: list[str]) -> None:
    assert undraw(lines) is None


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(ValueError, match="style"):
        draw(Undrawn("crayon", (), ["a"]))


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(STYLES),
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["a", "b c", "|d", ""])), min_size=4, max_size=30),
    st.sets(st.integers(1, 4)),
)
def test_any_tree_is_restored(style: Style, nodes: list[tuple[int, str]], cut: set[int]) -> None:
    drawn = Undrawn(
        style.name,
        tuple(sorted(cut)),
        [" " * level + ("|" + text if text[:1] == "|" else text) for level, text in nodes],
    )
    lines = list(draw(drawn))
    found = undraw(lines)
    assert found is None or list(draw(found)) == lines
