"""`python -m benchmarks.record_corpus [FOLDER]`: a corpus of real tool outputs of this machine, by `recipe.toml`.

Nothing is shipped and nothing is fetched: commands run in a scratch folder with a time limit, files are drawn from
what matches a pattern by a fixed seed. What this machine does not have is left out.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.corpus import RECORDED, Item, save

RECIPE = Path(__file__).with_name("recipe.toml")
_SEED = "corpus"
_MATCHES = 4_000
_ENVIRONMENT = {"LC_ALL": "C", "COLUMNS": "100", "NO_COLOR": "1", "PAGER": "cat", "PYTHONDONTWRITEBYTECODE": "1"}
_QUESTIONS = {
    "code": "Explain what this does.",
    "search": "Where is this used?",
    "diff": "What changed?",
    "test_output": "Which tests fail, and why?",
    "build_output": "Why does the build fail?",
    "trace": "What is the cause?",
    "log": "Is anything wrong here?",
}


def record(recipe: Mapping[str, Any] | None = None) -> list[Item]:
    """Return what the recipe gives on this machine, within its limits of time and size."""
    recipe = recipe or tomllib.loads(RECIPE.read_text(encoding="utf-8"))
    deadline = time.monotonic() + recipe["limits"]["total_seconds"]
    with tempfile.TemporaryDirectory(prefix="headroom-corpus-") as folder:
        work = Path(folder)
        _make(recipe.get("made", ()), work)
        found = _within(deadline, _recorded(recipe, work))
        return [_cut(item, recipe["limits"]["max_chars"]) for item in found if _fits(item, recipe["limits"])]


def _recorded(recipe: Mapping[str, Any], work: Path) -> Iterator[Item]:
    places = _places(work)
    for entry in recipe.get("command", ()):
        yield from _of_command(entry, work, places, recipe["limits"]["command_seconds"])
    for entry in recipe.get("files", ()):
        yield from _of_files(entry, places, recipe["limits"])


def _within(deadline: float, items: Iterator[Item]) -> Iterator[Item]:
    for item in items:
        yield item
        if time.monotonic() > deadline:
            return


def _places(work: Path) -> dict[str, str]:
    paths = sysconfig.get_paths()
    return {
        "python": sys.executable,
        "stdlib": paths["stdlib"],
        "site": paths["purelib"],
        "share": "/usr/share",
        "work": str(work),
    }


def _filled(text: str, places: Mapping[str, str]) -> str:
    """Fill in placeholders; other braces stay."""
    for name, value in places.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _make(entries: Any, work: Path) -> None:
    for entry in entries:
        path = work / entry["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(entry["text"].lstrip("\n"), encoding="utf-8")


def _of_command(entry: Mapping[str, str], work: Path, places: Mapping[str, str], seconds: float) -> Iterator[Item]:
    """Run a command in a copy of the scratch folder, so that no command sees what another one left."""
    command = _filled(entry["run"], places)
    here = work.with_name(work.name + "-run")
    shutil.copytree(work, here)
    try:
        text = _output(command, here, seconds)
    finally:
        shutil.rmtree(here, ignore_errors=True)
    if text is not None:
        yield _item(entry, entry["id"], text, command)


def _output(command: str, folder: Path, seconds: float) -> str | None:
    """Return what a shell command prints on both channels; None if it cannot be found or takes too long."""
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=folder,
            env={**os.environ, **_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode == 127 else done.stdout.decode("utf-8", "replace")


def _of_files(entry: Mapping[str, Any], places: Mapping[str, str], limits: Mapping[str, int]) -> Iterator[Item]:
    pattern = _filled(entry["pattern"], places)
    paths = sorted(islice(Path("/").glob(pattern.lstrip("/")), _MATCHES))
    fitting = [path for path in paths if _is_fitting(path, limits)]
    drawn = random.Random(f"{_SEED} {entry['id']}").sample(fitting, min(entry["take"], len(fitting)))
    for number, path in enumerate(drawn):
        text = path.read_text(encoding="utf-8", errors="replace")
        yield _item(entry, f"{entry['id']}_{number}", text, f"cat {path}")


def _is_fitting(path: Path, limits: Mapping[str, int]) -> bool:
    return (
        path.is_file() and not path.is_symlink() and limits["min_chars"] <= path.stat().st_size <= limits["max_chars"]
    )


def _item(entry: Mapping[str, Any], name: str, text: str, command: str) -> Item:
    """Return an item as if its tool had been called: a shell, or one that fetches pages."""
    kind, tool = entry["kind"], entry.get("tool", "run_command")
    args = {"command": command} if tool == "run_command" else {"url": f"https://docs.example.test/{name}"}
    return Item(name, kind, text, tool, args, _QUESTIONS.get(kind, "What matters here?"), "this machine")


def _fits(item: Item, limits: Mapping[str, int]) -> bool:
    return len(item.content) >= limits["min_chars"]


def _cut(item: Item, limit: int) -> Item:
    """Cut a text at the last line that ends within the limit, as tools do."""
    text = item.content
    if len(text) > limit:
        text = text[: text.rfind("\n", 0, limit) + 1] or text[:limit]
    return Item(item.id, item.kind, text, item.tool, item.args, item.question, item.origin)


def main() -> int:
    """Record and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=RECORDED)
    folder: Path = parser.parse_args().folder
    items = record()
    save(items, folder)
    kinds = sorted({item.kind for item in items})
    counts = ", ".join(f"{kind} {sum(item.kind == kind for item in items)}" for kind in kinds)
    print(f"{len(items)} items, {sum(len(item.content) for item in items):,} characters: {counts}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
