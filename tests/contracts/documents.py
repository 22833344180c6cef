"""The code blocks of documents: who has what a document's examples need, runs them."""

from __future__ import annotations

import re
from pathlib import Path

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks_in(document: Path, language: str) -> list[str]:
    """Return the blocks of a document that are written in a language."""
    return [code for kind, code in FENCE.findall(document.read_text(encoding="utf-8")) if kind == language]


def run(code: str) -> None:
    """Run an example; it has to define something."""
    names = {"__name__": "example"}
    exec(compile(code, "example", "exec", dont_inherit=True), names)  # readers run it without our own imports
    assert len(names) > 2, "the example defines nothing"
