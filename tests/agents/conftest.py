"""These tests download the agents, so they are run only where they are asked for: `make test-agents`."""

from pathlib import Path

import pytest
from agents.installing import installed

_HERE = Path(__file__).parent
_SAVED = pytest.StashKey[list[str]]()


def pytest_ignore_collect(config):
    asked = [Path(argument.partition("::")[0]).resolve() for argument in config.args]
    return None if any(path.is_relative_to(_HERE) for path in asked) else True


@pytest.fixture(scope="session")
def programs():
    return installed()


@pytest.fixture
def tell_saved(request):
    """Keep a line for the end: tokens of an agent's tool outputs, bytes of all its requests, both before and after."""

    def tell(name, *figures):
        line = f"{name:28}" + "".join(f"{figure:12,}" for figure in figures)
        request.config.stash.setdefault(_SAVED, []).append(line)

    return tell


def pytest_terminal_summary(terminalreporter, config):
    lines = config.stash.get(_SAVED, [])
    if lines:
        terminalreporter.write_line(f"{'':28}{'outputs/tok.':>12}{'sent':>12}{'requests/B':>12}{'sent':>12}")
    for line in lines:
        terminalreporter.write_line(line)
