"""Every row of the route table, whatever no row matches, and every WebSocket obey every rule of the proxy."""

from __future__ import annotations

import asyncio

import pytest
from proxy.rows import (
    careless,
    rules_bodies,
    rules_door,
    rules_headers,
    rules_limits,
    rules_sockets,
    rules_upstreams,
    stand,
)
from proxy.rows.table import ROWS, RULES, Row, Rule, rows_of
from websockets.exceptions import WebSocketException

from headroom.providers import routes
from headroom.providers.routes import Route
from headroom.providers.vendors import OPENAI

MODULES = (rules_bodies, rules_door, rules_headers, rules_limits, rules_sockets, rules_upstreams)
CASES = [pytest.param(one, row, id=f"{one.name}-{row.name}") for one in RULES for row in ROWS if one.applies(row)]
DUMMY = Route("dummy", "/dummy", "openai-chat", OPENAI, "/v1/dummy")
PATIENCE_SECONDS = 20.0
SHORT_SECONDS = 0.5


def held(one: Rule, row: Row, seconds: float = PATIENCE_SECONDS) -> None:
    """Hold a row to a rule. Raises AssertionError if it breaks it, TimeoutError if what should happen does not."""

    async def run() -> None:
        async with asyncio.timeout(seconds):
            await one.check(row)

    asyncio.run(run())


@pytest.fixture
def dummies(monkeypatch: pytest.MonkeyPatch) -> list[Row]:
    """A row that somebody adds to the table, as a request and as a socket."""
    monkeypatch.setattr(routes, "ROUTES", (*routes.ROUTES, DUMMY))
    monkeypatch.setitem(routes._BY_END, "dummy", (DUMMY,))
    return [row for row in rows_of(routes.ROUTES) if row.path == DUMMY.example]


@pytest.mark.parametrize(("one", "row"), CASES)
def test_every_row_obeys_every_rule(one: Rule, row: Row) -> None:
    held(one, row)


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.name)
def test_a_new_row_is_held_to_every_rule_and_obeys_it_by_being_in_the_table(one: Rule, dummies: list[Row]) -> None:
    assert len(dummies) == 2
    obeyed = [held(one, row) for row in dummies if one.applies(row)]
    assert obeyed


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.name)
def test_a_new_row_with_a_way_of_its_own_breaks_every_rule(
    one: Rule, dummies: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stand, "made", careless.made)
    for row in dummies:
        if one.applies(row):
            with pytest.raises((AssertionError, TimeoutError, EOFError, WebSocketException)):
                held(one, row, SHORT_SECONDS)


def test_no_row_is_left_out_and_no_module_without_rules() -> None:
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)
    for route in routes.ROUTES:
        assert {route.name, f"socket.{route.name}"} <= set(names)
    for row in ROWS:
        assert sum(one.applies(row) for one in RULES) >= 15, row.name
    assert {one.check.__module__ for one in RULES} == {module.__name__ for module in MODULES}
