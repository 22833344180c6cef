"""The fuzzers themselves: they find nothing in some hundred inputs, and whatever is broken they find."""

import time
from random import Random

import pytest

from headroom.ccr.retriever import Retriever
from headroom.ccr.streams.base import Weaver
from headroom.pipeline import Pipeline, run
from headroom.proxy import security, target
from headroom.proxy.origins import Origins
from tools.fuzz import __main__ as command
from tools.fuzz.running import execute, law

REACHED = {
    "bodies": ("not_json", "too_deep", "stands", "edited", "left out", "given the tool", "on its way"),
    "answers": ("relayed", "continued 1", "continued 4", "not continued"),
    "requests": ("stopped", "refused", "sent", "operator's key", "answered here"),
    "markers": ("retrieved", "refused"),
}
"""What inputs must come to, lest a fuzzer looks at nothing."""
COUNTS = {"bodies": 250, "answers": 600, "requests": 4_000, "markers": 4_000}


def broken(name: str, count: int) -> list[str]:
    return list(execute(name, command.TARGETS[name][0](), range(count)).broken.values())


@pytest.mark.parametrize("name", sorted(command.TARGETS))
def test_no_input_raises_hangs_or_breaks_a_law(name):
    figures = execute(name, command.check_of(name), range(COUNTS[name]))
    assert figures.broken == {}
    assert figures.executions == COUNTS[name]
    for way in REACHED[name]:
        assert any(way in one for one in figures.ways), way


def breaking_bodies(monkeypatch):
    splice = run.splice
    monkeypatch.setattr(run, "splice", lambda body, edits: splice(body, edits).replace(b'"model":', b'"model" :'))


def failing_open(monkeypatch):
    monkeypatch.setattr(Pipeline, "rewrite", lambda *_: 1 / 0)


def losing_bytes(monkeypatch):
    feed = Weaver.feed
    monkeypatch.setattr(Weaver, "feed", lambda self, chunk: feed(self, chunk)[:-1])


def allowing_every_upstream(monkeypatch):
    monkeypatch.setattr(Origins, "may_be_named", lambda *_: True)


def letting_every_host_in(monkeypatch):
    monkeypatch.setattr(security.Doorkeeper, "_is_known", lambda *_: True)


def passing_all_headers(monkeypatch):
    monkeypatch.setattr("tools.fuzz.requests.end_to_end", lambda headers, _: [(n.lower(), v) for n, v in headers])


def sending_secrets_everywhere(monkeypatch):
    plain = target.Upward
    secrets = (("authorization", "operators-own-key"),)
    monkeypatch.setattr(target, "Upward", lambda base, path, _=(): plain(base, path, secrets))


def believing_the_store(monkeypatch):
    monkeypatch.setattr(
        Retriever,
        "original",
        lambda self, handle: (self.store.get(self.tenant, handle) or b"").decode("utf-8", "ignore"),
    )


@pytest.mark.parametrize(
    ("name", "mutant"),
    [
        ("bodies", breaking_bodies),
        ("bodies", failing_open),
        ("answers", losing_bytes),
        ("requests", allowing_every_upstream),
        ("requests", letting_every_host_in),
        ("requests", passing_all_headers),
        ("requests", sending_secrets_everywhere),
        ("markers", believing_the_store),
    ],
)
def test_what_is_broken_is_found(name, mutant, monkeypatch):
    mutant(monkeypatch)
    told = broken(name, 100 if name in ("bodies", "answers") else 1_000)
    assert told
    assert all(one.startswith(f"{name}:") for one in told)


def test_a_failure_is_told_once_with_the_first_seed_that_runs_it_again():
    def check(r: Random) -> str:
        law(r.random() < 0.5, "a law")
        return "held"

    figures = execute("coin", check, range(100))
    (told,) = figures.broken.values()
    seed = told.partition("\n")[0].removeprefix("coin:")
    with pytest.raises(AssertionError, match="a law"):
        check(Random(f"coin {seed}"))
    assert figures.ways["coin: held"] + figures.ways["coin: WRONG"] == figures.executions == 100


def test_an_input_that_does_not_come_back_is_named():
    def check(r: Random) -> str:
        while r.random() >= 0:
            time.sleep(0.001)
        return ""

    figures = execute("loop", check, [7], seconds=0.2)
    ((kind, told),) = figures.broken.items()
    assert "HungError" in kind
    assert told.startswith("loop:7\n")


@pytest.mark.parametrize("name", sorted(command.TARGETS))
def test_the_same_seed_makes_the_same_input(name):
    first, second = (execute(name, command.TARGETS[name][0](), range(40)) for _ in range(2))
    assert first.ways == second.ways


def test_portions_are_all_executions_once_and_another_seed_has_others():
    first, second = ([(name, n) for name, seeds in command.portions(1_000, seed) for n in seeds] for seed in (0, 1))
    assert len(first) == len(set(first)) == 1_000
    assert not set(first) & set(second)


def test_the_command_tells_what_it_saw(capsys):
    assert command.main(["400", "--seed", "3"]) == 0
    told = capsys.readouterr().out
    assert "400 executions in" in told
    assert "0 kinds of failure" in told
    assert command.main(["--only", "markers:12"]) == 0
    assert capsys.readouterr().out.strip() in ("retrieved", "refused")
