"""No pattern of the package can be made to hang: each takes time in proportion to its text, whatever the text."""

import json
import re
import subprocess
import sys

import pytest
from support.processes import environment

from tools.fuzz.hard_texts import hard_for
from tools.fuzz.patterns import OTHERWISE_USED, READS_OUR_OWN, SHORT, probe, watched_for


@pytest.fixture(scope="module")
def rows():
    """Return what became of every pattern that the package compiles; see `tools.fuzz.patterns`."""
    command = [sys.executable, "-m", "tools.fuzz.patterns"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    assert not done.stderr, done.stderr[-2_000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_pattern_is_linear_on_texts_that_are_hard_for_it(rows):
    assert {row["where"] or row["pattern"]: row["slow"] for row in rows if row["slow"]} == {}


def test_all_patterns_are_found_and_tried(rows):
    assert len(rows) > 150
    assert all(row["texts"] > 20 for row in rows)
    known = {row["where"] for row in rows}
    assert {*SHORT, *OTHERWISE_USED, *READS_OUR_OWN} <= known, "exceptions are for patterns that are there"
    assert "ccr.marker._MARKER" in known
    assert any("system" in row["pattern"] and not row["where"] for row in rows), "those made at run time too"


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"\s*([0-9]{1,9})\s*(-?)\s*([0-9]{0,9})\s*", "fullmatch"),
        (r"[a-z]{4,}[_/-]|[_/-][a-z]{4,}", "search"),
        (r"[\w.~+-]*+[/\\][^\s\"]*+", "search"),
        (r"\b(?:cat|head)\b[^|]*\.x?html?\b", "search"),
        (r"([\w@-]++)\s*+=", "search"),
        (r"(a+)+$", "match"),
        (r"(?:a|aa)+b", "search"),
        (r"\[.*: (.*)\]", "search"),
    ],
)
def test_a_pattern_that_is_not_linear_is_found_out(pattern, method):
    with watched_for():
        _, _, slow = probe(re.compile(pattern), {method}, 100_000, seconds=0.2)
    assert slow.startswith(method)


def test_hard_texts_are_made_of_what_a_pattern_repeats():
    texts = list(hard_for(re.compile(r"<(a+)>|(?P<x>[0-9]{2})(?P=x)\s*"), 1_000))
    assert any(text.startswith("<aaaa") and text.endswith("a\x00") for text in texts)
    assert any(text.startswith(("7777    ", "0000    ")) for text in texts)
    assert all(900 <= len(text) <= 1_100 for text in texts)
