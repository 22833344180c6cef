"""What the package shows and says: its names, its documents, its example."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from contracts.documents import blocks_in, run

import headroom_langchain
from headroom_langchain.tests.chat_server import chat_server

PACKAGE = Path(headroom_langchain.__file__).parent
DOCUMENTS = [PACKAGE / "README.md", PACKAGE.parents[1] / "docs" / "integrations" / "langchain.md"]
BLOCKS = [pytest.param(code, id=f"{d.name}-{n}") for d in DOCUMENTS for n, code in enumerate(blocks_in(d, "python"))]


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with chat_server() as (url, _):
        monkeypatch.setenv("OPENAI_API_BASE", url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        yield


@pytest.mark.parametrize("code", BLOCKS)
def test_examples_of_documents_run(code: str, provider: None) -> None:
    run(code)


def test_the_example_runs_offline() -> None:
    example = [sys.executable, str(PACKAGE / "example.py")]
    lines = subprocess.run(example, capture_output=True, text=True, check=True).stdout.splitlines()
    assert lines[:2] == ["answer: Order 41 failed.", "the state keeps the whole: True"]
    before, after = (int(part.rsplit(": ", 1)[1]) for part in lines[2].split(", "))
    assert after < before / 2


def test_every_name_that_is_listed_is_there() -> None:
    assert all(getattr(headroom_langchain, name) is not None for name in headroom_langchain.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = headroom_langchain.no_such_name


def test_models_need_no_agents() -> None:
    code = "import sys, headroom_langchain; print({'langchain', 'langgraph'} & sys.modules.keys())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


@pytest.mark.parametrize(
    ("missing", "wanted"), [("langchain_core", "HeadroomChatModel"), ("langchain", "HeadroomMiddleware")]
)
def test_without_the_framework_it_says_what_to_install(missing: str, wanted: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None\nfrom headroom_langchain import {wanted}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    error = done.stderr.splitlines()[-1]
    assert error == "ImportError: headroom_langchain needs LangChain: pip install 'headroom[langchain]'"
