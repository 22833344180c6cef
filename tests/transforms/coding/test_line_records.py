from __future__ import annotations

import pytest

from headroom.transforms.coding.line_records import are_timed, starts

TIMED = "2026-01-05 10:00:01 INFO lamp"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["a", "b", "c"], [0, 1, 2]),
        (["a", "  b", "", "c", "}"], [0, 3]),
        ([TIMED, "java.io.IOException: full", "\tat a.B.c(B.java:1)", TIMED, TIMED], [0, 3, 4]),
        (
            ["x", "Traceback (most recent call last):", '  File "a.py", line 1', "    go()", "KeyError: 1", "y"],
            [0, 1, 5],
        ),
        (["a.c:1:2: error: x", "int y", "    ^", "b.c:3: note: z", "c"], [0, 3]),
        (["error: x", "  --> a.rs:1:2", "12 | let y", "   | ^", "done"], [0, 4]),
        (["  one", "  two", "  three"], [0, 1, 2]),
        ([f"{TIMED} x", f"{TIMED} y"], [0, 1]),
        (["[10:00:01] error: x", "[10:00:02]   --> a.rs", "[10:00:03]   |", "[10:00:04] done"], [0, 3]),
        (["10:00:01  INFO x", "10:00:02 ERROR y", "10:00:03  INFO z"], [0, 1, 2]),
        ([""], [0]),
    ],
)
def test_records_begin_where_a_line_does_not_belong_to_the_one_above(lines: list[str], found: list[int]) -> None:
    assert starts(lines) == found


def test_a_text_is_timed_if_most_lines_that_are_not_indented_are() -> None:
    assert are_timed([TIMED, *["\tat a.B.c(B.java:1)"] * 20])
    assert not are_timed([TIMED, "x", "y", "z"])
