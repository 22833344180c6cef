"""Probing: which lines are looked at."""

from __future__ import annotations

from headroom.transforms.coding.probing import probe, share


def test_few_lines_are_looked_at_one_and_all() -> None:
    lines = [str(number) for number in range(47)]
    assert probe(lines) == lines


def test_of_many_lines_some_are_looked_at_from_end_to_end() -> None:
    found = probe([str(number) for number in range(1000)])
    assert found[0] == "0"
    assert int(found[-1]) > 950
    assert 24 <= len(found) < 48


def test_the_share_of_no_lines_is_none() -> None:
    assert share([], bool) == 0.0
    assert share(["a", ""], bool) == 0.5
