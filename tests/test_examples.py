"""Every example runs offline, warns of nothing, and shows what it says: what arrives is less than what was sent."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import environment

FOLDER = Path(__file__).parents[1] / "examples"
SHOWN = {
    "any_asgi": r"sent (?P<before>\d+) bytes, the app received (?P<after>\d+)",
    "client_openai": r"tokens: (?P<before>\d+) -> (?P<after>\d+)",
    "fastapi_app": r"sent (?P<before>\d+) bytes, the app received (?P<after>\d+)",
    "httpx_transport": r"the client sent (?P<before>\d+) bytes, the provider received (?P<after>\d+)",
    "library": r"tokens: (?P<before>\d+) -> (?P<after>\d+), by router:\S+",
    "proxy_in_front": r"directly: (?P<before>\d+) bytes.*\nthrough the proxy: (?P<after>\d+) bytes",
    "retrieval": r"the first request had (?P<after>\d+) bytes, the log alone has (?P<before>\d+)",
}


@pytest.mark.parametrize("name", SHOWN)
def test_an_example_shows_that_less_is_sent(name, tmp_path):
    shown = run(name, tmp_path)
    found = re.search(SHOWN[name], shown)
    assert found, shown
    assert 0 < int(found["after"]) < int(found["before"]) / 1.5


def test_the_example_of_retrieval_quotes_the_line_that_was_left_out(tmp_path):
    shown = run("retrieval", tmp_path)
    assert "requests: 1 + 1, originals given: 1" in shown
    quoted, line = re.search(r"It reads: (.*)\nline 1234 is: +(.*)", shown).groups()
    assert quoted == line


def test_every_example_is_tried_and_is_short():
    files = sorted(FOLDER.glob("*.py"))
    assert [file.stem for file in files] == sorted(SHOWN)
    assert all(len(file.read_text(encoding="utf-8").splitlines()) <= 40 for file in files)


def run(name, folder):
    command = [sys.executable, "-W", "error", str(FOLDER / f"{name}.py")]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=folder, env=environment(PYTHONIOENCODING="utf-8"), check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
