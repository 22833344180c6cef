from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.transforms.coding.shapes import grouped, kinds, shapes


def kinds_of(*lines: str) -> list[list[str]]:
    return [[lines[number] for number in members] for members in kinds(grouped(shapes(lines)).items())]


def test_numbers_and_wide_gaps_have_no_shape() -> None:
    assert list(shapes(["a 17 b1x   0x7f", "  indent 10.0.0.7"])) == ["a 0 b0  0", "  indent 0.0.0.0"]


def test_lines_that_differ_in_numbers_are_of_one_kind() -> None:
    assert kinds_of("took job 17", "started up at last", "took job 4") == [["took job 17", "took job 4"]]


def test_lines_that_differ_in_a_word_are_of_one_kind() -> None:
    lines = ["status installed libone now", "status installed libtwo now", "nothing of the kind"]
    assert kinds_of(*lines) == [lines[:2]]


def test_lines_of_other_layout_are_of_other_kinds() -> None:
    assert kinds_of("  the same words here", "the same words here now", "the same words") == []


def test_paths_of_one_directory_are_a_kind_of_their_own() -> None:
    near = [f"src/app/{name}.py:7: unused name" for name in "abcdefgh"]
    far = [f"lib/{name}/more.py:7: unused name" for name in "abcdefgh"]
    assert kinds_of(*near, *far)[0] == near


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(alphabet="ab1 /:'", max_size=14), max_size=40))
def test_no_line_is_of_two_kinds(lines: list[str]) -> None:
    found = kinds(grouped(shapes(lines)).items())
    members = [number for kind in found for number in kind]
    assert len(members) == len(set(members))
    assert all(kind == sorted(kind) for kind in found)


def test_lines_that_differ_in_a_quoted_word_are_of_one_kind_file_by_file() -> None:
    lines = [f"src/mod_{n // 8}/{'xyz'[n // 8]}.c:{n}: unused variable 'name{chr(97 + n)}'" for n in range(24)]
    assert kinds_of(*lines) == [lines[:8], lines[8:16], lines[16:]]


def test_test_names_before_their_place_in_brackets_are_of_one_kind_class_by_class() -> None:
    lines = [f"test_{chr(97 + n)} (app.test_{n // 9}.Case.test_{chr(97 + n)}) ... ok" for n in range(18)]
    assert kinds_of(*lines) == [lines]
    lines = [line.replace("test_0", "queue").replace("test_1", "mail") for line in lines]
    assert kinds_of(*lines) == [lines[:9], lines[9:]]
