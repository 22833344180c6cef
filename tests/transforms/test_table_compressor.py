"""Tables: delimited and drawn ones, what they become, what stays as it is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.forms import Subject

from headroom.transforms.coding.drawn import undrawn
from headroom.transforms.table_compressor import TableCompressor
from headroom.transforms.view import View

TABLE = TableCompressor()
SUBJECT = Subject(TABLE)
CONTEXT = SUBJECT.context
evidence, shrunk, restores = SUBJECT.evidence, SUBJECT.shrunk, SUBJECT.restores

WEATHER = "date,weather,country\n" + "".join(
    f"2012-0{month}-{day},{'rain' if day % 2 else 'sun'},Iceland\n" for month in (1, 2) for day in range(10, 22)
)
PSQL = (
    " id |  name  | city\n----+--------+------\n"
    + "".join(f" {n:2} | Ann {n:<2} | Rome\n" for n in range(1, 20))
    + "(19 rows)\n"
)
BOX = """\
┌──────┬────────────┬───────┐
│ name │    date    │ price │
├──────┼────────────┼───────┤
│ ABC  │ Jan 1 2000 │ 39.81 │
│ ABC  │ Feb 1 2000 │ 36.35 │
│ XY   │ Mar 1 2000 │ 43.22 │
└──────┴────────────┴───────┘
"""

FORMATS = {
    "csv with constants and months": WEATHER,
    "csv with quoted cells": "id,text,kind\n" + "".join(f'{n},"a, ""b"" {n}",unchanged value\n' for n in range(20)),
    "csv with a cell of several lines": "id,text,kind\n"
    + "".join(f'{n},"one\ntwo, {n}",x\n' if n == 7 else f"{n},a,the same kind\n" for n in range(20)),
    "tsv": "id\tcity\n" + "".join(f"{n}\tReykjavik Capital Region\n" for n in range(30)),
    "semicolons": "id;city;price\n" + "".join(f"{n};Reykjavik Region;{n},5\n" for n in range(30)),
    "markdown": "| name     | city      |\n|:---------|----------:|\n"
    + "".join(f"| Ann {n:<4} | Rome      |\n" for n in range(20)),
    "psql": PSQL,
    "mysql": "+----+-------+\n| id | name  |\n+----+-------+\n"
    + "".join(f"| {n:>2} | Ann   |\n" for n in range(20))
    + "+----+-------+\n20 rows in set (0.00 sec)\n",
    "box drawing": BOX,
    "heavy box drawing": BOX.replace("│", "┃").replace("├", "┡"),
    "empty cells at the edges": "| a  | b   | c |\n|----|-----|---|\n"
    + "".join(f"|    | {n:<3} |   |\n" for n in range(9)),
}


@pytest.mark.parametrize("text", FORMATS.values(), ids=FORMATS)
def test_a_format_is_recognised_shortened_and_restored(text: str) -> None:
    assert evidence(text) >= 0.5
    result = shrunk(text)
    assert result is not None
    assert TABLE.decode(result) in (text, undrawn(text))


def test_what_rows_share_stands_in_headings_above_them() -> None:
    result = shrunk(WEATHER)
    assert result is not None
    assert result.split("\n")[:5] == [
        '[table: 26 comma-separated lines like *,*,Iceland; a line "> ..." fills some *, the rows below it the others]',
        "date,weather,country",
        "> 2012-01-*,*",
        "10,sun",
        "11,rain",
    ]


def test_a_drawn_table_loses_its_padding_and_rules() -> None:
    assert (
        shrunk(BOX)
        == """\
---
name|date|price
---
ABC|Jan 1 2000|39.81
ABC|Feb 1 2000|36.35
XY|Mar 1 2000|43.22
---
"""
    )


def test_a_psql_table_keeps_its_header_and_its_footer() -> None:
    result = undrawn(PSQL).split("\n")
    assert result[:3] == ["id|name|city", "---", "1|Ann 1|Rome"]
    assert result[-2] == "(19 rows)"


def test_a_bar_in_a_markdown_cell_stays_escaped() -> None:
    assert undrawn("| a \\| b | c  |") == "a \\| b|c"


def test_a_bar_in_a_box_leaves_the_row_as_it_is() -> None:
    assert undrawn("│ a | b │ c  │") == "│ a | b │ c  │"


NOT_TABLE = {
    "prose with commas": "First we take it, then we leave it, and go.\n" * 12,
    "a log with decimal commas": "".join(f"2026-11-21 10:15:{n},123 INFO started {n}\n" for n in range(10, 40)),
    "code": "".join(f"call({n}, {n})\n" for n in range(20)),
    "json members": "".join(f'  "k{n}": {n},\n' for n in range(20)),
    "json lines": "".join(f'{{"a": {n}, "b": 2}}\n' for n in range(20)),
    "a markdown document": "# Title\n\nText.\n\n---\n\n- point\n" * 5,
    "paths": "".join(f"/a/b,c/{n}\n" for n in range(20)),
    "shell pipes": "cat a | sort | uniq\n" * 12,
    "nothing": "",
}


RAGGED = "version,name,series,created,released,supported,retired\n" + "".join(
    f"{n},Name {n},name-{n},2024-0{n % 9 + 1}-01" + ",2025-01-01" * (n % 4) + "\n" for n in range(40)
)


def test_rows_whose_last_cells_are_left_out_are_rows() -> None:
    assert evidence(RAGGED) == 1
    assert evidence(RAGGED.partition("\n")[2]) == 0, "without a header there is nothing to tell how long a row is"
    assert restores(RAGGED)


@pytest.mark.parametrize("text", NOT_TABLE.values(), ids=NOT_TABLE)
def test_another_kind_is_not_taken_for_a_table(text: str) -> None:
    assert evidence(text) < 0.5


NOTE = '[table: 3 comma-separated lines like *,*; a line "> ..." fills some *, the rows below it the others]\n'
HOSTILE = {
    "our note": NOTE + WEATHER,
    "our note and a heading": NOTE + "> a,*\nb\n" + WEATHER,
    "our note above a drawn table": NOTE + BOX,
    "our escapes": "|a,b,c\n> b,c,d\n" + WEATHER + "|a,b,c\n> b,c,d\n\n" + WEATHER,
    "stars": WEATHER.replace("rain", "r*n").replace("Iceland", "*"),
    "percent signs": WEATHER.replace("rain", "%s").replace("Iceland", "100%"),
    "odd quotes": WEATHER.replace("rain", '"ra"in') + '"a,b",c"\n"x,y\n',
    "odd line ends": WEATHER.replace("\n", "\r\n") + "\x0b\u2028",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_text_that_imitates_the_form_is_restored(text: str) -> None:
    assert restores(text)


def test_a_note_at_the_top_does_not_make_a_text_immune() -> None:
    result = shrunk(NOTE + WEATHER * 4)
    assert result is not None
    assert "> 2012-01-*" in result


@pytest.mark.parametrize("text", FORMATS.values(), ids=FORMATS)
def test_a_result_is_not_shortened_again(text: str) -> None:
    result = shrunk(text)
    assert result is not None
    assert shrunk(result) is None


_CELLS = st.sampled_from(["a", "2012-01-02", "x/y", "*", ">", "|", '"q, r"', '"', "", "%s", "long constant", " b "])
_ROWS = st.lists(_CELLS, min_size=3, max_size=4)
_LINES = st.one_of(
    _ROWS.map(",".join),
    _ROWS.map(lambda cells: "| " + " | ".join(cells) + " |"),
    _ROWS.map(lambda cells: "│" + "│".join(cells) + "│"),
    _ROWS.map(" | ".join),
    st.sampled_from(["", "---+---+---", "|---|:--|", "> *,*,*", "├──┼──┤", "id,name,city"]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_LINES, max_size=30).map("\n".join))
def test_any_mixture_of_tables_is_restored_and_settled(text: str) -> None:
    evidence(text)
    assert restores(text)
    assert undrawn(undrawn(text)) == undrawn(text)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(_CELLS, min_size=3, max_size=3).map(",".join), min_size=4, max_size=30))
def test_any_csv_is_restored_and_keeps_its_words(rows: list[str]) -> None:
    words = re.compile(r"[A-Za-z0-9_]{2,}")
    text = "\n".join(["id,name,city", *rows])
    assert restores(text)
    for form in TABLE.candidates(View(text), CONTEXT):
        assert set(words.findall(text)) <= set(words.findall(form.text))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_restored(text: str) -> None:
    evidence(text)
    assert restores(text)
