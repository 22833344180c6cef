"""What every adapter of a framework has to hold, whatever the framework: one suite, which each adapter's tests subclass.

A subclass says how one agent runs (`run`): the real framework, a tool named `look_up` that returns `script.outputs`
one after another (or fails with them), and a model that calls it that often (`support.scripted_model`). The suite runs
that agent without us, with the adapter, with the adapter twice, and with the adapter broken, and compares what the
model was sent and what the application keeps.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, ClassVar

import pytest
from support.samples import sample

from headroom.integrations.adapter import Adapter
from headroom.pipeline import Pipeline
from headroom.transforms.base import Compressor
from headroom.transforms.pipeline import DEFAULT_TRANSFORMS

QUESTION = "Which of the orders failed, and why?"
ERROR = sample("log_lines", 5)
OUTPUTS = (sample("json_rows"), sample("log_lines"), sample("search_lines", 3))


@dataclass(frozen=True)
class Script:
    """What the tool returns, call by call; those whose index is in `failing` it raises as errors."""

    outputs: tuple[str, ...] = OUTPUTS
    failing: frozenset[int] = frozenset()
    question: str = QUESTION


@dataclass
class Seen:
    """What came of one run, as JSON values without what differs from run to run (random ids, times).

    `requests` are what the model was sent, one a call; `history` is what the application keeps; `executed` how often
    the tool ran.
    """

    requests: list[Any]
    history: Any
    answer: str
    executed: int


@dataclass
class _Change:
    path: str
    before: Any
    after: Any


@dataclass
class _Compared:
    """Where two JSON values differ, leaf by leaf."""

    changes: list[_Change] = field(default_factory=list)

    def walk(self, before: Any, after: Any, path: str = "$") -> _Compared:
        if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
            for key in before:
                self.walk(before[key], after[key], f"{path}.{key}")
        elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
            for index, pair in enumerate(zip(before, after, strict=True)):
                self.walk(*pair, f"{path}[{index}]")
        elif before != after:
            self.changes.append(_Change(path, before, after))
        return self


def changes(before: Any, after: Any) -> list[_Change]:
    """Return the leaves in which two JSON values differ."""
    return _Compared().walk(before, after).changes


def restored(text: str) -> set[str]:
    """Return what the decoders make of a short text."""
    found = set()
    for transform in DEFAULT_TRANSFORMS:
        if isinstance(transform, Compressor):
            try:
                decoded = transform.decode(text)
            except ValueError:
                continue
            found.add(decoded)
    return found


def same_value(one: str, other: str) -> bool:
    """Say whether two texts are equal, or are JSON of equal value."""
    try:
        return one == other or json.loads(one) == json.loads(other)
    except ValueError:
        return False


class AdapterContract(ABC):
    """Subclass it, name the class `Test...`, and say how to run one agent."""

    modes: ClassVar[tuple[str, ...]] = ("sync", "async", "stream")
    """In which of `sync`, `async`, `stream` and `async-stream` the framework runs agents."""
    knows_errors: ClassVar[bool] = True
    """Whether the framework tells its adapters which results are errors."""

    @abstractmethod
    def run(self, script: Script, mode: str, *, layers: int) -> Seen:
        """Run one agent to its end in a mode, under so many layers of the adapter: 0 is without us."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "mode" in metafunc.fixturenames:
            metafunc.parametrize("mode", self.modes)

    def test_the_model_gets_the_short_form_and_nothing_else_changes(self, mode: str) -> None:
        plain, short = (self.run(Script(), mode, layers=n) for n in (0, 1))
        found = changes(plain.requests, short.requests)
        assert {change.before for change in found} == set(OUTPUTS), [change.path for change in found]
        for change in found:
            assert len(change.after) < len(change.before)
            assert any(same_value(text, change.before) for text in restored(change.after)), change.path

    def test_the_application_keeps_the_whole(self, mode: str) -> None:
        plain, short = (self.run(Script(), mode, layers=n) for n in (0, 1))
        assert short.history == plain.history
        kept = json.dumps(short.history)
        assert all(json.dumps(text)[1:-1] in kept for text in OUTPUTS)

    def test_the_answer_and_the_number_of_tool_runs_are_the_same(self, mode: str) -> None:
        plain, short = (self.run(Script(), mode, layers=n) for n in (0, 1))
        assert (short.answer, short.executed) == (plain.answer, plain.executed)
        assert len(short.requests) == len(plain.requests) == len(OUTPUTS) + 1
        assert short.executed == len(OUTPUTS)

    def test_what_was_sent_stands_on_later_turns(self, mode: str) -> None:
        conversations = [_conversation(request) for request in self.run(Script(), mode, layers=1).requests]
        for earlier, later in pairwise(conversations):
            assert later[: len(earlier)] == earlier

    def test_errors_stay_errors_and_whole(self, mode: str) -> None:
        script = Script(outputs=(OUTPUTS[0], ERROR, OUTPUTS[2]), failing=frozenset({1}))
        plain, short = (self.run(script, mode, layers=n) for n in (0, 1))
        changed = {change.before for change in changes(plain.requests, short.requests)}
        assert changed >= {OUTPUTS[0], OUTPUTS[2]}
        assert not (self.knows_errors and any(ERROR in text for text in changed))
        assert short.history == plain.history

    def test_two_layers_are_one(self, mode: str) -> None:
        once, twice = (self.run(Script(), mode, layers=n) for n in (1, 2))
        assert twice.requests == once.requests
        assert twice.history == once.history

    @pytest.mark.parametrize(("owner", "name"), [(Adapter, "_counted"), (Pipeline, "rewrite")])
    def test_whatever_fails_in_us_the_call_goes_on_as_it_came(
        self, mode: str, owner: type, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plain = self.run(Script(), mode, layers=0)
        monkeypatch.setattr(owner, name, _broken)
        short = self.run(Script(), mode, layers=1)
        assert short.requests == plain.requests
        assert (short.history, short.answer) == (plain.history, plain.answer)


def _broken(*_: object, **__: object) -> Any:
    raise RuntimeError("broken on purpose")


def _conversation(request: Any) -> list[Any]:
    """Return the messages of a request body, whatever the wire calls them."""
    return next(list(request[key]) for key in ("messages", "input", "contents") if key in request)
