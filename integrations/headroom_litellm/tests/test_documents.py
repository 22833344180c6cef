"""The example runs, and so does what README and page show."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from contracts.adapters import OUTPUTS
from contracts.documents import blocks_in, run
from headroom_litellm import callback, uninstall_litellm
from support.scripted_model import scripted_model

FOLDER = Path(__file__).parents[1]
README = FOLDER / "README.md"
PAGE = FOLDER.parents[1] / "docs" / "integrations" / "litellm.md"


def test_the_example_runs_and_saves() -> None:
    with scripted_model(2) as model:
        command = [sys.executable, str(FOLDER / "example.py"), model.url]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    said, saved = done.stdout.splitlines()
    assert said == model.answer
    assert re.fullmatch(r"\d{4,} of \d+ tokens saved in 3 requests", saved)
    assert len((FOLDER / "example.py").read_text(encoding="utf-8").splitlines()) <= 40


def test_the_code_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = blocks_in(README, "python")
    asked = {"role": "assistant", "tool_calls": [{"id": "c0", "function": {"name": "look_up", "arguments": "{}"}}]}
    messages = [{"role": "user", "content": "q"}, asked, {"role": "tool", "tool_call_id": "c0", "content": OUTPUTS[0]}]
    with scripted_model(0) as model:
        try:
            exec(compile(code, "README.md", "exec"), {"messages": messages, "api_base": model.url})
        finally:
            uninstall_litellm()
    assert int(capsys.readouterr().out) > 100


@pytest.mark.parametrize("code", blocks_in(PAGE, "python"))
def test_the_code_of_the_page_runs(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    with scripted_model(0) as model:
        monkeypatch.setenv("OPENAI_BASE_URL", model.url)
        try:
            run(code)
        finally:
            uninstall_litellm()


def test_the_configuration_of_the_readme_names_the_callback() -> None:
    text, page = blocks_in(README, "yaml")[0], blocks_in(PAGE, "yaml")[0]
    assert text == page
    head, module, name = re.fullmatch(r"(.*) (\w+)\.(\w+)\n", text, re.DOTALL).groups()  # type: ignore[union-attr]
    assert head == "litellm_settings:\n  callbacks:"
    assert getattr(sys.modules[module], name) is callback


def test_what_to_install_is_an_extra_of_ours() -> None:
    (text,) = blocks_in(README, "sh")
    assert text == "pip install 'headroom[litellm]'\n"
    assert "\nlitellm = [" in (FOLDER.parents[1] / "pyproject.toml").read_text(encoding="utf-8")
