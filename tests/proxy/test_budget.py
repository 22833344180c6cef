"""Budgets: reserved before anything is sent, settled as reported, for everybody and for each key, period by period."""

import asyncio
import json
import logging
from datetime import UTC, datetime

import pytest
from proxy.bench import proxied, request
from proxy.metered import JSON, KEY, OTHER_KEY, PATHS, answering, asked, body_for, limited, post, reported
from proxy.net import Upstream, connected
from proxy.test_limits import called
from support.drive import Inner, answer_of, chunked, drive, scope_of

from headroom.proxy.asked import Asked
from headroom.proxy.budget import Budget, period_of
from headroom.proxy.config import ProxyConfig
from headroom.proxy.refusals import PriceUnknownError
from headroom.state.counters_memory import MemoryCounters

CHAT = "/v1/chat/completions"
GPT = "gpt-5"  # 1.25 and 10 USD a million
A_THOUSAND_OUT = reported(0, 1_000)  # 0.01 USD


def at(*date):
    return datetime(*date, tzinfo=UTC).timestamp()


def chat(*headers, **fields):
    return post(CHAT, *headers, **{"model": GPT, "max_tokens": 1_000, **fields})


def figures(answer):
    return json.loads(answer.body)["cost"]["budget"]


# ---- over every row


def cost_of(path, answer, **options):
    _, stats = asked(
        Upstream(answering(answer)), post(path, model=GPT), request("GET", "/stats"), budget=500.0, **options
    )
    assert figures(stats)["reserved_usd"] == 0
    return figures(stats)["spent_usd"]


@pytest.mark.parametrize("path", [path for path in PATHS if "count" not in path and not path.endswith("batches")])
def test_what_a_request_has_cost_is_what_its_provider_reported(path):
    in_path = {"gemini": 30 + 0.18, "claude-sonnet-4-5:": 6 + 0.0225}  # with a long prompt; elsewhere the body names it
    expected = next((cost for model, cost in in_path.items() if model in path), 1.25 + 0.01)
    assert cost_of(path, reported(1_000_000, 1_000), unknown_price="count") == pytest.approx(expected)


@pytest.mark.parametrize("path", [path for path in PATHS if "count" in path])
def test_counting_tokens_is_free(path):
    assert cost_of(path, reported(1_000_000, 1_000), unknown_price="count") == 0


def test_a_batch_costs_half_of_what_was_reserved_for_it():
    body = {"requests": [{"params": {"model": "claude-opus-5", "max_tokens": 2_000}}] * 3}
    raw = json.dumps(body).encode()
    answers = asked(
        Upstream(answering(b"{}")),
        request("POST", "/v1/messages/batches", raw, JSON),
        request("GET", "/stats"),
        budget=1.0,
    )
    expected = (-(-len(raw) // 4) * 5e-6 + 6_000 * 25e-6) / 2
    assert figures(answers[-1])["spent_usd"] == pytest.approx(expected)


# ---- reserve and settle


def test_many_requests_at_once_cannot_spend_more_than_there_is():
    """Each may cost 0.01 USD and a little for its input, and does: of 64 at once three fit into 0.04 USD."""

    async def run():
        gate = Gate(64)
        upstream = Upstream(gate.answer)
        async with proxied(upstream, budget=0.04) as port:
            results = asyncio.gather(*(one_of_many(port, gate) for _ in range(64)))
            await gate.all_decided.wait()
            running = len(upstream.seen)
            gate.opened.set()
            statuses = await results
            async with connected(port) as client:
                await client.send(request("GET", "/stats"))
                return running, statuses, figures(await client.answer())

    running, statuses, view = asyncio.run(run())
    assert running == statuses.count(200) == 3
    assert statuses.count(429) == 61
    assert view["spent_usd"] == pytest.approx(0.03)
    assert view["reserved_usd"] == 0


async def one_of_many(port, gate):
    async with connected(port) as client:
        await client.send(chat())
        answer = await client.answer()
        gate.decided(answer.status == 429)
        return answer.status


class Gate:
    """A provider that answers nobody before it is known of all requests whether they are let through."""

    def __init__(self, requests):
        self.opened = asyncio.Event()
        self.all_decided = asyncio.Event()
        self._open = requests

    def decided(self, is_news):
        self._open -= is_news
        if not self._open:
            self.all_decided.set()

    async def answer(self, call):
        self.decided(True)
        await self.opened.wait()
        await answering(A_THOUSAND_OUT)(call)


def test_while_others_hold_the_rest_it_is_worth_trying_again_and_later_it_is_not():
    counters = MemoryCounters()
    limits = limited(counters=counters, budget=0.015)
    body = body_for(CHAT, model=GPT, max_tokens=1_000)
    asyncio.run(limits.quota.claim(limits.budget.claims("", Asked((GPT,), 0, 1_000))))
    status, headers, _ = called(limits, body=body)
    assert (status, headers[b"retry-after"]) == (429, b"1")
    assert b"x-should-retry" not in headers
    spent = limited(
        Inner(chunks=(reported(0, 2_000),)), budget=0.015, budget_period="monthly", clock=lambda: at(2026, 11, 1)
    )
    assert called(spent, body=body)[0] == 200
    status, headers, _ = called(spent, body=body)
    assert status == 429
    assert headers[b"x-should-retry"] == b"false"


def test_a_key_has_a_budget_of_its_own():
    upstream = Upstream(answering(A_THOUSAND_OUT))
    answers = asked(upstream, *[chat(key) for key in (KEY, KEY, OTHER_KEY, OTHER_KEY)], budget_per_key=0.015)
    assert [one.status for one in answers] == [200, 429, 200, 429]
    assert "of this key" in json.loads(answers[1].body)["error"]["message"]
    assert len(upstream.seen) == 2


def test_everybodys_budget_and_a_keys_hold_together():
    answers = asked(Upstream(answering(A_THOUSAND_OUT)), chat(KEY), chat(OTHER_KEY), budget=0.015, budget_per_key=1.0)
    assert [one.status for one in answers] == [200, 429]


@pytest.mark.parametrize("status", [400, 500])
def test_what_fails_costs_nothing(status):
    *_, stats = asked(Upstream(answering(b"{}", status)), chat(), request("GET", "/stats"), budget=1.0)
    assert (figures(stats)["spent_usd"], figures(stats)["reserved_usd"]) == (0, 0)


def spent_after(inner, **fields):
    limits = limited(inner, budget=10.0)
    called(limits, body=body_for(CHAT, model=GPT, **{"max_tokens": 1_000, **fields}))
    return asyncio.run(limits.view())["cost"]["budget"]["spent_usd"]


def test_cached_input_costs_what_cached_input_costs():
    spent = spent_after(Inner(chunks=(reported(1_000_000, 0, 900_000),)))
    assert spent == pytest.approx(0.1 * 1.25 + 0.9 * 0.125)


def test_a_stream_is_settled_as_it_reports():
    events = (
        b'data: {"choices": []}\n\ndata: {"choices": [], "usage": {"prompt_tokens": 0, "completion_tokens": 500}}\n\n'
    )
    head = ((b"content-type", b"text/event-stream"),)
    assert spent_after(Inner(headers=head, chunks=(events, b"data: [DONE]\n\n")), stream=True) == pytest.approx(0.005)


def test_a_stream_that_is_cut_costs_what_went_by_and_no_more_than_was_reserved():
    class CutError(Exception):
        pass

    def cutting(size):
        async def inner(scope, receive, send):
            await send(
                {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]}
            )
            await send({"type": "http.response.body", "body": b":" * size, "more_body": True})
            raise CutError

        return inner

    def spent(size):
        limits = limited(cutting(size), budget=10.0)
        body = body_for(CHAT, model=GPT, max_tokens=1_000)
        with pytest.raises(CutError):
            called(limits, body=body)
        return asyncio.run(limits.view())["cost"]["budget"]["spent_usd"] - -(-len(body) // 4) * 1.25e-6

    assert spent(400) == pytest.approx(100 * 10e-6, abs=1e-9)
    assert spent(1_000_000) == pytest.approx(1_000 * 10e-6, abs=1e-9)


# ---- unknown prices


def unknown(policy, budget=0.1, times=3):
    limits = limited(Inner(chunks=(A_THOUSAND_OUT,)), budget=budget, unknown_price=policy)
    body = body_for(CHAT, model="nobody-knows", max_tokens=10)
    return limits, [called(limits, body=body) for _ in range(times)]


def test_requests_of_unknown_price_are_not_counted_by_default_and_named_once(caplog):
    with caplog.at_level(logging.WARNING, "headroom.proxy"):
        limits, answers = unknown(ProxyConfig().unknown_price)
    assert [status for status, *_ in answers] == [200] * 3
    assert [record.getMessage() for record in caplog.records if "price" in record.getMessage()] == [
        "the price of model 'nobody-knows' is not known (--unknown-price ignore)"
    ]
    view = asyncio.run(limits.view())["cost"]["budget"]
    assert (view["spent_usd"], view["unknown_models"]) == (0, ["nobody-knows"])


def test_requests_of_unknown_price_are_counted_at_the_highest():
    _, answers = unknown("count", times=2)
    assert [status for status, *_ in answers] == [200, 429]


def test_requests_of_unknown_price_are_blocked():
    inner = Inner()
    limits = limited(inner, budget=1.0, unknown_price="block")
    status, headers, body = called(limits, body=body_for(CHAT, model="nobody-knows"))
    assert (status, inner.received, json.loads(body)["error"]["code"]) == (403, [], "price_unknown")
    assert b"retry-after" not in headers
    assert called(limits, body=body_for(CHAT, model=GPT))[0] == 200


def test_names_of_unknown_models_are_bounded():
    budget = Budget(ProxyConfig(budget=1.0))
    for number in range(200):
        assert budget.price(Asked(("x" * 1_000 + str(number),))) is None
        assert budget.price(Asked((str(number) + "x" * 1_000,))) is None
    assert len(budget.unpriced) == 50
    assert max(map(len, budget.unpriced)) == 100


def test_a_batch_for_several_models_has_the_price_of_the_dearest():
    budget = Budget(ProxyConfig(budget=1.0))
    assert budget.price(Asked(("claude-haiku-4-5", "claude-opus-5"))).model == "claude-opus-5"
    assert budget.price(Asked(("claude-haiku-4-5", "nobody-knows"))) is None
    assert budget.unpriced == {"nobody-knows"}


def test_a_body_that_hides_its_model_has_no_known_price():
    budget = Budget(ProxyConfig(budget=1.0, unknown_price="block"))
    with pytest.raises(PriceUnknownError):
        budget.claims("", Asked())


@pytest.mark.parametrize("kind", [b"text/plain", b"application/json; charset=utf-8", b"", b"application/octet-stream"])
def test_the_type_that_a_client_claims_changes_nothing(kind):
    limits = limited(Inner(chunks=(A_THOUSAND_OUT,)), budget=0.013)
    body = body_for(CHAT, model=GPT, max_tokens=1_000)
    scope = scope_of(CHAT, headers=[(b"content-type", kind)])
    assert [answer_of(drive(limits, scope, chunked(body, 99)))[0] for _ in range(2)] == [200, 429]


# ---- periods


@pytest.mark.parametrize(
    ("kind", "now", "name", "ends"),
    [
        ("hourly", at(2026, 11, 21, 23, 59, 59), "2026-11-21T23", at(2026, 11, 22)),
        ("daily", at(2026, 12, 31, 23, 59, 59), "2026-12-31", at(2027, 1, 1)),
        ("daily", at(2028, 2, 28), "2028-02-28", at(2028, 2, 29)),
        ("monthly", at(2026, 1, 31, 12), "2026-01", at(2026, 2, 1)),
        ("monthly", at(2026, 12, 1), "2026-12", at(2027, 1, 1)),
    ],
)
def test_periods_are_those_of_utc(kind, now, name, ends):
    assert period_of(kind, now) == (name, ends)
    assert period_of(kind, ends)[0] != name


@pytest.mark.parametrize(("kind", "seconds"), [("hourly", 3_600), ("daily", 86_400), ("monthly", 30 * 86_400)])
def test_a_new_period_begins_with_the_whole_budget(kind, seconds):
    now = [at(2026, 11, 1) + 10]

    def clock():
        return now[0]

    limits = limited(
        Inner(chunks=(A_THOUSAND_OUT,)), MemoryCounters(clock=clock), clock=clock, budget=0.015, budget_period=kind
    )
    body = body_for(CHAT, model=GPT, max_tokens=1_000)
    assert [called(limits, body=body)[0] for _ in range(2)] == [200, 429]
    now[0] += seconds - 11
    assert called(limits, body=body)[0] == 429
    now[0] += 1
    assert [called(limits, body=body)[0] for _ in range(2)] == [200, 429]


def test_what_runs_over_the_end_of_a_period_is_spent_in_the_one_it_began_in():
    now = [at(2026, 11, 21, 23, 59, 50)]

    async def slow(scope, receive, send):
        now[0] += 60
        await Inner(chunks=(A_THOUSAND_OUT,))(scope, receive, send)

    limits = limited(slow, MemoryCounters(clock=lambda: now[0]), clock=lambda: now[0], budget=0.015)
    called(limits, body=body_for(CHAT, model=GPT, max_tokens=1_000))
    view = asyncio.run(limits.view())["cost"]["budget"]
    assert (view["period"], view["spent_usd"]) == ("2026-11-22", 0)


def test_the_view_shows_what_is_left():
    answers = asked(
        Upstream(answering(A_THOUSAND_OUT)), chat(), request("GET", "/stats"),
        budget=1.0, budget_per_key=0.5, budget_period="monthly",
    )  # fmt: skip
    view = figures(answers[-1])
    assert view["limit_usd"] == 1.0
    assert view["limit_per_key_usd"] == 0.5
    assert (view["spent_usd"], view["reserved_usd"], view["remaining_usd"]) == (0.01, 0.0, 0.99)
    assert len(view["period"]) == len("2026-11")
