from __future__ import annotations

from headroom.transforms.coding.line_kinds import kinds

WORDS = ["ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen", "ibis", "jay"]


def test_lines_that_share_their_frequent_words_are_of_one_kind() -> None:
    lines = [f"fetch GET 200 https://example.org/{word} {n}ms" for n, word in enumerate(WORDS)]
    assert kinds(lines) == ["fetch GET 0 * 0"] * 10


def test_a_line_of_rare_words_is_of_no_kind() -> None:
    lines = [f"worker {n} is done" for n in range(10)]
    lines[5] = "the roof of hall seven is open"
    assert kinds(lines) == ["" if n == 5 else "worker 0 is done" for n in range(10)]


def test_numbers_alone_make_no_kind() -> None:
    assert kinds([f"{n} {n * 2} {n * 3}" for n in range(10)]) == [""] * 10
    assert kinds(["", "", ""]) == ["", "", ""]
    assert kinds([]) == []
