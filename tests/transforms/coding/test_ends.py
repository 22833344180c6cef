"""The plainest choice: first and last lines, a note in place of the rest, and all of it to be had."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.retrieval import handles_in, retrieving
from support.samples import SAMPLES, sample
from support.wires import Step, body_of, encoded, outputs_of

from headroom.pipeline import Exchange
from headroom.policy import Policy
from headroom.transforms.coding.ends import KEPT, ends

PLAIN = Policy(by_importance=False, min_lossy_share=0.1, block_seconds=60, request_seconds=600)


@given(st.lists(st.text(alphabet="ab[]", max_size=3), max_size=200))
def test_what_stays_are_the_lines_at_both_ends(lines: list[str]) -> None:
    found = ends(lines)
    if len(lines) <= 2 * KEPT:
        assert found is None
        return
    assert found is not None
    text, note = found
    kept = text.split("\n")
    assert kept == [*lines[:KEPT], kept[KEPT], *lines[-KEPT:]]
    missing = len(lines) - 2 * KEPT
    assert note.startswith(f"{missing} of {len(lines)} lines left out")
    first, last = KEPT + 1, len(lines) - KEPT
    assert kept[KEPT] == (f"[line {first} left out]" if missing == 1 else f"[lines {first}-{last} left out]")


@pytest.mark.parametrize("kind", SAMPLES)
def test_whatever_the_kind_the_whole_text_can_be_had_again(kind: str) -> None:
    text = "\n".join(sample(kind, seed) for seed in range(6))
    body = encoded(body_of("openai-chat", [Step(text)], tools=True))
    outcome = retrieving(policy=PLAIN).run(body, None, Exchange("r"))
    (after,) = outputs_of("openai-chat", json.loads(outcome.body))
    assert outcome.tokens_after <= outcome.tokens_before
    assert [outcome.originals[handle] for handle in handles_in(after)] == [text] * len(handles_in(after))


def test_no_line_survives_because_of_what_it_says() -> None:
    lines = [f"2026-11-21 10:00:00 INFO step {n} of {n * n % 101} done" for n in range(300)]
    lines[150] = "2026-11-21 10:00:00 ERROR the disk is full"
    body = encoded(body_of("openai-chat", [Step("\n".join(lines))], tools=True))
    for policy, stays in ((PLAIN, False), (Policy(min_lossy_share=0.1), True)):
        (after,) = outputs_of("openai-chat", json.loads(retrieving(policy=policy).run(body, None, Exchange("r")).body))
        assert ("disk is full" in after) is stays
        assert handles_in(after)
