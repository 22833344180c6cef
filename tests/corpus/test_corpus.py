"""Real tool outputs: what is saved, what stays visible, and that everything can be restored."""

import pytest

from benchmarks.corpus import CONVERSATION, SHARED, load
from benchmarks.probes import Recall, normal, probes_of, recall
from headroom import compress
from headroom.blocks import Block, Reason
from headroom.tokens import TokenCounter
from headroom.transforms.base import Compressor, Context
from headroom.transforms.pipeline import DEFAULT_TRANSFORMS

pytestmark = pytest.mark.corpus

ITEMS = load(SHARED)
OUTPUTS = [item for item in ITEMS if item.kind != CONVERSATION]
COMPRESSORS = [t for t in DEFAULT_TRANSFORMS if isinstance(t, Compressor)]
COUNT = TokenCounter("gpt-4o")


@pytest.fixture(scope="module")
def results():
    return {item.id: compress(item.as_messages(), "gpt-4o") for item in ITEMS}


@pytest.mark.parametrize("item", OUTPUTS, ids=lambda item: item.id)
def test_whatever_a_compressor_makes_of_an_output_restores_it(item):
    for compressor in COMPRESSORS:
        result = compressor.shrink(Block((), item.content, "tool"), Context(verify=False))
        if result is not None:
            assert compressor.decode(result.text) == compressor.normal(item.content, result.of)


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.id)
def test_no_output_grows_fails_or_changes_again(item, results):
    result = results[item.id]
    assert not {d.reason for d in result.decisions} & {Reason.FAILED, Reason.BUDGET}
    assert all(d.tokens_after <= d.tokens_before for d in result.decisions)
    assert compress(result.messages, "gpt-4o").messages is result.messages
    for before, after in zip(item.as_messages(), result.messages, strict=True):
        assert {**before, "content": 0} == {**after, "content": 0}


def test_a_third_and_more_is_saved_and_the_facts_stay(results):
    before = after = 0
    critical = needles = Recall()
    for item in OUTPUTS:
        text = item.text_of(results[item.id].messages)
        before += COUNT(item.content)
        after += COUNT(text)
        probes = probes_of(item)
        critical = critical.plus(recall(probes.critical, normal(text)))
        needles = needles.plus(recall(probes.needles, normal(text)))
    assert 1 - after / before >= 0.33
    assert critical.words / critical.tried >= 0.995
    assert critical.verbatim / critical.tried >= 0.93
    assert needles.words / needles.tried >= 0.998
