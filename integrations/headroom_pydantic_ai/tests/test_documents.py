"""The README, the page and the example do what they say."""

import tomllib
from pathlib import Path

import pytest
from contracts.documents import blocks_in, run
from pydantic_ai.models.function import FunctionModel

from headroom_pydantic_ai import example
from headroom_pydantic_ai.tests.pydantic_running import own_loop

PACKAGE = Path(__file__).parents[1]
PAGE = PACKAGE.parents[1] / "docs" / "integrations" / "pydantic-ai.md"


def test_the_example_runs_offline_and_saves(capsys):
    with own_loop():
        example.main()
    answer, kept, tokens = capsys.readouterr().out.splitlines()
    characters = int(answer.removesuffix(" characters.").rpartition(" ")[2])
    assert characters < len(example.look_up(0)) * 2 / 3
    assert kept.endswith("True")
    assert tokens.startswith("tokens of tool output before: ")


def test_the_readme_runs(capsys):
    (code,) = blocks_in(PACKAGE / "README.md", "python")
    with own_loop():
        exec(code, {"model": FunctionModel(example.model), "look_up": example.look_up})
    answer, _, saved = capsys.readouterr().out.rpartition(" ")
    assert answer.startswith("All were packed")
    assert int(saved) > 500


@pytest.mark.parametrize("code", blocks_in(PAGE, "python"))
def test_the_page_runs(code):
    with own_loop():
        run(code)


def test_the_versions_that_the_readme_names_are_those_tested():
    rows = tomllib.loads((PACKAGE / "versions.toml").read_text())["environment"]
    tested = [one.partition("==")[2] for row in rows for one in row["requirements"] if one.startswith("pydantic-ai")]
    readme = (PACKAGE / "README.md").read_text()
    assert len(tested) >= 2
    assert all(version in readme for version in tested)
