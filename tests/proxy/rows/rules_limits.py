"""Rules: nobody gets more than the operator grants, and who is refused is told when to come again."""

from __future__ import annotations

import asyncio
import json

from proxy.metered import answering, reported
from proxy.net import Answer, Call, Upstream, connected
from proxy.rows.stand import KEY, OTHER_KEY, assert_refused, raw, standing
from proxy.rows.table import ROWS, Row, is_request, rule

CHAT = ROWS[0]


def is_metered(row: Row) -> bool:
    """Say whether it is counted as one: of a Responses socket the requests are, not the handshake."""
    return not (row.is_socket and row.wire == "openai-responses")


def sends_tokens(row: Row) -> bool:
    """Say whether it has a body whose tokens count before it is sent."""
    return is_request(row)


def assert_later(answer: Answer, row: Row, code: str) -> None:
    """Check that it was refused in its provider's words, with the time to wait in whole seconds."""
    assert_refused(answer, row, 429, code)
    (seconds,) = answer.values(b"retry-after")
    assert int(seconds) >= 1


async def _too_much(row: Row, **options: int) -> None:
    async with standing(Upstream(answering()), **options) as stand:
        first, second, other = [await stand.ask(row, key) for key in (KEY, KEY, OTHER_KEY)]
        assert (first.status, other.status, len(stand.seen)) == (200, 200, 2)
        assert_later(second, row, "rate_limit_exceeded")
        figures = json.loads((await stand.get("/stats")).body)
        metrics = (await stand.get("/metrics")).body.decode()
    assert figures["refusals"] == {"rate_limit_exceeded": 1}
    assert 'headroom_refusals_total{code="rate_limit_exceeded"} 1.0' in metrics


@rule(is_metered)
async def requests_over_the_rate_are_refused(row: Row) -> None:
    await _too_much(row, rpm=1)


@rule(sends_tokens)
async def tokens_over_the_rate_are_refused(row: Row) -> None:
    await _too_much(row, tpm=1)


@rule(is_metered)
async def no_more_than_so_many_run_at_a_time(row: Row) -> None:
    gate = asyncio.Event()

    async def holding(call: Call) -> None:
        await gate.wait()
        await answering()(call)

    async with standing(Upstream(holding), max_concurrent=1) as stand, connected(stand.port) as first:
        await first.send(raw(row, KEY))
        await stand.upstream.asked.wait()
        assert_later(await stand.ask(row, KEY), row, "rate_limit_exceeded")
        gate.set()
        assert (await first.answer()).status == 200
        assert (await stand.ask(row, KEY)).status == 200
        assert len(stand.seen) == 2


@rule(is_request)
async def once_the_budget_is_spent_nothing_is_sent(row: Row) -> None:
    upstream = Upstream(answering(reported(0, 2_000)))
    body = json.dumps({"model": "gpt-5", "max_tokens": 1_000}).encode()  # 0.01 USD
    async with standing(upstream, budget=0.015, unknown_price="count") as stand:
        assert (await stand.ask(CHAT, body=body)).status == 200
        assert_later(await stand.ask(row, OTHER_KEY), row, "budget_exceeded")
        assert len(stand.seen) == 1


@rule(lambda row: is_request(row) and "count" not in row.name)
async def what_may_cost_more_than_there_is_is_not_sent(row: Row) -> None:
    async with standing(Upstream(answering()), budget=1e-9, unknown_price="count") as stand:
        assert_later(await stand.ask(row), row, "budget_exceeded")
        assert stand.seen == []
