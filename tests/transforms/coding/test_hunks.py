"""Hunks: headings said once, indentation taken off, signs of runs at their ends; all of it comes back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.transforms.coding import hunks
from headroom.transforms.coding.budget import Budget

HEADING = "@@ -3,4 +3,4 @@ class Order:"
BODY = [
    "     total: int",
    "     lines: list",
    "-    def close(self):",
    "+    def close(self) -> None:",
    "         self.open = False",
]


def test_indentation_that_a_hunk_shares_is_told_in_its_header() -> None:
    assert hunks.outdented([HEADING, *BODY]) == [
        "@@ -3,4 +3,4 @@ class Order: >4",
        " total: int",
        " lines: list",
        "-def close(self):",
        "+def close(self) -> None:",
        "     self.open = False",
    ]


def test_tabs_are_taken_off_as_well() -> None:
    lines = ["@@ -1,5 +1,6 @@", *[" \treturn err"] * 4, "+\t\treturn nil", ""]
    assert hunks.outdented(lines) == ["@@ -1,5 +1,6 @@ >1t", *[" return err"] * 4, "+\treturn nil", ""]


NOT_OUTDENTED = {
    "a line at the margin": [HEADING, *BODY, " import os"],
    "tabs and blanks": [HEADING, *BODY, " \tx"],
    "one blank only": [HEADING, *["  - a", "+ - b"] * 3],
    "few lines": [HEADING, "     a", "+        b"],
    "no hunk": ["    a", "    b"],
    "blank lines only": [HEADING, "+    ", " ", ""],
}


@pytest.mark.parametrize("lines", NOT_OUTDENTED.values(), ids=NOT_OUTDENTED)
def test_a_hunk_without_common_indentation_stays(lines: list[str]) -> None:
    assert hunks.outdented(lines) == lines


def test_a_heading_is_said_once_a_file() -> None:
    lines = [HEADING, " x", HEADING, " y", "diff --git a/o b/o", HEADING]
    assert hunks.without_headings(lines) == [HEADING, " x", '@@ -3,4 +3,4 @@ "', " y", "diff --git a/o b/o", HEADING]


def test_the_sign_of_a_long_run_stands_at_its_ends() -> None:
    run = [f"-    value_{number}" for number in range(6)]
    assert hunks.without_signs([" a", *run, "+b"]) == [" a", "<-", *(line[1:] for line in run), "->", "+b"]
    assert hunks.without_signs(run[1:]) == run[1:]


def test_a_run_without_an_end_is_refused() -> None:
    with pytest.raises(ValueError, match="without an end"):
        hunks.with_signs(["<+", "a"])


_LINES = st.one_of(
    st.sampled_from([HEADING, "@@ -1 +1 @@", "@@ -1 +1 @@ x", "@@@ -1 -1 +1 @@@ >", "diff --git a/x b/x", "=== x", ""]),
    st.sampled_from(["+>", "->", "++>", "--- x", "+++ y", "~ z", "\\ No newline", "+    >", "- \t"]),
    st.tuples(st.sampled_from("+- ~"), st.sampled_from(["", "    ", "\t", "  "]), st.sampled_from(["", "a", ">4"])).map(
        "".join
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(_LINES.map(lambda line: [line]), st.just(["+    a"] * 7), st.just(BODY)), max_size=12))
def test_any_lines_come_back(pieces: list[list[str]]) -> None:
    lines = [line for piece in pieces for line in piece if not hunks.is_like_ours(line)]
    written = hunks.without_signs(hunks.outdented(hunks.without_headings(lines)))
    assert hunks.with_headings(hunks.indented(hunks.with_signs(written)), Budget("x" * 99)) == lines
