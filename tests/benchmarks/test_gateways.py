"""The comparison of gateways in a tiny form, with a gateway of ours in the place of others."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import gateways
from benchmarks.gateways import TINY, Gateway, Measured, bars, report
from benchmarks.peers import Peer, PeerError, installed_from_npm
from benchmarks.processes import free_port, serving

ROOT = Path(__file__).parents[2]


def command(program, url, port, work):
    assert program == Path("/program")
    run = f"import sys; sys.path[:0] = {sys.path!r}; from headroom.cli import main; sys.exit(main(sys.argv[1:]))"
    return [sys.executable, "-c", run, "proxy", "--port", str(port), "--workspace-dir", str(work)]


STAND_IN = Gateway("another", Peer("another", "none"), command, upstream_variable="OPENAI_TARGET_API_URL")
OWN = ("bare relay", "headroom", "headroom, 2 workers")
MISSING = Gateway("missing", Peer("missing", "missing"), command)


@pytest.fixture
def plan(monkeypatch):
    def install(peer):
        if peer is MISSING.peer:
            raise PeerError("there is no such thing")
        return Path("/program/bin/python")

    monkeypatch.setattr(gateways, "installed", install)
    return replace(TINY, gateways=(STAND_IN, MISSING))


def test_every_gateway_is_measured_in_every_case_and_who_is_missing_is_named(plan):
    found = report(plan)
    sides, rest, missing = found.tables
    assert [row[0] for row in sides.rows] == ["direct", *OWN, "another"] * 2
    assert [row[0] for row in rest.rows] == [*OWN, "another"]
    assert missing.rows == [("missing: there is no such thing",)]
    assert found.command == "make bench-hop PEERS=1"
    assert [bar.unit for bar in found.bars] == ["s", "s"]
    json.dumps(found.as_json())


def test_the_bar_is_how_much_faster_than_the_fastest_of_the_others():
    rows = [
        Measured(name, "1 KB", n, 1, 2, rate, 0.5)
        for name, rate in (("headroom", 900), ("portkey", 100))
        for n in (1, 16)
    ]
    assert [(bar.value, bar.held) for bar in bars(rows)] == [(9, True), (0.5, True)]


def test_a_program_that_ends_instead_of_listening_is_an_error(tmp_path):
    with pytest.raises(TimeoutError), serving([sys.executable, "-c", "print('no')"], free_port(), tmp_path):
        pass
    assert (tmp_path / "output.txt").read_text() == "no\n"


def test_what_npm_cannot_install_is_a_peer_error(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PeerError):
        installed_from_npm(Peer("nobody", "nobody@1.0.0"), tmp_path)
