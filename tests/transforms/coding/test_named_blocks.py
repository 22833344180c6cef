"""Blocks of lines that come again: named, and put back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.transforms.coding.budget import Budget
from headroom.transforms.coding.named_blocks import decode, encode

ENGINES = ['      "license": "MIT",', '      "engines": {', '        "node": ">=6.9.0"', "      }"]


def anything(line: str) -> bool:
    return True


def restored(lines: list[str]) -> list[str]:
    return decode(lines, Budget("\n".join(lines)))


def test_a_block_is_written_out_once_and_named_where_it_comes_again() -> None:
    lines = ["one {", *ENGINES, "two {", *ENGINES, "three {", *ENGINES]
    named = encode(lines, anything)
    assert named == ["one {", "#1, 4 lines:", *ENGINES, "two {", "#1", "three {", "#1"]
    assert restored(named) == lines


def test_names_count_up_in_the_order_of_the_text() -> None:
    other = [f"    a line of another block, number {n}" for n in range(3)]
    named = encode([*ENGINES, "x", *other, "y", *other, "z", *ENGINES], anything)
    assert [line for line in named if line.startswith("#")] == ["#1, 4 lines:", "#2, 3 lines:", "#2", "#1"]


def test_a_long_line_may_be_a_block_of_its_own() -> None:
    line = "export declare type Options = { strict: boolean; message?: string; path: string };"
    assert encode([line, "a", line, "b", line], anything) == ["#1, 1 line:", line, "a", "#1", "b", "#1"]


def test_a_block_ends_where_few_go_on_alike() -> None:
    lines = ["1", *ENGINES, "same", "2", *ENGINES, "same", *[part for n in range(9) for part in (f"x{n}", *ENGINES)]]
    assert encode(lines, anything)[1] == "#1, 4 lines:"


def test_what_may_not_move_is_in_no_block() -> None:
    lines = [*ENGINES, "@@ -1 +1 @@", *ENGINES] * 2
    named = encode(lines, lambda line: not line.startswith("@@"))
    assert named.count("@@ -1 +1 @@") == 2
    assert restored(named) == lines


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["a"],
        [f"line {n} of many that differ from each other" for n in range(40)],
        ["}", "", "}", "", "}", ""],
        ["    }", "", "    x = 1"] * 3,
        ["#1", *ENGINES, *ENGINES],
        ["#2, 3 lines:", *ENGINES, *ENGINES],
    ],
    ids=["nothing", "one line", "nothing again", "no words", "too short", "like a name", "like a heading"],
)
def test_lines_that_stay(lines: list[str]) -> None:
    assert encode(lines, anything) == lines


@pytest.mark.parametrize("lines", [["#1"], ["#1, 3 lines:", "a"], ["#2", "#2, 1 line:", "a"]])
def test_what_names_nothing_is_refused(lines: list[str]) -> None:
    with pytest.raises(ValueError, match=r"a name of nothing|a block that is cut off"):
        restored(lines)


def test_a_short_text_cannot_unfold_without_end() -> None:
    with pytest.raises(ValueError, match="stands for too much"):
        restored(["#1, 1 line:", "x" * 1_000, *["#1"] * 100_000])


LINES = st.sampled_from([*ENGINES, "", " ", "+    return self.value_of_the_first_argument()", "@@", "x" * 70, "-a"])


@given(st.lists(LINES, max_size=60))
def test_whatever_repeats_is_restored(lines: list[str]) -> None:
    named = encode(lines, lambda line: line != "@@")
    assert restored(named) == lines
    assert sum(map(len, named)) <= sum(map(len, lines))
