"""Bars say whether they are held; the page keeps the parts that were not measured."""

import json

import pytest

from benchmarks.report import Bar, Report, Table, figure, publish, with_part

TABLE = Table("Times", ("what", "ms"), [("first", "1.25"), ("second", "10")])


def test_a_bar_is_held_up_to_its_limit():
    assert Bar("x", 5, 5).held
    assert not Bar("x", 5.1, 5).held
    assert Bar("x", 5, 5, at_least=True).held
    assert not Bar("x", 4.9, 5, at_least=True).held


def test_a_missed_bar_says_so_in_its_row():
    assert Bar("p50", 2.5, 1, "ms").row == ("p50", "2.50 ms", "<= 1 ms", "MISS")
    assert Bar("p50", 0.5, 1, "ms").row == ("p50", "0.500 ms", "<= 1 ms", "ok")


@pytest.mark.parametrize(
    ("value", "spelled"),
    [(0, "0"), (0.12345, "0.123"), (1.234, "1.23"), (12.34, "12.3"), (1234.5, "1,234"), (-0.5, "-0.500")],
)
def test_figures_have_about_three_digits(value, spelled):
    assert figure(value) == spelled


def test_columns_of_the_plain_table_line_up():
    assert TABLE.plain.splitlines() == ["Times", "  what      ms", "  first   1.25", "  second    10"]


def test_the_markdown_table_has_a_row_a_row():
    assert TABLE.markdown.splitlines()[2:] == ["| what | ms |", "| --- | ---: |", "| first | 1.25 |", "| second | 10 |"]


def test_a_part_is_replaced_and_the_others_stay_in_order():
    page = with_part("", Report("scaling", "old words", [TABLE]))
    page = with_part(page, Report("hop", "hop words", [TABLE]))
    page = with_part(page, Report("scaling", "new words", [TABLE]))
    assert "old words" not in page
    assert page.index("hop words") < page.index("new words")
    assert page.count("## `make bench-") == 2
    assert with_part(page, Report("hop", "hop words", [TABLE])) == page


def test_publishing_prints_and_writes_both_files(tmp_path, capsys):
    report = Report("body", "words", [TABLE], [Bar("x", 2, 1)], {"rows": [1]})
    publish(report, tmp_path / "results", tmp_path / "page.md")
    assert "MISS" in capsys.readouterr().out
    written = json.loads((tmp_path / "results" / "body.json").read_text())
    assert written["data"] == {"rows": [1]}
    assert written["bars"][0]["held"] is False
    assert "| x |" in (tmp_path / "page.md").read_text()
