"""The example runs, and so does every block of the README."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from contracts.adapters import OUTPUTS
from headroom_litellm import callback, uninstall_litellm
from support.scripted_model import scripted_model

FOLDER = Path(__file__).parents[1]
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", (FOLDER / "README.md").read_text(encoding="utf-8"), re.DOTALL)


def test_the_example_runs_and_saves() -> None:
    with scripted_model(2) as model:
        command = [sys.executable, str(FOLDER / "example.py"), model.url]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    said, saved = done.stdout.splitlines()
    assert said == model.answer
    assert re.fullmatch(r"\d{4,} of \d+ tokens saved in 3 requests", saved)
    assert len((FOLDER / "example.py").read_text(encoding="utf-8").splitlines()) <= 40


def test_the_code_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = (text for kind, text in BLOCKS if kind == "python")
    asked = {"role": "assistant", "tool_calls": [{"id": "c0", "function": {"name": "look_up", "arguments": "{}"}}]}
    messages = [{"role": "user", "content": "q"}, asked, {"role": "tool", "tool_call_id": "c0", "content": OUTPUTS[0]}]
    with scripted_model(0) as model:
        try:
            exec(compile(code, "README.md", "exec"), {"messages": messages, "api_base": model.url})
        finally:
            uninstall_litellm()
    assert int(capsys.readouterr().out) > 100


def test_the_configuration_of_the_readme_names_the_callback() -> None:
    (text,) = (text for kind, text in BLOCKS if kind == "yaml")
    head, module, name = re.fullmatch(r"(.*) (\w+)\.(\w+)\n", text, re.DOTALL).groups()  # type: ignore[union-attr]
    assert head == "litellm_settings:\n  callbacks:"
    assert getattr(sys.modules[module], name) is callback


def test_what_to_install_is_an_extra_of_ours() -> None:
    (text,) = (text for kind, text in BLOCKS if kind == "sh")
    assert text == "pip install 'headroom[litellm]'\n"
    assert "\nlitellm = [" in (FOLDER.parents[1] / "pyproject.toml").read_text(encoding="utf-8")
