"""Real LiteLLM proxies, as processes, before an offline provider that keeps what it was sent."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

MASTER_KEY = "sk-of-the-tests-0123456789abcdef0123456789abcdef"
_START_SECONDS = 120.0

_VECTOR = {"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}
_USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
_CHOICE = {"index": 0, "text": "Done.", "finish_reason": "stop", "logprobs": None}
_FLAGS = {"flagged": False, "categories": {"hate": False}, "category_scores": {"hate": 0.0}}
_OTHER_ROUTES: dict[str, dict[str, Any]] = {
    "/v1/embeddings": {"object": "list", "data": [_VECTOR], "model": "m", "usage": _USAGE},
    "/v1/completions": {"id": "c", "object": "text_completion", "created": 1, "model": "m", "choices": [_CHOICE], "usage": _USAGE},
    "/v1/moderations": {"id": "m", "model": "m", "results": [_FLAGS]},
    "/v2/rerank": {"id": "r", "results": [{"index": 0, "relevance_score": 0.5}], "meta": {}},
    "/v1/images/generations": {"created": 1, "data": [{"b64_json": "AAAA"}]},
    "/v1/audio/speech": {},
}
"""What the offline provider does not serve, and the answers."""


@dataclass
class Gateway:
    """One LiteLLM proxy."""

    url: str
    provider: Any

    def ask(self, path: str, body: dict[str, Any], **headers: str) -> tuple[bytes, list[Any]]:
        """Send a request; return the answer, and the bodies that the provider was sent for it."""
        before = self.provider.seen
        given = {"content-type": "application/json", "authorization": f"Bearer {MASTER_KEY}"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), given)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                found = answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.code} {error.read()[:2000]!r}") from error
        return found, [json.loads(one.body) for one in self.provider.since(before)]


def _models(provider: str) -> list[dict[str, Any]]:
    served = {
        "gpt": ("openai/gpt-4o", "/v1"),
        "claude": ("anthropic/claude-sonnet-4-5", ""),
        "gemini": ("gemini/gemini-2.5-pro", "/v1beta"),
        "vectors": ("openai/text-embedding-3-small", "/v1"),
        "text": ("text-completion-openai/gpt-3.5-turbo-instruct", "/v1"),
        "moderator": ("openai/omni-moderation-latest", "/v1"),
        "rerank": ("cohere/rerank-v3.5", "/v2/rerank"),
        "image": ("openai/gpt-image-1", "/v1"),
        "voice": ("openai/tts-1", "/v1"),
    }
    return [
        {"model_name": name, "litellm_params": {"model": model, "api_base": provider + path, "api_key": "sk-none"}}
        for name, (model, path) in served.items()
    ]


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def litellm_proxy(folder: Path, provider: Any, provider_url: str, **settings: Any) -> Iterator[Gateway]:
    """Run the proxy of LiteLLM; `settings` are sections of its configuration."""
    folder.mkdir()
    config = {"model_list": _models(provider_url), "general_settings": {"master_key": MASTER_KEY}, **settings}
    (folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    port, command = _free_port(), [str(Path(sys.executable).with_name("litellm")), "--config", "config.yaml"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEADROOM_")}
    environment = {**kept, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "NO_PROXY": "127.0.0.1"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)], cwd=folder, env=environment, stdout=log, stderr=log
        )
        try:
            _await(f"http://127.0.0.1:{port}/health/liveliness", process, folder / "log")
            yield Gateway(f"http://127.0.0.1:{port}", provider)
        finally:
            process.terminate()
            process.wait(30)


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(log.read_text(encoding="utf-8")[-4000:])
