"""Recordings of an agent that looks around: listing, search, help, sources, packages, a difference."""

from __future__ import annotations

import difflib
import importlib.metadata
import json
import re
import stat
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from headroom.demo.recordings.recording import MAX_CHARS, Recording, cut, library, module, read, run, sources


def listing() -> Recording:
    """Record a folder in the long format."""
    folder = library()
    text = run(["ls", "-l", str(folder)])
    by_ls = text is not None and text.startswith("total")
    if not by_ls:
        text = "\n".join(_long_line(path) for path in sorted(folder.iterdir()))
    return Recording(
        label="folder listing",
        source="ls -l" if by_ls else "Python's pathlib (no ls here)",
        tool="bash",
        arguments={"command": f"ls -l {folder}"},
        text=cut(text or ""),
    )


def _long_line(path: Path) -> str:
    status = path.lstat()
    when = time.strftime("%b %d %H:%M", time.localtime(status.st_mtime))
    return f"{stat.filemode(status.st_mode)} {status.st_nlink} {status.st_size:>9} {when} {path.name}"


def search() -> Recording:
    """Record a search for an exception over the library's sources."""
    pattern = "raise ValueError"
    files = [str(path.relative_to(library())) for path in sources()]
    text = run(["grep", "-n", "-e", pattern, *files], library())
    if text is None:
        text = "".join(_matches(name, pattern) for name in files)
        source = "Python (no grep here)"
    else:
        source = "grep -n"
    arguments = {"pattern": pattern, "path": str(library())}
    return Recording("search in sources", source, "search_code", arguments, cut(text))


def _matches(name: str, pattern: str) -> str:
    lines = read(library() / name).splitlines()
    return "".join(f"{name}:{n}:{line}\n" for n, line in enumerate(lines, start=1) if pattern in line)


def help_page() -> Recording:
    """Record the help page of a module."""
    name = "subprocess"
    text = run([sys.executable, "-m", "pydoc", name])
    source = "python -m pydoc"
    if not text:
        text, source = read(module(f"{name}.py")), "the module's source (no pydoc here)"
    arguments = {"command": f"python -m pydoc {name}"}
    return Recording("help page", source, "bash", arguments, cut(text))


def numbered_source() -> Recording:
    """Record a source file with line numbers, as a shell prints it."""
    path = module("argparse.py")
    text = run(["cat", "-n", str(path)])
    source = "cat -n"
    if not text:
        text, source = _numbered(read(path)), "Python (no cat here)"
    arguments = {"command": f"cat -n {path}"}
    return Recording("numbered source", source, "bash", arguments, cut(text))


def _numbered(text: str) -> str:
    return "".join(f"{n:>6}\t{line}\n" for n, line in enumerate(text.splitlines(), start=1))


def source_to_edit() -> Recording:
    """Record a source file as a read tool gives it before an edit, for which its exact text matters."""
    path = module("textwrap.py")
    arguments = {"path": str(path)}
    return Recording("source to edit", "the file itself", "read_file", arguments, cut(read(path)))


def edited_source() -> Recording:
    """Record the same file after an edit, as a shell prints it."""
    path = module("textwrap.py")
    text = cut(read(path)).replace("width=70", "width=72", 1)
    return Recording("edited source", "the file itself, one word changed", "bash", {"command": f"cat {path}"}, text)


def packages() -> Recording:
    """Record the metadata of all installed distributions as JSON."""
    whole = [d for d in importlib.metadata.distributions() if d.read_text("METADATA")]
    found = sorted(whole, key=lambda distribution: (distribution.name, distribution.version))
    rows: list[dict[str, Any]] = []
    room = MAX_CHARS
    for distribution in found:
        row = _package(distribution)
        room -= len(json.dumps(row, indent=2))
        if rows and room < 0:
            break
        rows.append(row)
    text = json.dumps(rows, indent=2)
    return Recording("package metadata", "importlib.metadata", "list_packages", {"format": "json"}, text)


def _package(distribution: importlib.metadata.Distribution) -> dict[str, Any]:
    about = distribution.metadata.json
    return {
        "name": distribution.name,
        "version": distribution.version,
        "summary": about.get("summary"),
        "license": about.get("license_expression"),
        "requires_python": about.get("requires_python"),
        "requires": distribution.requires or [],
        "installer": (distribution.read_text("INSTALLER") or "").strip(),
    }


def difference() -> Recording:
    """Record the difference that renaming a word throughout a module makes."""
    old = read(module("optparse.py"))
    new = re.sub(r"\bvalue\b", "setting", old)
    text = _diff_command(old, new)
    source = "diff -u"
    if not text:
        before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
        text = "".join(difflib.unified_diff(before, after, "before.py", "after.py"))
        source = "Python's difflib (no diff here)"
    arguments = {"command": "diff -u before.py after.py"}
    return Recording("diff of a renaming", source, "bash", arguments, cut(text))


def _diff_command(old: str, new: str) -> str | None:
    with tempfile.TemporaryDirectory(prefix="headroom-demo-") as folder:
        for name, text in (("before.py", old), ("after.py", new)):
            (Path(folder) / name).write_text(text, encoding="utf-8")
        return run(["diff", "-u", "before.py", "after.py"], Path(folder))


def version() -> Recording:
    """Record a short answer, too short to be worth a look."""
    text = run([sys.executable, "--version"]) or f"Python {sys.version}\n"
    return Recording("version", "python --version", "bash", {"command": "python --version"}, text)
