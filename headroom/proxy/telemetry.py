"""Telemetry that stays here (`--telemetry`): totals of a run, in a file of the workspace. Off unless asked for.

There is no collector, and nothing is ever sent. The file is for the operator, who may hand it on: it holds counts
alone, no text, no name of a model, a tool or a route.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import msgspec

from headroom import __version__
from headroom.proxy.stats import Ledger

FILE = "telemetry.json"
_log = logging.getLogger("headroom.proxy")


def totals_of(ledger: Ledger) -> dict[str, Any]:
    """Return what is written of a ledger."""
    blocks = ledger.reasons.values()
    return {
        "version": __version__,
        "requests": ledger.requests.total(),
        "failures": ledger.failures.total(),
        "tokens_before": sum(one.tokens_before for one in blocks),
        "tokens_after": sum(one.tokens_after for one in blocks),
        "blocks_by_reason": {reason: one.blocks for reason, one in sorted(ledger.reasons.items())},
        "retrievals": ledger.retrieval["calls"],
    }


async def write(folder: Path, totals: Callable[[], Awaitable[Ledger]]) -> None:
    """Replace the file by the totals of this run. A folder that cannot be written is logged.

    Workers take turns from adding up to writing: whoever comes last has seen what all others had.
    """
    try:
        turn = await asyncio.to_thread(_turn, folder)
        try:
            _replace(folder, totals_of(await totals()))
        finally:
            os.close(turn)
    except OSError as error:
        _log.warning("%s cannot be written: %s", folder / FILE, error.strerror)


def _turn(folder: Path) -> int:
    """Wait for our turn; it ends when the descriptor is closed."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    turn = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    fcntl.flock(turn, fcntl.LOCK_EX)
    return turn


def _replace(folder: Path, totals: dict[str, Any]) -> None:
    with NamedTemporaryFile(dir=folder, delete=False) as file:  # for its owner alone
        file.write(msgspec.json.format(msgspec.json.encode(totals)) + b"\n")
    os.replace(file.name, folder / FILE)  # noqa: PTH105 - a name, no path
