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
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# Hypothesis is imported before LiteLLM's threads run: one that formats a traceback meanwhile breaks the import.
hypothesis.settings.register_profile("litellm", max_examples=60, deadline=None)
hypothesis.settings.load_profile("litellm")

MASTER_KEY = "sk-of-the-tests-0123456789abcdef0123456789abcdef"
_START_SECONDS = 120.0

_VECTOR = {"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}
_USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
_TEXT = {"object": "text_completion", "choices": [{"index": 0, "text": "Done.", "finish_reason": "stop"}]}
_FLAGS = {"flagged": False, "categories": {"hate": False}, "category_scores": {"hate": 0.0}}
_OTHER_ROUTES: dict[str, dict[str, Any]] = {
    "/v1/embeddings": {"object": "list", "data": [_VECTOR], "model": "m", "usage": _USAGE},
    "/v1/completions": {"id": "c", "created": 1, "model": "m", "usage": _USAGE, **_TEXT},
    "/v1/moderations": {"id": "m", "model": "m", "results": [_FLAGS]},
    "/v2/rerank": {"id": "r", "results": [{"index": 0, "relevance_score": 0.5}], "meta": {}},
    "/v1/images/generations": {"created": 1, "data": [{"b64_json": "AAAA"}]},
    "/v1/audio/speech": {},
}
"""What the offline provider does not serve, and the answers."""

_MODELS = {
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


@dataclass
class Gateway:
    """One LiteLLM proxy, and the provider behind it."""

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
        sent = [one for one in self.provider.since(before) if one.method == "POST"]
        return found, [json.loads(one.body) for one in sent]


class House:
    """A provider, and LiteLLM proxies before it as they are asked for."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        from headroom.demo.provider import OfflineProvider, running

        self._folder, self._stack = folder, stack
        self.provider = OfflineProvider()
        self.provider_url = stack.enter_context(running(_with_other_routes(self.provider)))

    def gateway(self, name: str, provider_url: str = "", **sections: Any) -> Gateway:
        """Start a proxy with these sections in its configuration."""
        running = self._running(self._folder / name, provider_url or self.provider_url, sections)
        return self._stack.enter_context(running)

    @contextmanager
    def _running(self, folder: Path, provider_url: str, sections: dict[str, Any]) -> Iterator[Gateway]:
        folder.mkdir()
        models = [
            {
                "model_name": name,
                "litellm_params": {"model": model, "api_base": provider_url + path, "api_key": "sk-none"},
            }
            for name, (model, path) in _MODELS.items()
        ]
        config = {"model_list": models, "general_settings": {"master_key": MASTER_KEY}, **sections}
        (folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = str(taken.getsockname()[1])
        script = str(Path(sys.executable).with_name("litellm"))
        command = [script, "--config", "config.yaml", "--host", "127.0.0.1", "--port", port]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HEADROOM_")}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=folder, env=kept, stdout=log, stderr=log)
            try:
                _await(f"http://127.0.0.1:{port}/health/liveliness", process, folder / "log")
                yield Gateway(f"http://127.0.0.1:{port}", self.provider)
            finally:
                process.terminate()
                process.wait(30)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with ExitStack() as stack:
        yield House(tmp_path_factory.mktemp("litellm"), stack)


def _with_other_routes(provider: Any) -> Callable[..., Any]:
    from headroom.demo.provider import Recorded

    async def app(scope: Any, receive: Any, send: Any) -> None:
        answer = _OTHER_ROUTES.get(scope.get("path", ""))
        if answer is None:
            await provider(scope, receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        provider.keep(Recorded(scope["method"], scope["path"], (), body))
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    return app


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
