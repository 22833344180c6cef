"""The examples of the page on ASGI apps run, each where its framework is installed."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from contracts.documents import blocks_in, run
from hosts.hosts_running import HOSTS, SERVERS

PAGE = Path(__file__).parents[2] / "docs" / "integrations" / "asgi.md"
ENVIRONMENTS = Path(__file__).parents[1] / "environments.toml"
BLOCKS = blocks_in(PAGE, "python")


@pytest.mark.parametrize("code", BLOCKS, ids=[code.split()[1] for code in BLOCKS])
def test_a_block_of_the_page_runs(code, monkeypatch):
    framework = re.match(r"from (\w+)", code)[1]
    if not find_spec(framework):
        pytest.skip(f"{framework} is not installed here")
    if framework == "django":
        from django.conf import settings

        if not settings.configured:
            settings.configure(SECRET_KEY="of tests")
    run(code)


def test_the_versions_on_the_page_are_those_of_the_environment():
    page, rows = PAGE.read_text(encoding="utf-8").lower(), ENVIRONMENTS.read_text(encoding="utf-8").lower()
    for name in (*HOSTS, *SERVERS):
        [version] = re.findall(rf'"{name}==([\d.]+)"', rows)
        assert f"{name} {version}" in page
