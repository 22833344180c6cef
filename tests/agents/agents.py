"""How each coding agent is pointed at an address and given a task, in a home of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

KEY = "sk-key-that-opens-nothing"


@dataclass(frozen=True)
class Launch:
    """A program from npm with its arguments, and what it finds in its environment."""

    program: str
    arguments: tuple[str, ...]
    environment: dict[str, str]


@dataclass(frozen=True)
class Agent:
    """`launch` writes the settings into a home and says how to start; `answer` finds the last words in the output.

    `retrieves`: its requests have tools where the retrieval tool can be one of them. `resends`: each of its requests
    says all that was said before.
    """

    name: str
    wire: str
    launch: Callable[[Path, str, str], Launch]
    answer: Callable[[str], str]
    retrieves: bool = True
    resends: bool = True


def _claude(home: Path, url: str, task: str) -> Launch:
    quiet = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}
    arguments = ("-p", task, "--allowedTools", "Bash", "--output-format", "json")
    return Launch("claude", arguments, {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": KEY, **quiet})


def _codex(home: Path, url: str, task: str, *, settings: str) -> Launch:
    _write(home / ".codex" / "config.toml", settings.format(url=url))
    arguments = ("exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "--json", task)
    return Launch("codex", arguments, {"OPENAI_API_KEY": KEY, "CODEX_API_KEY": KEY})


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
    return Launch("opencode", ("run", "--format", "json", task), {"OPENCODE_CONFIG": str(path), **quiet})


def _gemini(home: Path, url: str, task: str) -> Launch:
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "general": {"enableAutoUpdate": False},
        "privacy": {"usageStatisticsEnabled": False},
    }
    _write(home / ".gemini" / "settings.json", json.dumps(settings))
    environment = {"GOOGLE_GEMINI_BASE_URL": url, "GEMINI_API_KEY": KEY, "GEMINI_CLI_TRUST_WORKSPACE": "true"}
    arguments = ("--yolo", "--model", "gemini-3-pro-preview", "--output-format", "json", "-p", task)
    return Launch("gemini", arguments, environment)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _said_by_claude(output: str) -> str:
    return str(json.loads(output)["result"])


def _said_by_codex(output: str) -> str:
    items = [event.get("item", {}) for event in _events(output)]
    return str([item["text"] for item in items if item.get("type") == "agent_message"][-1])


def _said_by_opencode(output: str) -> str:
    return str([event["part"]["text"] for event in _events(output) if event["type"] == "text"][-1])


def _said_by_gemini(output: str) -> str:
    return str(json.loads(output)["response"])


def _events(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def _codex_row(name: str, settings: str, **also: bool) -> Agent:
    return Agent(name, "openai-responses", partial(_codex, settings=settings), _said_by_codex, **also)


def _opencode_row(name: str, wire: str, sdk: str, model: str) -> Agent:
    return Agent(name, wire, partial(_opencode, sdk=sdk, model=model), _said_by_opencode)


AGENTS = (
    Agent("claude", "anthropic", _claude, _said_by_claude),
    _codex_row("codex", _HTTP, retrieves=False),
    _codex_row("codex-functions", _FUNCTIONS + _HTTP),
    _codex_row("codex-websocket", _WEBSOCKET, retrieves=False, resends=False),
    _codex_row("codex-websocket-functions", _FUNCTIONS + _WEBSOCKET, resends=False),
    Agent("gemini", "gemini", _gemini, _said_by_gemini),
    _opencode_row("opencode-chat", "openai-chat", "@ai-sdk/openai-compatible", "gpt-5"),
    _opencode_row("opencode-messages", "anthropic", "@ai-sdk/anthropic", "claude-sonnet-4-5"),
    _opencode_row("opencode-responses", "openai-responses", "@ai-sdk/openai", "gpt-5"),
)
