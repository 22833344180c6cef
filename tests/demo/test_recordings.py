"""Recordings are made on any machine, whatever it lacks, and cut at line ends."""

import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.demo.recordings import RECORDERS, make
from headroom.demo.recordings.recording import MAX_CHARS, cut, library, module, run, sources

MODULES = [importlib.import_module(f"headroom.demo.recordings.{name}") for name in ("looking", "working")]


@pytest.fixture(scope="module")
def made():
    return {name: make(name) for name in RECORDERS}


@pytest.mark.parametrize("name", RECORDERS)
def test_a_recording_has_a_text_of_bounded_length_and_a_call(made, name):
    recording = made[name]
    assert recording.text.strip()
    assert len(recording.text) <= 2 * MAX_CHARS
    assert recording.tool
    assert recording.arguments
    assert recording.source


@pytest.mark.parametrize("name", RECORDERS)
def test_a_recording_is_made_without_any_command(monkeypatch, name):
    for place in MODULES:
        monkeypatch.setattr(place, "run", lambda *_: None)
    assert RECORDERS[name]().text.strip()


def test_a_machine_that_can_make_nothing_is_told_of(monkeypatch):
    def broken():
        raise PermissionError("not for you")

    monkeypatch.setitem(RECORDERS, "search", broken)
    recording = make("search")
    assert recording.is_error
    assert recording.text == "not for you"


def test_the_test_run_fails_and_the_crash_is_an_error(made):
    assert "FAILED" in made["test run"].text
    assert made["crash"].is_error
    assert "Traceback" in made["crash"].text


def test_a_command_that_does_not_exist_gives_nothing():
    assert run(["no-such-command-as-this"]) is None


def test_sources_are_there_in_order():
    found = sources()
    assert found == sorted(found)
    assert len(found) > 5
    assert module("no_such_module_as_this.py").is_relative_to(library())


@given(st.text(alphabet="ab\n", max_size=60), st.integers(1, 60))
def test_a_cut_text_is_a_beginning_that_ends_a_line(text, limit):
    result = cut(text, limit)
    assert text.startswith(result)
    assert len(result) <= limit or result == text
    assert result == text or result.endswith("\n") or "\n" not in text[:limit]
