"""Recordings of an agent that works: a failing test run, an install log, a program's log, a crash."""

from __future__ import annotations

import sys
import tempfile
import zipfile
from pathlib import Path

from headroom.demo.recordings.recording import Recording, cut, library, read, run, sources

_SHOP_TESTS = '''\
"""Tests of a price rule that is wrong for some quantities."""
import unittest
from decimal import Decimal


def price(quantity, unit=Decimal("2.50")):
    """Ten per cent off from ten items on; the fault is in the rounding of every seventh."""
    total = quantity * unit
    if quantity >= 10:
        total *= Decimal("0.9")
    return total.quantize(Decimal("1") if quantity % 7 == 0 else Decimal("0.01"))


class PriceTest(unittest.TestCase):
    """One test a quantity."""


def _test(quantity):
    def check(self):
        expected = Decimal("2.50") * quantity * (Decimal("0.9") if quantity >= 10 else 1)
        self.assertEqual(price(quantity), expected.quantize(Decimal("0.01")))
    return check


for quantity in range(1, 81):
    setattr(PriceTest, f"test_price_of_{quantity:02d}_items", _test(quantity))
'''

_INDEXER = '''\
"""Index the functions and classes of Python sources and log every step."""
import ast
import hashlib
import logging
import pathlib
import sys
import time

logging.basicConfig(
    stream=sys.stdout,
    level=logging.DEBUG,
    format="%(asctime)s %(levelname)-7s %(name)s [%(process)d] %(message)s",
)
log = logging.getLogger("indexer.worker")


def index(path):
    started = time.perf_counter()
    source = path.read_bytes()
    log.debug("read %s bytes=%d sha256=%s", path, len(source), hashlib.sha256(source).hexdigest())
    tree = ast.parse(source)
    functions = sum(isinstance(node, ast.FunctionDef) for node in ast.walk(tree))
    classes = sum(isinstance(node, ast.ClassDef) for node in ast.walk(tree))
    took = 1000 * (time.perf_counter() - started)
    log.info("indexed %s functions=%d classes=%d took=%.1fms", path.name, functions, classes, took)
    if ast.get_docstring(tree) is None:
        log.warning("no module docstring in %s", path.name)


deadline = time.monotonic() + 3
log.info("start, %d files", len(sys.argv) - 1)
for name in sys.argv[1:]:
    if time.monotonic() > deadline:
        break
    index(pathlib.Path(name))
log.info("done")
'''

_CRASH = """\
import json

def load(text):
    return json.loads(text)

load('{"retries": 3, "timeout": }')
"""

_LAYERS = ("base", "data", "site")
_KINDS = ["core", "text", "http", "mail", "jobs", "auth", "cache", "forms", "tables", "charts", "search", "admin"]
_PARTS = tuple(f"{layer}-{kind}" for layer in _LAYERS for kind in _KINDS)


def test_run() -> Recording:
    """Record a test run with failures."""
    text = _run_program("test_price.py", _SHOP_TESTS, "-m", "unittest", "-v", "test_price")
    arguments = {"command": "python -m unittest -v test_price"}
    return Recording("failing test run", "python -m unittest -v", "bash", arguments, cut(text))


def program_log() -> Recording:
    """Record the log of a program at work."""
    files = [str(path) for path in sources()[:90]]
    text = _run_program("indexer.py", _INDEXER, "indexer.py", *files)
    arguments = {"name": "indexer", "lines": "all"}
    return Recording("program's log", "Python's logging", "get_logs", arguments, cut(text))


def crash() -> Recording:
    """Record a program that fails with a traceback."""
    text = _run_program("load_settings.py", _CRASH, "load_settings.py")
    arguments = {"command": "python load_settings.py"}
    return Recording("crash", "python load_settings.py", "bash", arguments, cut(text), is_error=True)


def install_log() -> Recording:
    """Record an installation of packages made for it, or without pip the compiling of sources."""
    with tempfile.TemporaryDirectory(prefix="headroom-demo-") as folder:
        shelf = Path(folder) / "wheels"
        shelf.mkdir()
        for number, part in enumerate(_PARTS):
            _write_wheel(shelf, part, _PARTS[max(0, number - 2) : number])
        site = str(Path(folder) / "site")
        options = ["--no-index", "--no-compile", "--find-links", str(shelf), "--target", site]
        arguments = ["install", "--isolated", "--verbose", *options, _package(_PARTS[-1])]
        text = run([sys.executable, "-m", "pip", *arguments])
        if text and "Successfully installed" in text:
            call = {"command": "pip " + " ".join(arguments)}
            return Recording("install log", "pip install", "bash", call, cut(text))
    return _compile_log()


def _compile_log() -> Recording:
    with tempfile.TemporaryDirectory(prefix="headroom-demo-") as folder:
        for path in sources()[:150]:
            (Path(folder) / path.name).write_bytes(path.read_bytes())
        text = run([sys.executable, "-m", "compileall", "."], Path(folder))
    arguments = {"command": "python -m compileall ."}
    source = "python -m compileall (no pip here)"
    return Recording("build log", source, "bash", arguments, cut(text or str(library())))


def _package(part: str) -> str:
    return f"headroom-demo-{part}"


def _write_wheel(shelf: Path, part: str, needs: tuple[str, ...]) -> None:
    """Write the smallest wheel that pip installs (PEP 427)."""
    name = _package(part).replace("-", "_")
    about = f"{name}-1.0.0.dist-info"
    requires = "".join(f"Requires-Dist: {_package(other)}>=1.0\n" for other in needs)
    files = {
        f"{name}/__init__.py": f'"""The {part} part."""\n',
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {_package(part)}\nVersion: 1.0.0\n{requires}",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: demo\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*files, f"{about}/RECORD"))
    with zipfile.ZipFile(shelf / f"{name}-1.0.0-py3-none-any.whl", "w") as wheel:
        for path, content in {**files, f"{about}/RECORD": record}.items():
            wheel.writestr(path, content)


def _run_program(name: str, program: str, *arguments: str) -> str:
    """Write a program to an empty folder and run it there; its own text is the last resort."""
    with tempfile.TemporaryDirectory(prefix="headroom-demo-") as folder:
        path = Path(folder) / name
        path.write_text(program, encoding="utf-8")
        return run([sys.executable, *arguments], Path(folder)) or read(path)
