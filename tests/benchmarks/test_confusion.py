"""The router's answers over texts of known kinds, in a tiny form."""

import json

from benchmarks import texts
from benchmarks.confusion import EXPECTED, EXTENSIONS, Text, files, report
from headroom.transforms.base import Hint


def test_the_matrix_has_a_row_a_kind_and_right_answers_are_right():
    known = [Text(kind, kind, texts.make(kind, 4_000), Hint("run_command", "")) for kind in texts.KINDS]
    found = report("test", known, 0)
    matrix, mistakes = found.tables
    assert {row[0] for row in matrix.rows} == set(texts.KINDS)
    assert all(row[-1] == "100.0" for row in matrix.rows)
    assert mistakes.rows == []
    assert [bar.held for bar in found.bars[:2]] == [True, True]
    json.dumps(found.as_json())


def test_a_wrong_answer_is_shown_with_what_came_of_it():
    wrong = Text("x", "prose", texts.make("json_list", 4_000), Hint("run_command", ""))
    found = report("test", [wrong], 0)
    assert found.tables[1].rows == [("prose", "smart_crusher", "saves tokens, restored", "1")]
    assert found.bars[0].value == 0


def test_files_are_drawn_by_extension_and_only_if_they_are_text(tmp_path):
    for name in ("a.json", "b.md", "c.unknown", "d.py"):
        (tmp_path / name).write_text("{}" * 600)
    (tmp_path / "e.py").write_bytes(b"\xff\xfe" * 600)
    (tmp_path / "f.py").write_text("short")
    drawn = files(10, [tmp_path])
    assert sorted((text.kind, text.name.rsplit("/", 1)[1]) for text in drawn) == [
        ("code", "d.py"),
        ("json_doc", "a.json"),
        ("prose", "b.md"),
    ]


def test_every_extension_is_of_a_kind_that_has_an_answer():
    assert set(EXTENSIONS.values()) <= set(EXPECTED)
