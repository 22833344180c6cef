"""Fail if a file or a function of the package is longer than the house allows.

usage: check_sizes.py FOLDER...
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60


def findings(path: Path) -> Iterator[str]:
    """Yield what is too long in one file."""
    source = path.read_text(encoding="utf-8")
    lines = source.count("\n")
    if lines > MAX_FILE_LINES:
        yield f"{path}: {lines} lines, at most {MAX_FILE_LINES}"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno is not None:
            length = node.end_lineno - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                yield f"{path}:{node.lineno}: {node.name} has {length} lines, at most {MAX_FUNCTION_LINES}"


def main(folders: list[str]) -> int:
    """Print findings; return 1 if there are any."""
    found = [line for folder in folders for path in sorted(Path(folder).rglob("*.py")) for line in findings(path)]
    print("\n".join(found) or f"sizes: every file and function of {', '.join(folders)} fits")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
