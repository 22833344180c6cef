"""One tool output made on this machine, and the means to make it: commands with a time limit, cuts at line ends."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_CHARS = 40_000
COMMAND_SECONDS = 10.0

# Plain, untranslated output that does not depend on the terminal, and a pip that asks nobody.
_ENVIRONMENT = {
    "LC_ALL": "C",
    "COLUMNS": "100",
    "NO_COLOR": "1",
    "PAGER": "cat",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
}


@dataclass(frozen=True, slots=True)
class Recording:
    """What a tool gave back.

    `label` says in a few words what it is, `source` which program made it, `arguments` are those of the call.
    """

    label: str
    source: str
    tool: str
    arguments: dict[str, str]
    text: str
    is_error: bool = False


def run(command: Sequence[str], folder: Path | None = None) -> str | None:
    """Return what a command prints on both channels, whatever its exit status; None if it cannot be run in time."""
    try:
        done = subprocess.run(  # noqa: S603 - fixed commands, no shell
            command,
            cwd=folder,
            env={**os.environ, **_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace")


def cut(text: str, limit: int = MAX_CHARS) -> str:
    """Return the text up to the last line that ends within the limit."""
    if len(text) <= limit:
        return text
    return text[: text.rfind("\n", 0, limit) + 1] or text[:limit]


def library() -> Path:
    """Return a folder of Python sources: the standard library, or this package where that is not on disk."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    return folder if (folder / "argparse.py").is_file() else Path(__file__).parents[2]


def sources() -> list[Path]:
    """Return the modules of `library()`, its packages one level deep included, in order of their names."""
    folder = library()
    found = [*folder.glob("*.py"), *folder.glob("[a-z]*/*.py")]
    return sorted(p for p in found if "test" not in p.parts[-2] and "packages" not in p.parts[-2])


def module(name: str) -> Path:
    """Return the source file of a module by its file name, or the largest source there is if it is missing."""
    path = library() / name
    return path if path.is_file() else max(sources(), key=lambda p: (p.stat().st_size, p.name))


def read(path: Path) -> str:
    """Return the text of a file; undecodable bytes are replaced."""
    return path.read_text(encoding="utf-8", errors="replace")
