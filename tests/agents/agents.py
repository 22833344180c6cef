"""How each coding agent is pointed at an address and given a task, in a home of its own."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

KEY = "sk-key-that-opens-nothing"


@dataclass(frozen=True)
class Launch:
    """A package from npm, the arguments of its program, and what that finds in its environment."""

    package: str
    arguments: tuple[str, ...]
    environment: dict[str, str]


@dataclass(frozen=True)
class Agent:
    """`launch` writes the settings into a home and says how to start; `answer` finds the last words in the output.

    `resumed` makes the arguments that go on with the last conversation of those that begin one.
    `retrieves`: its requests have tools where the retrieval tool can be one of them. `resends`: each of its requests
    says all that was said before. `meets_sockets`: its provider speaks WebSocket. `most_chars`: of longer outputs it
    sends a few lines only.
    """

    name: str
    launch: Callable[[Path, str, str], Launch]
    answer: Callable[[str], str]
    resumed: Callable[[tuple[str, ...]], tuple[str, ...]] | None = None
    retrieves: bool = True
    resends: bool = True
    meets_sockets: bool = True
    most_chars: int = 30_000


def _claude(home: Path, url: str, task: str) -> Launch:
    quiet = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}
    arguments = ("-p", task, "--allowedTools", "Bash", "--output-format", "json")
    return Launch(
        "@anthropic-ai/claude-code", arguments, {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": KEY, **quiet}
    )


def _codex(home: Path, url: str, task: str, *, settings: str) -> Launch:
    _write(home / ".codex" / "config.toml", settings.format(url=url))
    arguments = ("exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "--json", task)
    return Launch("@openai/codex", arguments, {"OPENAI_API_KEY": KEY, "CODEX_API_KEY": KEY})


# The built-in provider speaks WebSocket, one of one's own HTTP.
_WEBSOCKET = 'openai_base_url = "{url}/v1"\n'
_HTTP = """model_provider = "proxy"
[model_providers.proxy]
name = "Proxy"
base_url = "{url}/v1"
env_key = "OPENAI_API_KEY"
wire_api = "responses"
"""
# Newer models get their tools in an item of the input and call them from JavaScript, older ones get functions.
_FUNCTIONS = 'model = "gpt-5-codex"\n'


def _codex_of_chatgpt(home: Path, url: str, task: str) -> Launch:
    """Start a Codex whose user has signed in: it packs its requests. Newer ones ask first where to send them."""
    launch = _codex(home, url, task, settings=_SIGNED_IN)
    claims = {"exp": int(time.time()) + 86_400, "https://api.openai.com/auth": {"chatgpt_account_id": "account"}}
    token = ".".join(_encoded(part) for part in ({"alg": "none"}, claims, "signature"))
    tokens = {"id_token": token, "access_token": token, "refresh_token": "none", "account_id": "account"}
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    _write(home / ".codex" / "auth.json", json.dumps({"tokens": tokens, "last_refresh": now}))
    return Launch("codex-older", launch.arguments, {})


_SIGNED_IN = """openai_base_url = "{url}/backend-api/codex"
chatgpt_base_url = "{url}/backend-api/"
[features]
enable_request_compression = true
"""


def _encoded(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def _copilot(home: Path, url: str, task: str, *, kind: str, base: str, model: str) -> Launch:
    provider = {"BASE_URL": url + base, "TYPE": kind, "API_KEY": KEY}
    environment = {f"COPILOT_PROVIDER_{name}": value for name, value in provider.items()}
    arguments = ("-p", task, "--allow-all-tools", "--silent", "--disable-client-telemetry")
    return Launch("@github/copilot", arguments, {"COPILOT_MODEL": model, "COPILOT_OFFLINE": "true", **environment})


def _opencode(home: Path, url: str, task: str, *, sdk: str, model: str) -> Launch:
    provider = {
        "npm": sdk,
        "options": {"baseURL": f"{url}/v1", "apiKey": KEY},
        "models": {model: {"limit": {"context": 200_000, "output": 8_000}}},
    }
    settings = {"model": f"proxy/{model}", "provider": {"proxy": provider}, "autoupdate": False, "share": "disabled"}
    path = home / "opencode.json"
    _write(path, json.dumps(settings))
    quiet = {"OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_DISABLE_AUTOUPDATE": "1"}
    return Launch("opencode-ai", ("run", "--format", "json", task), {"OPENCODE_CONFIG": str(path), **quiet})


def _gemini(home: Path, url: str, task: str) -> Launch:
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "general": {"enableAutoUpdate": False},
        "privacy": {"usageStatisticsEnabled": False},
    }
    _write(home / ".gemini" / "settings.json", json.dumps(settings))
    environment = {"GOOGLE_GEMINI_BASE_URL": url, "GEMINI_API_KEY": KEY, "GEMINI_CLI_TRUST_WORKSPACE": "true"}
    arguments = ("--yolo", "--model", "gemini-3-pro-preview", "--output-format", "json", "-p", task)
    return Launch("@google/gemini-cli", arguments, environment)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _said_by_claude(output: str) -> str:
    return str(json.loads(output)["result"])


def _said_by_codex(output: str) -> str:
    items = [event.get("item", {}) for event in _events(output)]
    return str([item["text"] for item in items if item.get("type") == "agent_message"][-1])


def _said_by_copilot(output: str) -> str:
    return output.strip().splitlines()[-1]


def _said_by_opencode(output: str) -> str:
    return str([event["part"]["text"] for event in _events(output) if event["type"] == "text"][-1])


def _said_by_gemini(output: str) -> str:
    return str(json.loads(output)["response"])


def _events(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def _continued(arguments: tuple[str, ...]) -> tuple[str, ...]:
    return *arguments, "--continue"


def _codex_resumed(arguments: tuple[str, ...]) -> tuple[str, ...]:
    command, *options = arguments
    return command, "resume", "--last", *options


def _gemini_resumed(arguments: tuple[str, ...]) -> tuple[str, ...]:
    return *arguments, "--resume", "latest"


def _codex_row(name: str, settings: str, **also: bool) -> Agent:
    return Agent(name, partial(_codex, settings=settings), _said_by_codex, _codex_resumed, **also)


def _copilot_row(name: str, kind: str, base: str, model: str) -> Agent:
    launch = partial(_copilot, kind=kind, base=base, model=model)
    return Agent(name, launch, _said_by_copilot, _continued, most_chars=18_000)


def _opencode_row(name: str, sdk: str, model: str) -> Agent:
    return Agent(name, partial(_opencode, sdk=sdk, model=model), _said_by_opencode, _continued)


AGENTS = (
    Agent("claude", _claude, _said_by_claude, _continued),
    _codex_row("codex", _HTTP, retrieves=False),
    _codex_row("codex-functions", _FUNCTIONS + _HTTP),
    _codex_row("codex-websocket", _WEBSOCKET, retrieves=False, resends=False),
    _codex_row("codex-websocket-functions", _FUNCTIONS + _WEBSOCKET, resends=False),
    _codex_row("codex-websocket-refused", _WEBSOCKET, retrieves=False, meets_sockets=False),
    Agent("codex-chatgpt", _codex_of_chatgpt, _said_by_codex, meets_sockets=False),
    _copilot_row("copilot-chat", "openai", "/v1", "gpt-5"),
    _copilot_row("copilot-messages", "anthropic", "", "claude-sonnet-4-5"),
    Agent("gemini", _gemini, _said_by_gemini, _gemini_resumed),
    _opencode_row("opencode-chat", "@ai-sdk/openai-compatible", "gpt-5"),
    _opencode_row("opencode-messages", "@ai-sdk/anthropic", "claude-sonnet-4-5"),
    _opencode_row("opencode-responses", "@ai-sdk/openai", "gpt-5"),
)
