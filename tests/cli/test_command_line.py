"""The command line: options made from the fields, clear errors, a report that can be read and one for programs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from headroom import __version__
from headroom.cli import COMMANDS, main
from headroom.cli import compress as compress_command
from headroom.cli import proxy as proxy_command
from headroom.proxy import server
from headroom.proxy.config import ProxyConfig

TOOL_OUTPUT = "\n".join(f"2026-11-21T10:00:{n % 60:02d} INFO worker-{n % 4} finished job {n}" for n in range(300))
MESSAGES = [{"role": "user", "content": "hi"}, {"role": "tool", "tool_call_id": "c", "content": TOOL_OUTPUT}]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[ProxyConfig]:
    """Configurations with which the proxy would have been run."""
    configs: list[ProxyConfig] = []

    def run(config: ProxyConfig) -> int:
        configs.append(config)
        return 0

    monkeypatch.setattr(server, "run", run)
    return configs


def test_what_is_not_typed_comes_from_the_environment(
    started: list[ProxyConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADROOM_PORT", "4321")
    monkeypatch.setenv("OPENAI_TARGET_API_URL", "http://env.test/v1")
    proxy_command.run(["--host", "127.0.0.2"], "headroom proxy")
    assert (started[0].port, started[0].host, started[0].openai_api_url) == (4321, "127.0.0.2", "http://env.test")


def test_flags_win_over_the_environment_and_that_over_the_file(
    started: list[ProxyConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "headroom.toml"
    file.write_text(
        'port = 1\nrpm = 1\ntpm = 1\nopenai_api_url = "http://file.test"\nexcluded_tools = ["a", "b"]\n'
        'token = "file"\n[paths]\n"/file" = "auto"\n'
    )
    monkeypatch.setenv("HEADROOM_CONFIG", str(file))
    monkeypatch.setenv("HEADROOM_PORT", "2")
    monkeypatch.setenv("HEADROOM_RPM", "2")
    monkeypatch.setenv("OPENAI_TARGET_API_URL", "http://env.test/v1")
    monkeypatch.setenv("HEADROOM_PROXY_TOKEN", "env")
    assert proxy_command.run(["--port", "3", "--paths", "/typed=auto"], "headroom proxy") == 0
    (config,) = started
    assert (config.port, config.rpm, config.tpm) == (3, 2, 1)
    assert config.openai_api_url == "http://env.test"
    assert config.token == SecretStr("env")
    assert config.paths == {"/typed": "auto"}
    assert config.excluded_tools == ("a", "b")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("prot = 1", "'prot', which is no option; did you mean 'port'?"),
        ("max-body-bytes = 1", "did you mean 'max_body_bytes'?"),
        ('transforms = "x"', "'transforms', which is no option"),
        ("port = 70000", "setting 'port'"),
        ("port = ", "is no TOML"),
        ("port = '\xff'", "is no TOML"),
        (None, "cannot be read"),
    ],
)
def test_what_is_wrong_in_the_configuration_file_is_named(
    content: str | None, named: str, tmp_path: Path, started: list[ProxyConfig], capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "headroom.toml"
    if content is not None:
        file.write_bytes(content.encode("latin-1"))
    assert proxy_command.run(["--config", str(file)], "headroom proxy") == 2
    assert named in capsys.readouterr().err
    assert started == []


def test_lists_come_from_the_environment_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADROOM_EXCLUDED_TOOLS", "read_*, search")
    monkeypatch.setenv("HEADROOM_ALLOW_UPSTREAM", "https://a.test,https://b.test")
    monkeypatch.setenv("HEADROOM_PATHS", "/chat=auto,/x=y/*=anthropic")
    config = ProxyConfig()
    assert config.excluded_tools == ("read_*", "search")
    assert config.allow_upstream == ("https://a.test", "https://b.test")
    assert config.paths == {"/chat": "auto", "/x=y/*": "anthropic"}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--port", "many"], "--port"),
        (["--lossless-tier", "huge"], "--lossless-tier"),
        (["--openai-api-url", "ftp://x"], "openai_api_url"),
        (["--paths", "nonsense"], "PATH=WIRE"),
        (["--upstream", "nonsense"], "NAME=URL"),
        (["--upstream", "a=ftp://x"], "upstreams"),
        (["--upstream", "a=http://x;header=authorization:NO_SUCH_VARIABLE"], "NO_SUCH_VARIABLE"),
    ],
)
def test_a_wrong_option_is_named(
    arguments: list[str], named: str, started: list[ProxyConfig], capsys: pytest.CaptureFixture[str]
) -> None:
    assert proxy_command.run(arguments, "headroom proxy") == 2
    assert named in capsys.readouterr().err
    assert started == []


def test_help_lists_every_command_without_loading_one() -> None:
    code = "import sys; from headroom.cli import main; main(['--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(command.name in done.stdout for command in COMMANDS)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not {"click", "fastapi", "aiohttp", "uvicorn"} & loaded


def test_version_and_unknown_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert main(["nonsense"]) == 2
    captured = capsys.readouterr()
    assert captured.out.strip() == f"headroom {__version__}"
    assert "nonsense" in captured.err


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delitem(sys.modules, "headroom.cli.proxy")
    monkeypatch.delitem(sys.modules, "headroom.cli.running", raising=False)
    monkeypatch.setitem(sys.modules, "click", None)
    assert main(["proxy"]) == 3
    assert "headroom[proxy]" in capsys.readouterr().err


def test_compress_reports_each_block_and_the_sum(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "messages.json"
    file.write_text(json.dumps(MESSAGES))
    assert compress_command.run([str(file)], "headroom compress") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line.strip()] == ["block", "user", "tool", "all"]
    assert "%" in lines[-1]


def test_compress_as_json_holds_the_messages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "body.json"
    file.write_text(json.dumps({"model": "gpt-5", "messages": MESSAGES}))
    assert compress_command.run([str(file), "--json"], "headroom compress") == 0
    view = json.loads(capsys.readouterr().out)
    assert view["messages"]["messages"][0] == MESSAGES[0]
    assert view["tokens_saved"] == view["tokens_before"] - view["tokens_after"] > 0


@pytest.mark.parametrize(
    ("content", "named"), [(None, "cannot read"), (b"no json", "not JSON"), (b'"\xff"', "not JSON"), (b"5", "neither")]
)
def test_compress_says_what_is_wrong_with_a_file(
    content: bytes | None, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file.json"
    if content is not None:
        file.write_bytes(content)
    assert compress_command.run([str(file)], "headroom compress") == 2
    assert named in capsys.readouterr().err
