"""What neighbouring lines begin with, set above them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.transforms.coding.budget import Budget
from headroom.transforms.coding.headings import SIGNS, decode, encode

DPKG = [
    "2026-05-20 16:49:14 status unpacked jq 1.6-2",
    "2026-05-20 16:49:14 status half-configured jq 1.6-2",
    "2026-05-20 16:49:14 status installed jq 1.6-2",
    "2026-05-20 16:49:14 trigproc man-db 2.11.2-2 <none>",
]


def restored(sign: str, lines: list[str]) -> list[str]:
    return decode(lines, sign, Budget("x" * 9_999)) if sign else lines


def test_what_lines_begin_with_stands_above_them() -> None:
    sign, lines = encode(DPKG)
    assert sign == ">"
    assert lines == [
        "> 2026-05-20 16:49:14",
        "status unpacked jq 1.6-2",
        "status half-configured jq 1.6-2",
        "status installed jq 1.6-2",
        "trigproc man-db 2.11.2-2 <none>",
    ]


def test_each_stretch_of_lines_has_as_many_words_in_common_as_help() -> None:
    seconds = [line for line in DPKG if "trigproc" not in line]
    times = [f"2026-05-20 16:50:0{n} [worker-2] INFO queue: job {n} done" for n in range(4)]
    levels = [f"INFO queue of the second warehouse: job {n} done" for n in range(4)]
    sign, lines = encode([*seconds, *times, *levels])
    assert [line for line in lines if line[:1] == sign] == [
        "> 2026-05-20 16:49:14 status",
        "> 2026-05-20",
        "> INFO queue of the second warehouse: job",
    ]


def test_a_heading_without_words_ends_another() -> None:
    sign, lines = encode([*DPKG, "done", *DPKG])
    assert lines[5:8] == [">", "done", "> 2026-05-20 16:49:14"]
    assert restored(sign, lines) == [*DPKG, "done", *DPKG]


def test_empty_and_indented_lines_stay_where_they_are() -> None:
    sign, lines = encode([*DPKG[:2], "    at frame", "", *DPKG[2:]])
    assert lines[3:5] == ["    at frame", ""]
    assert lines.count("> 2026-05-20 16:49:14") == 1
    assert restored(sign, lines)[2:4] == ["    at frame", ""]


@pytest.mark.parametrize("line", ["> quoted", "2026-05-20 16:49:14 > quoted", ">"])
def test_headings_have_a_sign_that_no_word_begins_with(line: str) -> None:
    sign, lines = encode([*DPKG, line])
    assert sign == SIGNS[1]
    assert restored(sign, lines) == [*DPKG, line]


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["one line"],
        ["one a", "two b", "three c"],
        ["a x", "a y"],
        ["  indented", "  indented too"],
        ["INFO  two blanks", "INFO  two blanks more"],
        [*DPKG, *SIGNS],
    ],
    ids=["nothing", "one", "nothing in common", "short", "indented", "padded", "every sign is taken"],
)
def test_lines_that_stay(lines: list[str]) -> None:
    assert encode(lines) == ("", lines)


def test_a_short_text_cannot_unfold_without_end() -> None:
    with pytest.raises(ValueError, match="stands for too much"):
        decode(["> " + "x" * 10_000, *["y"] * 100_000], ">", Budget("x" * 10_000))


WORDS = st.sampled_from(["2026-05-20", "16:49:14", "16:49:15", "INFO", "a", ">", "»", "a>b", "", "[x]", "package/name"])


@given(st.lists(st.lists(WORDS, max_size=6).map(" ".join), max_size=20))
def test_whatever_lines_share_is_put_back(lines: list[str]) -> None:
    lines = [line.rstrip(" ") for line in lines]
    sign, headed = encode(lines)
    assert restored(sign, headed) == lines
    assert sum(map(len, headed)) <= sum(map(len, lines))
