"""`headroom doctor`: what is in place and what is not, with and without a proxy; `headroom stats` beside it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import ask, environment, provider, proxy

from headroom import __version__, compress
from headroom.blocks import Reason
from headroom.cli.checks import FAILURE, NOTE, OK, extra_of, name_clash
from headroom.cli.doctor import _WORDS, MODEL, conversation
from headroom.cli.stats import printable

NOWHERE = "http://127.0.0.1:9"
BODY = json.dumps({"model": "gpt-\x1b[31mred", "messages": conversation()}).encode()


def headroom(*arguments: str, **also: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "headroom.cli", *arguments]
    return subprocess.run(command, capture_output=True, check=False, text=True, env=environment(COLUMNS="200", **also))


def examined(*arguments: str, **also: str) -> tuple[int, dict[str, dict[str, str]], list[dict[str, str]]]:
    """Return exit status, checks by name and blocks."""
    done = headroom("doctor", "--json", *arguments, **also)
    view = json.loads(done.stdout)
    return done.returncode, {one["name"]: one for one in view["checks"]}, view["blocks"]


def test_a_sound_installation_is_told_without_a_proxy(tmp_path: Path) -> None:
    status, checks, blocks = examined(HEADROOM_WORKSPACE_DIR=str(tmp_path / "new"))
    assert status == 0
    assert {one["status"] for one in checks.values()} <= {OK, NOTE}
    assert checks["workspace"]["status"] == checks["store"]["status"] == checks["conversation"]["status"] == OK
    assert [block["reason"] for block in blocks] == ["system", "user", "compressed", "compressed", "too_short"]


def test_a_running_proxy_decides_as_the_library_does() -> None:
    with provider() as upstream, proxy(upstream, "--retrieval", "off") as (url, _):
        status, checks, blocks = examined("--url", url)
    assert (status, checks["proxy"]["status"]) == (0, OK)
    assert __version__ in checks["proxy"]["found"]
    own = compress(conversation(), MODEL).decisions
    assert [(b["reason"], b["tokens_after"]) for b in blocks] == [(d.reason, d.tokens_after) for d in own]


def test_a_proxy_that_was_named_must_answer() -> None:
    status, checks, blocks = examined("--url", NOWHERE)
    assert (status, checks["proxy"]["status"]) == (1, FAILURE)
    assert NOWHERE in checks["proxy"]["found"]
    assert len(blocks) == 5


def test_a_proxy_that_asks_for_a_token_is_shown_the_one_of_the_environment() -> None:
    with provider() as upstream, proxy(upstream, "--token", "sesame") as (url, _):
        refused, checks, _ = examined("--url", url)
        admitted, _, _ = examined("--url", url, HEADROOM_TOKEN="sesame")
        assert (refused, admitted) == (1, 0)
        assert "401" in checks["proxy"]["found"]
        assert headroom("stats", "--url", url).returncode == 1
        assert headroom("stats", "--url", url, HEADROOM_TOKEN="sesame").returncode == 0


def test_a_proxy_that_does_nothing_by_order_is_no_failure() -> None:
    with provider() as upstream, proxy(upstream, "--no-optimize") as (url, _):
        status, checks, blocks = examined("--url", url)
    assert (status, checks["conversation"]["status"]) == (0, NOTE)
    assert [block["reason"] for block in blocks][2:] == ["off", "off", "off"]


def test_a_key_that_others_may_read_is_a_failure(tmp_path: Path) -> None:
    key = tmp_path / "marker.key"
    key.write_bytes(bytes(32))
    key.chmod(0o644)
    tmp_path.chmod(0o700)
    status, checks, _ = examined(HEADROOM_WORKSPACE_DIR=str(tmp_path))
    assert (status, checks["workspace"]["status"]) == (1, FAILURE)
    assert "chmod 600" in checks["workspace"]["found"]


@pytest.mark.parametrize("store", ["redis://127.0.0.1:9/0", "nonsense:"])
def test_a_store_that_does_not_answer_is_a_failure(store: str) -> None:
    status, checks, _ = examined(HEADROOM_STORE=store)
    assert (status, checks["store"]["status"]) == (1, FAILURE)


def test_another_distribution_of_our_package_is_a_failure_that_says_what_to_do() -> None:
    check = name_clash(["headroom", "other-dist", "other-dist"])
    assert check.status == FAILURE
    assert "pip uninstall other-dist," in check.found
    assert name_clash(["headroom"]).status == name_clash([]).status == OK


def test_what_is_missing_of_an_extra_is_named_with_what_is_off() -> None:
    check = extra_of("code", "this is off", lambda name: name != "tree-sitter-go")
    assert check.status == NOTE
    assert check.found.startswith("without tree-sitter-go this is off: pip install 'headroom[code]'")
    assert extra_of("redis", "", lambda name: name != "tree-sitter-go").status == OK


def test_every_reason_has_words() -> None:
    assert _WORDS.keys() == set(Reason)


def test_the_report_has_a_line_for_every_check_and_block() -> None:
    done = headroom("doctor")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert any(line.startswith("ok") and "python" in line for line in lines)
    assert any(line.startswith("read_log") and "shortened: log_compressor" in line for line in lines)


def test_stats_show_what_a_proxy_has_counted() -> None:
    with provider() as upstream, proxy(upstream) as (url, _):
        for _ in range(3):
            assert ask(url, "POST", "/v1/chat/completions", BODY, authorization="Bearer k")[0] == 200
        view = json.loads(headroom("stats", "--json", "--url", url).stdout)
        shown = headroom("stats", "--url", url)
    assert view["requests"]["total"] == 3
    assert shown.returncode == 0
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert ["openai.chat", "3"] in lines
    assert any(line[:2] == ["compressed", "6"] for line in lines)
    assert "\x1b" not in shown.stdout


def test_names_from_clients_mean_nothing_to_the_terminal() -> None:
    assert printable("a\x1b[31mb\nc[bold]").plain == "a?[31mb?c[bold]"


def test_stats_say_so_if_nobody_answers_or_somebody_else_does() -> None:
    gone = headroom("stats", "--url", NOWHERE)
    assert (gone.returncode, "no proxy answers" in gone.stderr) == (1, True)
    with provider() as other:
        wrong = headroom("stats", "--url", other)
        assert (wrong.returncode, "answers with" in wrong.stderr) == (1, True)
