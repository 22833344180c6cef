"""The log of requests (`--log-file`): one JSON object a line and a request, without texts and credentials.

Several workers write to one file: a line is one write to its end. A file that has grown past its limit becomes
`<name>.1`, whose predecessor goes; whoever finds another file under the name goes on there, so that tools that
rotate logs may do it instead.
"""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from headroom.errors import ConfigError
from headroom.pipeline.stages import Exchange, PipelineEvent, PipelineStage
from headroom.providers import Usage

_LONGEST_NAME = 200
_NOBODY_ELSE = 0o600


class RequestLog:
    """A pipeline extension that writes a line for each complete exchange. Raises ConfigError if it cannot."""

    stages = frozenset({PipelineStage.RESPONSE_RECEIVED})

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._path = path.expanduser()
        self._max_bytes = max_bytes
        try:
            self._file = self._opened()
        except OSError as error:
            raise ConfigError(f"setting 'log_file': {path} cannot be written: {error.strerror}") from error

    def on_pipeline_event(self, event: PipelineEvent) -> None:
        """Write down a complete exchange."""
        if event.exchange is not None:
            self._write(msgspec.json.encode(line_of(event.exchange)) + b"\n")

    def _write(self, line: bytes) -> None:
        if not self._is_current(self._file):
            self._reopen()
        if self._is_full(self._file, line):
            self._rotate(line)
        os.write(self._file, line)

    def _rotate(self, line: bytes) -> None:
        """Begin a new file, unless another worker has done so while we waited for our turn."""
        # Opened anew: workers that were forked share the open file that they have, and with it its lock.
        full = self._opened()
        try:
            fcntl.flock(full, fcntl.LOCK_EX)
            if self._is_current(full) and self._is_full(full, line):
                self._path.replace(self._path.with_name(self._path.name + ".1"))
        finally:
            os.close(full)
        self._reopen()

    def _is_full(self, file: int, line: bytes) -> bool:
        return os.fstat(file).st_size + len(line) > self._max_bytes

    def _is_current(self, file: int) -> bool:
        """Say whether an open file is the one that has the name now."""
        try:
            return os.path.samestat(self._path.stat(), os.fstat(file))
        except FileNotFoundError:
            return False

    def _reopen(self) -> None:
        before, self._file = self._file, self._opened()
        os.close(before)

    def _opened(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _NOBODY_ELSE)


def line_of(exchange: Exchange) -> dict[str, Any]:
    """Return what is written of an exchange. Tokens are those of all readable text, times are milliseconds."""
    outcome, usage = exchange.outcome, exchange.usage or Usage()
    before, after = (0, 0) if outcome is None else (outcome.tokens_before, outcome.tokens_after)
    reasons = Counter() if outcome is None else outcome.reasons
    return {
        "request_id": exchange.request_id,
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "provider": exchange.provider,
        "model": exchange.model[:_LONGEST_NAME],
        "route": exchange.route[:_LONGEST_NAME],
        "status": exchange.status,
        "input_tokens_original": before,
        "input_tokens_optimized": after,
        "output_tokens": usage.output,
        "tokens_saved": before - after,
        "savings_percent": round(100 * (before - after) / before, 2) if before else 0.0,
        "optimization_latency_ms": round(exchange.overhead * 1e3, 3),
        "total_latency_ms": round(exchange.total * 1e3, 3),
        "transforms_applied": [] if outcome is None else list(outcome.transforms),
        "decisions": {reason.value: count for reason, count in sorted(reasons.items())},
        "cache_read_tokens": usage.cache_read,
        "cache_write_tokens": usage.cache_write,
        "error": exchange.error,
    }
