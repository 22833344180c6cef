"""Every option: flag, variable and key of the file say the same, and what they say changes what happens.

The rows are in `option_rows.py`. A field of `ProxyConfig` without a row fails here.
"""

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from cli.option_rows import HERE, IN_CODE, ROWS, Row
from cli.probes import chat, exchanged
from proxy.net import request
from pydantic import AliasChoices, SecretStr
from support.distributions import installed
from support.processes import proxy

from headroom.cli import proxy as proxy_command
from headroom.errors import ConfigError
from headroom.proxy import server
from headroom.proxy.config import ProxyConfig
from headroom.proxy.report import banner
from headroom.proxy.unix import unix_listener

FIELDS = ProxyConfig.model_fields


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[ProxyConfig]:
    """Configurations with which the proxy would have been run."""
    configs: list[ProxyConfig] = []

    def run(config: ProxyConfig) -> int:
        configs.append(config)
        return 0

    monkeypatch.setattr(server, "run", run)
    monkeypatch.setenv("HEADROOM_WORKSPACE_DIR", str(tmp_path / "workspace"))
    (tmp_path / "seven.toml").write_text("rpm = 7\n")
    return configs


def placed(row: Row, folder: Path) -> tuple[list[str], str, str]:
    """Return how a row is typed, set and written, in this folder."""
    here = str(folder)
    return (
        [one.replace(HERE, here) for one in row.arguments],
        row.variable.replace(HERE, here),
        row.toml.replace(HERE, here),
    )


def test_every_field_has_a_row() -> None:
    assert set(FIELDS) == set(ROWS) | set(IN_CODE)
    assert {name for name, field in FIELDS.items() if field.exclude} == set(IN_CODE)


@pytest.mark.parametrize("name", ROWS)
def test_flag_variable_and_key_of_the_file_say_the_same(
    name: str, started: list[ProxyConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments, variable, toml = placed(ROWS[name], tmp_path)
    monkeypatch.delenv("HEADROOM_WORKSPACE_DIR")
    assert proxy_command.run(arguments, "headroom proxy") == 0
    if toml:
        (tmp_path / "headroom.toml").write_text(f"{name} = {toml}\n")
        assert proxy_command.run(["--config", str(tmp_path / "headroom.toml")], "headroom proxy") == 0
    for alias in variables(name):
        with monkeypatch.context() as patch:
            patch.setenv(alias, variable)
            assert proxy_command.run([], "headroom proxy") == 0
    values = [getattr(config, name) for config in started]
    assert all(value == values[0] for value in values)
    assert values[0] != getattr(ProxyConfig(), name)


def variables(name: str) -> list[str]:
    """Return the variables that set a field: the one named after it, and those that it has besides."""
    alias = FIELDS[name].validation_alias
    named = alias.choices if isinstance(alias, AliasChoices) else [f"HEADROOM_{name.upper()}"]
    return [str(one) for one in named if str(one).isupper()]


@pytest.mark.parametrize("name", ROWS)
def test_an_option_changes_what_happens(
    name: str, started: list[ProxyConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, f"plugged_{name}", pipeline_count="Count", proxy_routes="install")
    monkeypatch.syspath_prepend(tmp_path)
    row = ROWS[name]
    arguments, _, _ = placed(row, tmp_path)
    assert proxy_command.run([], "headroom proxy") == proxy_command.run(arguments, "headroom proxy") == 0
    default, changed = started
    if row.before is not None:
        assert row.probe(default) == row.before
    assert row.probe(changed) == row.after
    assert row.before != row.after


@pytest.mark.parametrize("name", IN_CODE)
def test_an_option_that_is_an_object_changes_what_happens_and_is_no_flag(name: str) -> None:
    value, probe, before, after = IN_CODE[name]
    assert (probe(ProxyConfig()), probe(ProxyConfig(**{name: value}))) == (before, after)
    assert proxy_command.run([f"--{name}", "x"], "headroom proxy") == 2


@pytest.mark.parametrize("name", ROWS)
def test_health_shows_every_option_and_of_secrets_whether_they_are_set(
    name: str, started: list[ProxyConfig], tmp_path: Path
) -> None:
    arguments, _, _ = placed(ROWS[name], tmp_path)
    proxy_command.run(arguments, "headroom proxy")
    value = getattr(started[0], name)
    shown = started[0].model_dump(mode="json")
    assert shown[name] != ProxyConfig().model_dump(mode="json").get(name)
    if isinstance(value, SecretStr):
        assert shown[name] == "set"
        assert value.get_secret_value() not in json.dumps(shown)


def test_health_is_that_view() -> None:
    config = ProxyConfig(marker_key="very-secret", upstreams="a=http://a.test")
    (answer,), _ = exchanged(config, request("GET", "/health"))
    shown = json.loads(answer.body)["config"]
    assert set(shown) >= set(ROWS)
    assert shown["marker_key"] == "set"
    assert b"very-secret" not in answer.body


def test_the_help_shows_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert proxy_command.run(["--help"], "headroom proxy") == 0
    text = capsys.readouterr().out
    for row in ROWS.values():
        assert row.arguments[0] in text or row.arguments[0].replace("--no-", "--") in text


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(["--unknown"], "--unknown"), (["--rpn", "3"], "--rpm"), (["--port", "70000"], "port"), (["surplus"], "surplus")],
)
def test_an_unknown_or_wrong_option_is_named(
    arguments: list[str], named: str, started: list[ProxyConfig], capsys: pytest.CaptureFixture[str]
) -> None:
    assert proxy_command.run(arguments, "headroom proxy") == 2
    assert named in capsys.readouterr().err
    assert started == []


@pytest.mark.parametrize(
    ("name", "meant"), [("TOKNE", "TOKEN"), ("RPMS", "RPM"), ("OPENAI_API_URLS", "OPENAI_API_URL")]
)
def test_a_misspelt_variable_is_named_with_the_one_that_is_meant(
    name: str,
    meant: str,
    started: list[ProxyConfig],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(f"HEADROOM_{name}", "1")
    assert proxy_command.run([], "headroom proxy") == 2
    assert f"HEADROOM_{name} is no option; did you mean HEADROOM_{meant}?" in capsys.readouterr().err
    assert started == []


@pytest.mark.parametrize("name", ["SERVICE_HOST", "SERVICE_PORT", "PORT_8787_TCP_ADDR", "SDK", "OTEL_SERVICE_NAME"])
def test_variables_of_others_are_none_of_our_business(
    name: str, started: list[ProxyConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"HEADROOM_{name}", "1")
    assert proxy_command.run([], "headroom proxy") == 0


def test_retired_flags_are_told_of_in_one_line_and_change_nothing(
    started: list[ProxyConfig], capsys: pytest.CaptureFixture[str]
) -> None:
    retired = ["--llmlingua", "--llmlingua-device", "cuda", "--rpm", "3", "--llmlingua-rate=0.3", "--no-llmlingua"]
    assert proxy_command.run(retired, "headroom proxy") == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert "headroom[ml]" in line
    assert [config.model_dump() for config in started] == [ProxyConfig(rpm=3).model_dump()]


@pytest.mark.parametrize("told", ["1", "true"])
def test_who_does_not_want_to_be_tracked_is_heeded(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DO_NOT_TRACK", told)
    assert ProxyConfig(telemetry=True).telemetry is False


def test_the_start_says_what_is_off_and_which_extra_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    text = banner(ProxyConfig(interceptors=["astgrep"], log_file="requests.log", code_aware=False))
    for said in ("as it is (--no-code-aware)", "astgrep", "requests.log", "nothing is ever sent"):
        assert said in text
    assert "bodies of functions" in banner(ProxyConfig())
    monkeypatch.setattr("headroom.proxy.report.find_spec", lambda _: None)
    assert "the extra `code` is not installed (pip install 'headroom[code]')" in banner(ProxyConfig())


def test_unknown_plug_ins_are_named_by_the_process_and_nothing_is_started(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HEADROOM_WORKSPACE_DIR", str(tmp_path))
    assert proxy_command.run(["--port", "0", "--interceptor", "redact"], "headroom proxy") == 1
    assert "no interceptor 'redact'; known are: astgrep, redact_email" in capsys.readouterr().err


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_process_listens_on_a_unix_socket_and_takes_it_away_at_its_end(workers: str, tmp_path: Path) -> None:
    path, log = tmp_path / "proxy.sock", tmp_path / "log"
    options = ["--uds", str(path), "--workers", workers, "--log-file", str(log), "--telemetry"]
    options += ["--workspace-dir", str(tmp_path / "w"), "--retry-max-attempts", "0"]
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    with proxy("http://127.0.0.1:9", *options) as (base, process):
        assert base == f"unix:{path}"
        assert path.stat().st_mode & 0o077 == 0
        assert over(path, request("GET", "/stats"))["workers"] == int(workers)
        assert over(path, chat())["error"]["code"] == "upstream_unreachable"
        with pytest.raises(ConfigError, match="somebody listens there"):
            unix_listener(path, 5)
        process.terminate()
        assert process.wait(20) == 0
    assert not path.exists()
    (line,) = map(json.loads, log.read_text().splitlines())
    assert (line["status"], line["route"]) == (502, "openai.chat")
    assert json.loads((tmp_path / "w" / "telemetry.json").read_text())["requests"] == 1


def over(path: Path, raw: bytes) -> Any:
    """Return the JSON that is answered to a request over a Unix socket."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(20)
        client.connect(str(path))
        client.sendall(raw.replace(b"\r\nHost", b"\r\nConnection: close\r\nHost"))
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
    return json.loads(answer.partition(b"\r\n\r\n")[2])


def test_a_file_that_is_no_socket_is_not_taken_for_one(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("mine")
    with pytest.raises(ConfigError, match="no socket"):
        unix_listener(path, 5)
    assert path.read_text() == "mine"
