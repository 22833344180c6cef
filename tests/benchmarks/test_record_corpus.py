"""Recording by a recipe: what works is kept, what is missing is left out, scratch folders go."""

import tomllib

from benchmarks.probes import probes_of
from benchmarks.record_corpus import RECIPE, record

LIMITS = {"command_seconds": 5, "total_seconds": 20, "min_chars": 10, "max_chars": 200}


def recipe(*commands, files=()):
    return {
        "limits": LIMITS,
        "made": [{"path": "shop/list.txt", "text": "\napples\npears\nplums\n"}],
        "command": [{"id": f"c{n}", "kind": "listing", "run": run} for n, run in enumerate(commands)],
        "files": files,
    }


def test_a_command_sees_the_files_that_were_made_and_not_what_another_left():
    first, second = record(recipe("echo more fruit >> shop/list.txt; cat shop/list.txt", "cat shop/list.txt"))
    assert first.content == "apples\npears\nplums\nmore fruit\n"
    assert second.content == "apples\npears\nplums\n"
    assert second.args == {"command": "cat shop/list.txt"}


def test_what_is_missing_short_or_too_slow_is_left_out():
    slow = {**recipe("no-such-command-here", "echo short", "sleep 30"), "limits": {**LIMITS, "command_seconds": 0.2}}
    assert record(slow) == []


def test_a_long_output_is_cut_at_a_line_end():
    (item,) = record(recipe("seq 1 500"))
    assert len(item.content) <= 200
    assert item.content.endswith("\n")


def test_placeholders_are_filled_and_other_braces_stay():
    (item,) = record(recipe("{python} -c \"print('{a} and {b} of it')\""))
    assert item.content == "{a} and {b} of it\n"


def test_files_are_drawn_the_same_each_time(tmp_path):
    for number in range(6):
        (tmp_path / f"{number}.txt").write_text(f"file number {number}")
    entry = {"id": "t", "kind": "prose", "pattern": f"{tmp_path}/*.txt", "take": 2}
    drawn = record(recipe(files=[entry]))
    assert len(drawn) == 2
    assert drawn == record(recipe(files=[entry]))
    assert drawn[0].args["command"].startswith("cat ")


def test_the_time_for_all_of_it_is_limited():
    hurried = recipe("echo first of all", "echo second of all")
    hurried["limits"] = {**LIMITS, "total_seconds": 0}
    assert [item.content for item in record(hurried)] == ["first of all\n"]


def test_the_recipe_is_complete_and_its_names_are_unique():
    whole = tomllib.loads(RECIPE.read_text())
    entries = [*whole["command"], *whole["files"]]
    assert len({entry["id"] for entry in entries}) == len(entries) > 50
    assert {entry["kind"] for entry in entries} >= {"log", "diff", "html", "trace", "table", "search", "test_output"}
    small = {
        **whole,
        "command": [c for c in whole["command"] if c["id"] in ("trace_python", "unittest_failing")],
        "files": [],
    }
    items = {item.id: item for item in record(small)}
    assert "RecursionError" in items["trace_python"].content or "AttributeError" in items["trace_python"].content
    assert "FAILED" in items["unittest_failing"].content
    assert probes_of(items["unittest_failing"]).critical
