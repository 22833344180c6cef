"""The benchmark of one body, in a tiny form."""

import json

from benchmarks import bodies
from benchmarks.body import TINY, peak_memory, report
from benchmarks.stall import longest_stall
from headroom.providers import WIRES


def test_every_wire_is_measured_and_every_bar_has_a_figure():
    found = report(TINY)
    assert [row[0] for row in found.tables[0].rows] == list(WIRES)
    assert len(found.bars) == 4
    assert all(bar.value > 0 for bar in found.bars)
    json.dumps(found.as_json())


def test_peak_memory_sees_what_a_call_held_only_for_a_while():
    assert 1_000_000 < peak_memory(lambda: len(bytes(1_000_000))) < 1_100_000


def test_a_stall_is_a_time():
    stalled = longest_stall(bodies.body("openai-chat", 30_000), runs=1)
    assert 0 <= stalled < 60
