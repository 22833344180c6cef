"""The agents' programs, installed by npm in the versions that package.json names."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_WANTED = Path(__file__).with_name("package.json")
_CACHE = Path(__file__).parents[2] / ".cache" / "agents"
# Their packages bring a program for each platform; these scripts put the one of this machine into its place.
_SCRIPTS = ("@anthropic-ai/claude-code/install.cjs", "opencode-ai/postinstall.mjs")
# No lock file, for it would name the registry that was asked; no links, for two versions of one agent have one name.
_HOW = ("--ignore-scripts", "--no-bin-links", "--no-package-lock", "--no-audit", "--no-fund", "--no-save")


@dataclass(frozen=True)
class Programs:
    """Packages in a folder."""

    modules: Path

    def of(self, package: str) -> Path:
        """Return the one program of a package."""
        manifest = json.loads((self.modules / package / "package.json").read_text(encoding="utf-8"))
        (path,) = manifest["bin"].values()
        return self.modules / package / path


def installed() -> Programs:
    """Return the programs; they are installed if that was not done, or for other versions."""
    modules = _CACHE / "node_modules"
    done = _CACHE / _WANTED.name
    if not done.exists() or done.read_bytes() != _WANTED.read_bytes():
        _install(modules)
        shutil.copy(_WANTED, done)
    return Programs(modules)


def _install(modules: Path) -> None:
    """Install into an empty folder."""
    shutil.rmtree(_CACHE, ignore_errors=True)
    _CACHE.mkdir(parents=True)
    versions = json.loads(_WANTED.read_text(encoding="utf-8"))["dependencies"]
    packages = [f"{name}@{version}" for name, version in versions.items()]
    subprocess.run(["npm", "install", *_HOW, *packages], cwd=_CACHE, check=True)
    for script in _SCRIPTS:
        subprocess.run(["node", modules / script], cwd=(modules / script).parent, check=True)
