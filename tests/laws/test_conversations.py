"""L3 in worker processes that take turns, forget, are killed and started anew; `make conversations` runs many more."""

from itertools import product
from random import Random

import pytest
from support.conversations import run
from support.growing import SINGLE, Watch, conversation, turns_of
from support.workers import Worker


def test_what_was_sent_stands_whoever_works_on_the_later_turns():
    seen = run(6, seed=1, kill_every=4)
    assert seen.breaks == []
    assert seen.conversations == 6 * len(SINGLE)
    assert seen.compared > seen.conversations
    assert seen.kills
    assert seen.references
    assert seen.retrievable
    assert seen.bytes_out < seen.bytes_in


def test_workers_on_one_store_agree_in_mode_cache_though_one_is_killed(tmp_path):
    """What came before we did, and what was sent shortened, is told by the store alone."""
    settings = {"mode": "cache", "store": f"sqlite:{tmp_path / 'store'}"}
    changed = 0
    with Worker(1, **settings) as one, Worker(2, **settings) as other:
        for wire, joined_at in product(SINGLE, (0, 2)):
            watch = Watch(wire)
            bodies = list(turns_of(wire, conversation(Random(f"{joined_at} {wire}"), 6)))
            for turn, body in list(enumerate(bodies))[joined_at:]:
                sent = (one, other)[turn % 2].ask(wire, body)
                assert watch.broken(sent) == [], (wire, turn)
                if (wire, joined_at, turn) == (SINGLE[1], 2, 3):
                    other.restart()
            changed += b" | headroom_retrieve hash=" in sent
    assert changed > len(SINGLE)


DAMAGES = {
    "an old word": (b"Find out", b"Find_out"),
    "a blank between": (b'"tools":', b'"tools" :'),
    "a blank in a message": (b'"role":', b'"role" :'),
    "a tool": (b"Run a command", b"Run commands"),
}


@pytest.mark.parametrize("damage", sorted(DAMAGES))
@pytest.mark.parametrize("wire", SINGLE)
def test_the_watch_sees_every_byte_and_what_is_gone(wire, damage):
    first, second = turns_of(wire, conversation(Random("watched"), 2))
    damaged = second.replace(*DAMAGES[damage], 1)
    whole, watched, back = Watch(wire), Watch(wire), Watch(wire)
    assert [whole.broken(first), whole.broken(second)] == [[], []]
    assert watched.broken(first) == []
    assert watched.broken(damaged) != []
    assert [back.broken(second), back.broken(first)] == [[], ["messages"]]
