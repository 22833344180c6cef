"""What the agents are shown: two reports on this machine, printed by commands that keep count of their runs."""

from __future__ import annotations

import json
import re
import sysconfig
from importlib.metadata import distributions
from pathlib import Path

COMMANDS = ("sh index.sh", "sh packages.sh")
TASK = "Run both reports, then tell me the size of the module that traces memory."
SUBJECT = "tracemalloc"
WANTED = re.compile(r"tracemalloc(?:\.py)?[^\d\n]*(\d+)")
"""The size, in the log as it is printed and in its short form."""

_RAN = "ran.txt"
_LARGE = 90_000


def write_reports(folder: Path, most_chars: int) -> None:
    """Write two commands into a folder: a log of indexing the standard library, and a list of packages as JSON."""
    _write(folder, "index", _log(most_chars))
    _write(folder, "packages", _packages(most_chars))


def runs(folder: Path) -> list[str]:
    """Return which commands were run in a folder, in order."""
    return (folder / _RAN).read_text(encoding="utf-8").split()


def _write(folder: Path, name: str, report: str) -> None:
    (folder / f"{name}.txt").write_text(report, encoding="utf-8")
    (folder / f"{name}.sh").write_text(f"echo {name} >> {_RAN}\ncat {name}.txt\n", encoding="utf-8")


def _log(most_chars: int) -> str:
    """Return the end of the log."""
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    log = "".join(_indexing(number, path) for number, path in enumerate(files))
    return log if len(log) <= most_chars else log[-most_chars:].partition("\n")[2]


def _indexing(number: int, path: Path) -> str:
    clock = f"2026-03-14 09:{number // 60:02d}:{number % 60:02d},{number * 37 % 1000:03d}"
    size = path.stat().st_size
    level = "WARNING" if size > _LARGE else "INFO"
    worker = f"indexer.worker-{number % 4}"
    return (
        f"{clock} DEBUG   {worker} opening {path.name}\n{clock} {level:<7} {worker} indexed {path.name} bytes={size}\n"
    )


def _packages(most_chars: int) -> str:
    """Return the beginning of the list."""
    rows = [
        {
            "name": one.metadata["Name"],
            "version": one.version,
            "requires_python": one.metadata["Requires-Python"],
            "summary": one.metadata["Summary"],
            "requirements": len(one.requires or ()),
            "files": len(one.files or ()),
        }
        for one in distributions()
    ]
    rows.sort(key=lambda row: row["name"].lower())
    while len(printed := json.dumps(rows, indent=2)) > most_chars:
        rows.pop()
    return printed + "\n"
