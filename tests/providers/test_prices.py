"""Prices: what a request costs by the list, and no guess for a model that is on none."""

import pytest

from headroom.providers.prices import DEAREST, NANO, PRICES, Price, price_of
from headroom.providers.wire import Usage


@pytest.mark.parametrize("price", PRICES, ids=lambda row: row.model)
def test_every_row_is_found_and_makes_sense(price):
    assert price_of(price.model) is price
    assert price_of(f"vendor/{price.model.upper()}") is price
    assert 0 < price.input <= DEAREST.input
    assert 0 <= price.output <= DEAREST.output
    assert price.read is None or price.read < price.input
    assert price.write is None or price.input < price.write < (price.write_hour or 1e9)


def test_no_model_has_two_prices():
    assert len({price.model for price in PRICES}) == len(PRICES)


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
        ("gpt-4-0613", "gpt-4"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("claude-opus-4-20250514", "claude-opus-4"),
        ("claude-3-5-sonnet-latest", "claude-3-5-sonnet"),
        ("gemini-2.5-flash-preview-09-2025", "gemini-2.5-flash"),
        ("gemini-2.0-flash-001", "gemini-2.0-flash"),
    ],
)
def test_editions_of_a_model_have_its_price(name, model):
    assert price_of(name).model == model


@pytest.mark.parametrize(
    "name",
    ["", "-", "gpt", "gpt-5.6", "gpt-4-32k", "gpt-4o-audio-preview", "claude-opus-4-9", "claude-opus-5-6-20270101",
     "gemini-2.5-flash-image", "gpt-5 (priority)", "ft:gpt-4o:acme", "gpt-4o-" + "1-" * 100_000],
)  # fmt: skip
def test_other_models_have_no_price(name):
    assert price_of(name) is None


def usd(model, *usage, **options):
    return price_of(model).cost(Usage(*usage), **options) / NANO


def test_the_parts_of_a_request_have_their_own_prices():
    assert usd("claude-sonnet-5", 1_000_000) == 2.0
    assert usd("claude-sonnet-5", 0, 1_000_000) == 10.0
    assert usd("claude-sonnet-4-6", 160_000, 1_000, 100_000, 50_000) == pytest.approx(0.03 + 0.015 + 0.03 + 0.1875)
    assert usd("claude-sonnet-4-6", 50_000, 0, 0, 50_000, for_an_hour=True) == pytest.approx(0.3)
    assert usd("gpt-5", 12, 3, 8) == pytest.approx(4 * 1.25e-6 + 8 * 0.125e-6 + 3 * 10e-6)


def test_what_the_list_does_not_tell_apart_costs_what_other_input_costs():
    assert usd("gpt-4-turbo", 1_000, 0, 600, 300) == pytest.approx(0.01)


def test_long_requests_have_the_prices_of_long_ones():
    assert usd("gemini-2.5-pro", 200_000, 100) == pytest.approx(0.25 + 0.001)
    assert usd("gemini-2.5-pro", 200_001, 100, 100_001) == pytest.approx(2 * (0.125 + 0.012500125) + 0.0015)


def test_reports_that_contradict_themselves_cost_no_less_than_nothing():
    assert Price("x", 1, 1, 0.1).cost(Usage(10, None, 100, None)) == 10_000
    assert Price("x", 1, 1).cost(Usage()) == 0
