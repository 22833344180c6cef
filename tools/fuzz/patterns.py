"""`python -m tools.fuzz.patterns [SIZE]`: every pattern that the package compiles, over texts that are hard for it.

Runs in a process of its own, for patterns are seen as they are compiled, from the first import on. Prints a line of
JSON for each: where it stands, how it is used, how many texts it has passed, and the beginning of one that it has not.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from tools.fuzz.hard_texts import hard_for

SIZE = 100_000
"""Characters of a text, if not told otherwise."""

SECONDS = 0.5
"""CPU time for one text of `SIZE`, ten times what the slowest takes. What is not linear takes seconds to minutes."""

_BODIES = 60
"""Requests that make the package compile what it compiles at run time."""

_METHODS = {"match": "match", "fullmatch": "fullmatch"}
"""Of all the ways to use a pattern, those that look at one place only; the others look at every one."""

LINE = 1_000
"""Characters of what is read with patterns that need not be linear."""

SHORT = {
    "transforms.coding.code_languages._SIGNS": 200,
    "transforms.coding.code_languages._ANY_SIGN": 200,
    "transforms.log_formats._RECORD": 400,
}
"""Patterns that are shown beginnings of lines only, and how many characters of them."""

OTHERWISE_USED = {
    "transforms.coding.html_tokens._TAG": {"match"},
    "transforms.coding.html_tokens._BROKEN_TAG": {"match"},
}
"""Patterns that are used under another name."""

READS_OUR_OWN = {
    "transforms.coding.columns._PATH_PARTS",
    "transforms.coding.json_bare._OF_BARE",
    "transforms.coding.json_bare._OF_JSON",
}
"""Patterns for what has been matched, decoded or written before: every string in it is closed."""

Key = tuple[Any, int]


class TooSlowError(Exception):
    """A pattern has used up its time."""


def compiled_by_the_package() -> dict[Key, re.Pattern[Any]]:
    """Import every module, and let the ones that make patterns at run time work; return what they have compiled."""
    found: dict[Key, re.Pattern[Any]] = {}
    compile_ = re._compile

    def watched(pattern: Any, flags: Any) -> Any:
        made = compile_(pattern, flags)
        frame = sys._getframe(2)
        if frame.f_globals.get("__name__", "").startswith("headroom"):
            found[made.pattern, made.flags] = made
        return made

    re._compile = watched
    try:
        _at_work()
    finally:
        re._compile = compile_
    return found


def modules() -> Iterator[Any]:
    """Import and yield every module of the package."""
    package = importlib.import_module("headroom")
    for found in pkgutil.walk_packages(package.__path__, "headroom."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def _at_work() -> None:
    list(modules())
    bodies = importlib.import_module("tools.fuzz.bodies").Bodies()
    for seed in range(_BODIES):
        bodies.check(Random(seed))


def uses() -> dict[Key, tuple[str, set[str]]]:
    """Return where each pattern that has a name stands, and by which methods it is used, as the sources say."""
    found: dict[Key, tuple[str, set[str]]] = {}
    sources = {module: _methods_called(inspect.getsource(module)) for module in modules()}
    everywhere: dict[str, set[str]] = {}
    for called in sources.values():
        for name, methods in called.items():
            everywhere.setdefault(name, set()).update(methods)
    for module, called in sources.items():
        for name, value in vars(module).items():
            for known_as, pattern in _held(name, value):
                methods = (called if name.startswith("_") else everywhere).get(known_as, {"search"})
                where = f"{module.__name__.removeprefix('headroom.')}.{name}"
                found.setdefault((pattern.pattern, pattern.flags), (where, set()))[1].update(methods)
    return found


def _held(name: str, value: Any) -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Yield the patterns that a value is or holds, each with the name under which it is used."""
    if isinstance(value, re.Pattern):
        yield name, value
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        for field, one in zip(value._fields, value, strict=True):
            yield from _held(field, one)
    elif isinstance(value, (dict, list, tuple)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _held(name, one)


def _methods_called(source: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, (ast.Name, ast.Attribute)):
            name = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            found.setdefault(name, set()).add(_METHODS.get(node.attr, "search"))
    return found


def probe(pattern: re.Pattern[Any], methods: set[str], size: int, seconds: float = SECONDS) -> tuple[int, float, str]:
    """Run a pattern over its hard texts; return how many, the longest CPU seconds, and what was too much for it."""
    passed, longest, most = 0, 0.0, seconds
    for text in hard_for(pattern, size):
        for method in sorted(methods):
            signal.setitimer(signal.ITIMER_VIRTUAL, most)
            try:
                _apply(pattern, method, text)
            except TooSlowError:
                return passed, most, f"{method} {text[:60]!r}...{text[-20:]!r}"
            finally:
                left, _ = signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            longest = max(longest, most - left)
            passed += 1
    return passed, longest, ""


def _apply(pattern: re.Pattern[Any], method: str, text: Any) -> None:
    if method == "search":
        for _ in pattern.finditer(text):
            pass
    else:
        getattr(pattern, method)(text)


def _too_slow(*_: object) -> None:
    raise TooSlowError


@contextmanager
def watched_for() -> Iterator[None]:
    """Let patterns be stopped that take too long; the engine of `re` looks for signals."""
    before = signal.signal(signal.SIGVTALRM, _too_slow)
    try:
        yield
    finally:
        signal.signal(signal.SIGVTALRM, before)


def main(size: int) -> int:
    """Print a line for each pattern; return 1 if one is not linear."""
    is_wrong = False
    found, known = compiled_by_the_package(), uses()
    with watched_for():
        for key, pattern in found.items():
            where, methods = known.get(key, ("", {"match", "fullmatch", "search"}))
            methods = OTHERWISE_USED.get(where, methods)
            most = SHORT.get(where, LINE if where in READS_OUR_OWN else size)
            passed, longest, slow = probe(pattern, methods, min(size, most), SECONDS * size / SIZE)
            row = {"where": where, "pattern": str(pattern.pattern), "methods": sorted(methods), "texts": passed}
            print(json.dumps({**row, "seconds": round(longest, 3), "slow": slow}), flush=True)
            is_wrong = is_wrong or bool(slow)
    return is_wrong


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else SIZE))
