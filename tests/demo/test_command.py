"""`headroom demo` itself, as somebody runs it."""

import json
import signal
import subprocess
import sys

import pytest

from headroom.cli import demo
from headroom.demo.findings import Claim, Kind
from headroom.demo.link import Link
from headroom.demo.proxy_process import ProxyDownError

COMMAND = [sys.executable, "-m", "headroom.cli", "demo"]


def run_demo(*options: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_demo_passes_and_prints_its_checks():
    done = run_demo()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All checks passed" in done.stdout
    for claim in Claim:
        assert claim.value in done.stdout
    for kind in Kind:
        assert f"{kind.value}: " in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


def test_served_it_stays_until_it_is_ended_and_reports_as_json():
    command = [*COMMAND, "--json", "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Ctrl-C"):
                break
        page = "".join(lines)
        proxy = page.partition("proxy     ")[2].split()[0]
        with Link(proxy) as link:
            assert link.ask("GET", "/v1/models", {}).status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    document, _ = json.JSONDecoder().raw_decode(page)
    assert document["passed"]
    assert document["tokens_after"] < document["tokens_before"]


def test_an_unknown_option_is_a_usage_error():
    done = run_demo("--nonsense")
    assert done.returncode == 2


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [(KeyboardInterrupt(), 130, ""), (ProxyDownError("no such option"), 1, "headroom demo: no such option\n")],
    ids=["interrupted", "no proxy"],
)
def test_what_ends_it_early_is_told_in_a_line(monkeypatch, capsys, error, status, told):
    def broken(_tell):
        raise error

    monkeypatch.setattr(demo, "scene", broken)
    monkeypatch.setattr(demo.signal, "signal", lambda *_: None)
    assert demo.run([], "headroom demo") == status
    assert capsys.readouterr().err == told
