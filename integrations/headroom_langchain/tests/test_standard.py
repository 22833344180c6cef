"""LangChain's own suite: what shortens passes and skips what the plain model passes and skips, test by test."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[3]
SUITE = Path(__file__).with_name("standard_suite.py")
# What the framework's tests warn of is not ours; nor is what pytest-benchmark measures.
OPTIONS = ("-W", "ignore", "-p", "no:cacheprovider", "--benchmark-disable", "--no-header", "-q")
ASYNC = ("-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function")
EXPECTED = {"1.1.9": (53, 7), "1.0.0": (47, 7)}
"""Passed and skipped of a plain ChatOpenAI, by release of langchain-tests."""


def test_the_standard_suite_finds_no_difference(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    command = [sys.executable, "-m", "pytest", str(SUITE), *OPTIONS, *ASYNC, f"--junitxml={report}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    outcomes = _outcomes(report)
    plain = outcomes["Plain"]
    assert outcomes == {"Plain": plain, "Wrapper": plain, "Graft": plain}, done.stdout[-6000:]
    found = [list(plain.values()).count(outcome) for outcome in ("passed", "skipped", "failed")]
    assert found == [*EXPECTED[version("langchain-tests")], 0], done.stdout[-6000:]


def _outcomes(report: Path) -> dict[str, dict[tuple[str, str], str]]:
    """Return outcomes by model, then by kind of suite and test."""
    found: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
    for case in ET.parse(report).iter("testcase"):
        name = case.attrib["classname"].rsplit(".", 1)[-1].removeprefix("Test")
        model = next(kind for kind in ("Plain", "Wrapper", "Graft") if name.startswith(kind))
        children = {child.tag for child in case}
        failed, skipped = children & {"failure", "error"}, "skipped" in children
        outcome = "failed" if failed else "skipped" if skipped else "passed"
        found[model][name.removeprefix(model), case.attrib["name"]] = outcome
    return dict(found)
