"""The benchmark of compression over small items: sums, probes, peers."""

import json
import sys

import pytest

from benchmarks import corpus, texts
from benchmarks.compress import HANDLES, report, run, tables, ways
from benchmarks.corpus import Item, load, save, text_of
from benchmarks.peers import Peer, PeerError, answers
from benchmarks.probes import normal, probes_of, recall
from benchmarks.scoring import Answer, score, summaries

ROWS = json.dumps([{"id": n, "name": f"name {n}", "state": "active"} for n in range(80)], indent=1)
ITEMS = [
    Item("rows", "json_list", ROWS),
    Item("matches", "search", texts.make("search", 6_000)),
    Item("source", "code", "def area(width, height):\n    return width * height\n" * 40, "read_file", {"path": "a.py"}),
]
TALK = Item("talk", "conversation", messages=[{"role": "user", "content": [{"type": "text", "text": "Hello."}]}])


def test_every_item_and_way_has_its_row():
    found = report("test", [*ITEMS, TALK], tiers=("plain", "legend"))
    side, *by_kind, saved = found.tables
    assert [row[0] for row in side.rows] == ["plain", "legend", HANDLES]
    assert len(by_kind) == 2
    for kinds in by_kind:
        assert [row[0] for row in kinds.rows] == ["all tool outputs", "code", "conversation", "json_list", "search"]
    assert saved.heading == ("kind", "plain", "legend", HANDLES)
    assert len(found.bars) == 10
    json.dumps(found.as_json())


def test_savings_are_positive_and_facts_are_kept_on_rows():
    way, less = ways(ITEMS[:1], ["legend"], [])
    (whole, _) = way.summaries
    assert less.summaries[0].saved >= whole.saved
    assert whole.saved > 30
    assert whole.critical.words == whole.critical.tried > 0
    assert whole.inflated == whole.nondeterministic == 0


def test_what_is_lost_or_longer_or_unequal_is_counted():
    item = ITEMS[0]
    messages = item.as_messages()
    empty, longer = ([*messages[:-1], {**messages[-1], "content": text}] for text in ("", messages[-1]["content"] * 2))
    lost = score(item, Answer(empty, messages, 1.0))
    grown = score(item, Answer(longer, longer, 1.0))
    assert lost.critical.words == lost.needles.verbatim == 0 < lost.needles.tried
    (whole, _) = summaries([lost, grown])
    assert (whole.inflated, whole.nondeterministic) == (1, 1)


def test_files_are_shown_by_a_shell_and_conversations_go_as_they_are():
    call = ITEMS[2].as_messages()[2]["tool_calls"][0]["function"]
    assert call == {"name": "run_command", "arguments": '{"command": "cat a.py"}'}
    assert TALK.as_messages() is TALK.messages
    assert text_of(TALK.messages) == "Hello."


def test_items_survive_a_folder(tmp_path):
    save(ITEMS, tmp_path)
    assert load(tmp_path) == sorted(ITEMS, key=lambda item: item.id)


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path)


@pytest.mark.parametrize("kind", [*texts.KINDS, "json_doc", "build_output", "test_output", "trace", "prose"])
def test_all_probes_of_a_text_are_found_in_it(kind):
    text = (
        texts.make(kind if kind in texts.KINDS else "log", 12_000)
        + "\nTHE END\nError: not found in the last line of it\n"
    )
    probes = probes_of(Item("x", kind, text))
    assert probes == probes_of(Item("x", kind, text))
    for wanted in (probes.critical, probes.needles):
        found = recall(wanted, normal(text))
        assert found.tried == found.verbatim == found.words
    assert probes.needles or kind == "prose"


@pytest.mark.parametrize("kind", ["json_list", "log", "table", "listing", "search", "html", "diff", "code", "prose"])
def test_an_empty_text_has_no_probes(kind):
    assert probes_of(Item("x", kind, "")).critical == ()


def test_a_line_that_is_split_counts_by_words_only():
    found = recall(["src/app.py: import os"], normal("src/app.py\n  import os"))
    assert (found.verbatim, found.words) == (0, 1)


def test_a_way_that_cannot_run_is_named_with_its_reason():
    def fails(items):
        raise PeerError("no such library")

    table, *_ = tables([*ways(ITEMS[:1], ["legend"], []), run("peer", fails, ITEMS)])
    assert table.rows[-1][0] == "peer"
    assert table.rows[-1][-1] == "not here: no such library"
    assert len(table.rows[-1]) == len(table.heading)


@pytest.fixture
def environment(tmp_path):
    """Make a peer's environment of this very interpreter, so that nothing is installed."""
    peer = Peer("toon", "toon")
    folder = tmp_path / "toon" / "bin"
    folder.mkdir(parents=True)
    (folder / "python").symlink_to(sys.executable)
    (tmp_path / "toon" / ".ready").touch()
    return peer, tmp_path


def test_a_peer_that_is_not_installed_is_left_out_with_its_reason(environment):
    peer, cache = environment
    with pytest.raises(PeerError, match="toon_format"):
        answers(peer, ITEMS[:1], cache)


def test_a_named_folder_comes_first_and_recorded_items_last(tmp_path, monkeypatch):
    named, recorded = tmp_path / "named", tmp_path / "recorded"
    save(ITEMS[:1], named)
    save(ITEMS[1:2], recorded)
    monkeypatch.setattr(corpus, "SHARED", tmp_path / "missing")
    monkeypatch.setattr(corpus, "RECORDED", recorded)
    assert corpus.chosen(str(named)) == ("named", ITEMS[:1])
    assert corpus.chosen(None) == ("recorded on this machine", ITEMS[1:2])
