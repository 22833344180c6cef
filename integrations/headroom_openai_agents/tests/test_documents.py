"""The README, the page and the example do what they say."""

import asyncio
import tomllib
from pathlib import Path

import pytest
from agents import OpenAIResponsesModel, set_tracing_disabled
from contracts.documents import blocks_in, run
from openai import AsyncOpenAI
from support.scripted_model import scripted_model

from headroom_openai_agents import example

PACKAGE = Path(__file__).parents[1]
PAGE = PACKAGE.parents[1] / "docs" / "integrations" / "openai-agents.md"


def test_the_example_runs_offline_and_saves():
    with scripted_model(2) as model:
        answer, stats = asyncio.run(example.main(model.url))
    assert answer == "All of it is in order."
    assert stats["tokens_saved"] > 1_000


def test_the_readme_runs(capsys):
    (code,) = blocks_in(PACKAGE / "README.md", "python")
    set_tracing_disabled(disabled=True)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        with scripted_model(2) as model:
            client = AsyncOpenAI(base_url=model.url, api_key="none")
            exec(code, {"model": OpenAIResponsesModel("gpt-4o", client), "look_up": example.look_up})
            loop.run_until_complete(client.close())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    assert capsys.readouterr().out.startswith("All of it is in order.")


@pytest.mark.parametrize("code", blocks_in(PAGE, "python"))
def test_the_page_runs(code):
    run(code)


def test_the_versions_that_the_readme_names_are_those_tested():
    rows = tomllib.loads((PACKAGE / "versions.toml").read_text())["environment"]
    tested = [one.partition("==")[2] for row in rows for one in row["requirements"] if one.startswith("openai-agents")]
    readme = (PACKAGE / "README.md").read_text()
    assert len(tested) >= 2
    assert all(version in readme for version in tested)
