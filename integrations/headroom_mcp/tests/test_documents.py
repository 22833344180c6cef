"""The README, the page and the example do what they say."""

import asyncio
import json
import tomllib
from pathlib import Path

import pytest
from contracts.documents import blocks_in, run

from headroom.cli import main
from headroom.proxy.config import ProxyConfig
from headroom_mcp import example
from headroom_mcp.tests.test_contract import HAS_SEAM

PACKAGE = Path(__file__).parents[1]
README = PACKAGE / "README.md"
PAGE = PACKAGE.parents[1] / "docs" / "integrations" / "mcp.md"


def test_the_example_runs_offline_and_saves():
    patient = ProxyConfig(block_seconds=60, request_seconds=120)
    short, original = asyncio.run(example.main(patient))
    assert original == example.read_log(3)
    assert len(short) < len(original) / 5


@pytest.mark.parametrize("code", [*blocks_in(README, "python"), *blocks_in(PAGE, "python")])
def test_the_examples_of_the_documents_run(code):
    if "mcpserver" in code and not HAS_SEAM:
        pytest.skip("release 1 of the SDK has no middleware")
    run(code)


def test_the_configuration_of_a_client_names_the_command():
    (block,) = blocks_in(PAGE, "json")
    server = json.loads(block)["mcpServers"]["headroom"]
    assert [server["command"], *server["args"][:2]] == ["headroom", "mcp", "--store"]


def test_the_options_that_the_documents_name_are_there(capsys):
    assert main(["mcp", "--help"]) == 0
    shown = capsys.readouterr().out
    commands = [*blocks_in(README, "sh"), *blocks_in(PAGE, "sh")]
    words = [word for one in commands for line in one.splitlines() if "headroom mcp" in line for word in line.split()]
    for option in {word for word in words if word.startswith("--")} | {"--config", "--tenant"}:
        assert option in shown


def test_the_versions_that_the_documents_name_are_those_tested():
    rows = tomllib.loads((PACKAGE / "versions.toml").read_text())["environment"]
    pinned = [one for row in rows for one in row["requirements"] if one.startswith(("mcp==", "fastmcp=="))]
    assert len(pinned) == 2 * len(rows) >= 4
    for document in (README, PAGE):
        for one in pinned:
            assert one.partition("==")[2] in document.read_text()
