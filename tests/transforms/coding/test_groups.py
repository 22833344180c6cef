"""Rows under headings: what is shared is said once, and every row comes back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.transforms.coding.budget import Budget
from headroom.transforms.coding.groups import Form, Grouped, group, ungroup

WORDS = Form(" ", " ", lambda line, cells: line.split(" ", cells - 1), packed=True)
COMMAS = Form(",", ",", lambda line, cells: line.split(",", cells - 1))


def grouped(lines: list[str], form: Form, cells: int) -> Grouped | None:
    rows = [line.split(form.glue, cells - 1) for line in lines]
    return group(zip(lines, [row if len(row) == cells else None for row in rows], strict=True), form)


def test_a_constant_column_stands_in_the_template() -> None:
    found = grouped(["a,x,1", "b,x,2", "c,x,3"], COMMAS, 3)
    assert found is not None
    assert (found.template, found.body) == ("*,x,*", ["> *,*", "a,1", "b,2", "c,3"])


def test_a_steady_column_stands_in_headings() -> None:
    found = grouped([f"{'monday' if n < 5 else 'tuesday'},{n}" for n in range(10)], COMMAS, 2)
    assert found is not None
    assert found.body == ["> monday,*", "0", "1", "2", "3", "4", "> tuesday,*", "5", "6", "7", "8", "9"]


def test_folders_are_split_from_names_and_names_stand_side_by_side() -> None:
    found = grouped([f"/srv/{folder}/{name}" for folder in ("left", "right") for name in "abcd"], WORDS, 1)
    assert found is not None
    assert (found.template, found.body) == ("/srv/*", ["> left/*", "a b c d", "> right/*", "a b c d"])


def test_months_are_split_from_days() -> None:
    found = grouped([f"2026-0{month}-{day},{day}" for month in (1, 2) for day in range(11, 17)], COMMAS, 2)
    assert found is not None
    assert found.body[:3] == ["> 2026-01-*,*", "11,11", "12,12"]


def test_a_common_end_is_cut_at_a_separator_only() -> None:
    found = grouped(["12:00:00,a", "13:00:00,b", "14:00:00,c"], COMMAS, 2)
    assert found is not None
    assert found.template == "*:00:00,*"
    found = grouped(["reading,a", "writing,b", "sitting,c"], COMMAS, 2)
    assert found is not None
    assert found.template == "*,*"


def test_lines_that_are_no_rows_stay_where_they_are() -> None:
    lines = ["head", "a,x,1", "odd", "> b", "|c", "", "d,x,2", "e,x,3"]
    found = grouped(lines, COMMAS, 3)
    assert found is not None
    assert found.body == ["head", "> *,*", "a,1", "|odd", "|> b", "||c", "", "d,2", "e,3"]
    assert list(ungroup(found.template, found.body, COMMAS, Budget("\n".join(found.body)))) == lines


def test_a_row_that_could_not_be_read_back_stands_as_the_line_that_it_was() -> None:
    lines = ['a,x,"1', "b,x,2", "> c,x,3", "d,x,4"]
    found = grouped(lines, COMMAS, 3)
    assert found is not None
    assert [found.line(row) for row in range(4)] == lines
    assert found.body == ["> *,*", 'a,"1', "b,2", "|> c,x,3", "d,4"]


def test_the_text_is_the_note_and_the_lines_below_it_however_many_there_are() -> None:
    for count in (2, 1023, 1024, 5000):
        found = grouped([f"{number % 7},{number}" for number in range(count)], COMMAS, 2)
        assert found is not None
        assert found.under("note") == "\n".join(["note", *found.body])


def test_the_common_end_of_long_cells_is_found() -> None:
    cells = [f"{letter * size},{size}/" + "x" * 4000 + "-end" for size, letter in enumerate("abcab" * 40, 1)]
    found = grouped(cells, COMMAS, 2)
    assert found is not None
    assert found.template == "*,*/" + "x" * 4000 + "-end"
    assert list(ungroup(found.template, found.body, COMMAS, Budget("x" * 10**7))) == cells


def test_nothing_that_varies_makes_no_group() -> None:
    assert grouped(["a,b", "a,b"], COMMAS, 2) is None
    assert grouped(["a,b"], COMMAS, 2) is None


@pytest.mark.parametrize("body", [["> a"], ["> *,*", "x"], ["> *,*", "x,y", "> a"]])
def test_what_does_not_fill_the_template_is_refused(body: list[str]) -> None:
    with pytest.raises(ValueError, match="fill"):
        list(ungroup("*,*", body, COMMAS, Budget("x" * 99)))


_CELLS = st.sampled_from(
    ["a", "b", "x/y", "x/z", "/", "*", ">", "|", "> ", "", "%s", "2026-01-02", "2026-01-03 10:00:00", "end here"]
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([WORDS, COMMAS]), st.integers(1, 4), st.lists(st.lists(_CELLS, min_size=1, max_size=5), max_size=25)
)
def test_any_rows_are_restored(form: Form, cells: int, rows: list[list[str]]) -> None:
    lines = [form.glue.join(row) for row in rows]
    found = grouped(lines, form, cells)
    if found is not None:
        assert list(ungroup(found.template, found.body, form, Budget("\n".join(found.body)))) == lines


def test_headings_that_would_write_without_end_are_refused() -> None:
    body = [f"> *,{'x' * 3_000}", *"abc" * 999]
    with pytest.raises(ValueError, match="too much"):
        list(ungroup("*,*", body, COMMAS, Budget("\n".join(body))))
