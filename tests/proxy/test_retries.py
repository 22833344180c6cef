"""Repeats are few, short and budgeted."""

import pytest

from headroom.proxy.retries import LONGEST_PAUSE, Retries


def test_pauses_grow_while_the_upstream_names_none() -> None:
    retries = Retries(3)
    assert [retries.pause(attempt, 503, {}) for attempt in range(4)] == [0.25, 0.5, 1.0, None]


@pytest.mark.parametrize("value", ["2", "0", "1.5"])
def test_a_short_retry_after_is_honoured(value: str) -> None:
    assert Retries(1).pause(0, 429, {"retry-after": value}) == float(value)


@pytest.mark.parametrize("value", [str(LONGEST_PAUSE + 1), "Wed, 21 Oct 2026 07:28:00 GMT", "-1", "nan", "inf", "x"])
def test_a_long_or_odd_retry_after_leaves_it_to_the_client(value: str) -> None:
    assert Retries(1).pause(0, 429, {"retry-after": value}) is None


def test_a_failed_connect_counts_as_not_accepted() -> None:
    assert Retries(1).pause(0, 0, {}) is not None


@pytest.mark.parametrize("status", [200, 400, 401, 500, 504])
def test_other_statuses_stand(status: int) -> None:
    assert Retries(5).pause(0, status, {}) is None


def test_the_budget_keeps_repeats_to_a_fifth_of_the_traffic() -> None:
    retries = Retries(1)
    granted = 0
    for _ in range(1000):
        retries.began()
        granted += retries.pause(0, 503, {}) is not None
    assert 200 <= granted <= 210
