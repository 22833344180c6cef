"""The README, the page and the example do what they say."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from agno.models.openai import OpenAIChat
from contracts.documents import blocks_in, run
from support.scripted_model import scripted_model

from headroom_agno import example

PACKAGE = Path(__file__).parents[1]
PAGE = PACKAGE.parents[1] / "docs" / "integrations" / "agno.md"


def test_the_example_runs_offline_and_saves():
    with scripted_model(2) as model:
        answer, is_kept_whole, stats = example.main(model.url)
    assert (answer, is_kept_whole) == ("All of it is in order.", True)
    assert stats["tokens_saved"] > 1_000


def test_the_readme_runs(capsys):
    (code,) = blocks_in(PACKAGE / "README.md", "python")
    with scripted_model(2) as served:
        model = OpenAIChat(id="gpt-4o", base_url=served.url, api_key="none")
        exec(code, {"model": model, "look_up": example.look_up})
        model.get_client().close()
    answer, _, saved = capsys.readouterr().out.strip().rpartition(" ")
    assert answer.endswith("All of it is in order.")
    assert int(saved) > 1_000


@pytest.mark.parametrize("code", blocks_in(PAGE, "python"))
def test_the_page_runs(code):
    run(code)


def test_the_versions_that_the_documents_name_are_those_tested():
    rows = tomllib.loads((PACKAGE / "versions.toml").read_text())["environment"]
    tested = [one.partition("==")[2] for row in rows for one in row["requirements"] if one.startswith("agno==")]
    assert len(tested) == 2
    for document in (PACKAGE / "README.md", PAGE):
        assert all(version in document.read_text() for version in tested)


def test_without_the_framework_the_package_says_what_to_install():
    code = "import sys; sys.modules['agno'] = None; import headroom_agno"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip().endswith("pip install 'headroom[agno]'")
