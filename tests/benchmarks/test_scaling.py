"""Growth of every compressor, in a tiny form."""

import json

from benchmarks import texts
from benchmarks.corpus import Item
from benchmarks.scaling import KIND_OF, Grown, report


def test_every_compressor_is_measured_and_every_bar_has_a_figure():
    items = [Item(kind, kind, texts.make(kind, 4_000)) for kind in texts.KINDS]
    found = report("test", items, sizes=(10_000, 20_000))
    growth, speed = found.tables
    assert {row[0] for row in growth.rows} == set(KIND_OF)
    assert sum(int(row[1]) for row in speed.rows) == len(items)
    assert len(found.bars) == 3
    json.dumps(found.as_json())


def test_ratios_are_of_each_size_to_the_one_before():
    assert Grown("x", (1.0, 2.0, 5.0), 1.0, 1.0).ratios == (2.0, 2.5)
