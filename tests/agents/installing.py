"""The agents' programs, installed by npm in the versions that package.json names."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

_WANTED = Path(__file__).with_name("package.json")
_CACHE = Path(__file__).parents[2] / ".cache" / "agents"
# Their packages bring a program for each platform; these scripts put the one of this machine into its place.
_SCRIPTS = ("@anthropic-ai/claude-code/install.cjs", "opencode-ai/postinstall.mjs")


def programs() -> Path:
    """Return the folder of the programs; they are installed if that was not done, or for other versions."""
    modules = _CACHE / "node_modules"
    installed = _CACHE / _WANTED.name
    if not installed.exists() or installed.read_bytes() != _WANTED.read_bytes():
        _install(modules)
        shutil.copy(_WANTED, installed)
    return modules / ".bin"


def _install(modules: Path) -> None:
    """Install into an empty folder. Without a lock file, for it would name the registry that was asked."""
    shutil.rmtree(_CACHE, ignore_errors=True)
    _CACHE.mkdir(parents=True)
    versions = json.loads(_WANTED.read_text(encoding="utf-8"))["dependencies"]
    packages = [f"{name}@{version}" for name, version in versions.items()]
    quiet = ("--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund", "--no-save")
    subprocess.run(["npm", "install", *quiet, *packages], cwd=_CACHE, check=True)
    for script in _SCRIPTS:
        subprocess.run(["node", modules / script], cwd=(modules / script).parent, check=True)
