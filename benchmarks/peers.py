"""Other libraries on the same items: each in a virtual environment of its own, run as a separate process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpus import Item
from benchmarks.report import ROOT
from benchmarks.scoring import MODEL, Answer

CACHE = ROOT / ".cache" / "peers"
_WORKER = Path(__file__).with_name("peer_worker.py")
_INSTALL_SECONDS = 600.0
_RUN_SECONDS = 900.0
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "DO_NOT_TRACK": "1"}


@dataclass(frozen=True, slots=True)
class Peer:
    """A library: the name under which the worker knows how to call it, and what to install."""

    name: str
    requirement: str


PEERS: tuple[Peer, ...] = (
    Peer("headroom-ai", "headroom-ai==0.42.0"),
    Peer("leantokens", "leantokens==0.2.0"),
    Peer("secondwind", "secondwind==0.5.1"),
    Peer("toon", "toon-format==1.2.0"),
)


class PeerError(Exception):
    """A peer cannot be installed or does not run here; the message says why, in one line."""


def answers(peer: Peer, items: Sequence[Item], cache: Path = CACHE) -> list[Answer]:
    """Let a peer work on the items. Raises PeerError."""
    python = installed(peer, cache)
    lines = [json.dumps({"messages": item.as_messages(), "model": MODEL}) for item in items]
    # Isolated, so that no package of ours is found: one of the peers has the same import name.
    command = [str(python), "-I", str(_WORKER), peer.name]
    done = _run(command, _RUN_SECONDS, "\n".join(lines))
    made = [Answer(**json.loads(line)) for line in done.splitlines()]
    if len(made) != len(items):
        raise PeerError(f"{len(made)} answers to {len(items)} items")
    return made


def installed(peer: Peer, cache: Path = CACHE) -> Path:
    """Return the interpreter of the peer's environment, made on first use. Raises PeerError."""
    folder = cache / peer.requirement
    python, ready = folder / "bin" / "python", folder / ".ready"
    if not ready.exists():
        _run([sys.executable, "-m", "venv", str(folder)], _INSTALL_SECONDS)
        quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
        _run([str(python), "-m", "pip", "install", *quiet, peer.requirement], _INSTALL_SECONDS)
        ready.touch()
    return python


def installed_from_npm(peer: Peer, cache: Path = CACHE) -> Path:
    """Return the folder of a peer from npm, filled on first use. Raises PeerError, also where there is no npm."""
    folder = cache / peer.name
    ready = folder / f".ready-{peer.requirement.rpartition('@')[2]}"
    if not ready.exists():
        folder.mkdir(parents=True, exist_ok=True)
        quiet = ["--silent", "--no-audit", "--no-fund", "--no-save", "--prefix", str(folder)]
        _run(["npm", "install", *quiet, peer.requirement], _INSTALL_SECONDS)
        ready.touch()
    return folder


def _run(command: Sequence[str], seconds: float, given: str = "") -> str:
    environment = {**os.environ, **_OFFLINE}
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, timeout=seconds, check=False, env=environment
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerError(type(error).__name__) from error
    if done.returncode:
        raise PeerError((done.stderr.strip().splitlines() or ["no word"])[-1][:120])
    return done.stdout
