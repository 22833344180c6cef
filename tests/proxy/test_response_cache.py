"""The response cache in the whole proxy: on every row alike, exact, each caller's apart, and not billed."""

import asyncio
import gzip
import json

import pytest
from proxy.bench import config_for, proxied, request
from proxy.cached import CACHED, CHAT, MESSAGES, OTHERS, ask_for, cold, numbered, replying, said
from proxy.metered import JSON, KEY, OTHER_KEY, answering, asked, reported
from proxy.net import Upstream, connected, saying

from headroom.providers.routes import ROUTES
from headroom.proxy.server import banner, create_app

everywhere = pytest.mark.parametrize("path", CACHED)
STATS = request("GET", "/stats")
CLEAR = request("POST", "/cache/clear", b"{}", JSON, KEY)
TOOLS = [{"type": "function", "function": {"name": "look"}}]


def two_answers() -> Upstream:
    return Upstream(replying(numbered(1)), replying(numbered(2)), replying(numbered(3)))


def results(*raws: bytes, **options):
    """Send requests one after another; what is said of the cache to each, and how many went on."""
    upstream = two_answers()
    return [said(one) for one in asked(upstream, *raws, **options)], len(upstream.seen)


def test_every_row_that_generates_whole_answers_is_cached_and_no_other():
    names = {row.name for row in ROUTES if row.example in CACHED}
    assert names == {
        *("openai.chat", "openai.responses", "anthropic.messages", "gemini.generate"),
        *("vertex.claude", "vertex.gemini", "bedrock.claude"),
    }


@everywhere
def test_the_same_request_gets_the_same_answer_and_nobody_is_asked(path):
    upstream = two_answers()
    first, second, third = asked(upstream, *[ask_for(path)] * 3)
    assert [said(first), said(second), said(third)] == [[b"miss"], [b"hit"], [b"hit"]]
    assert first.body == second.body == third.body == numbered(1)
    assert len(upstream.seen) == 1


@pytest.mark.parametrize("path", OTHERS)
def test_other_routes_are_never_cached(path):
    assert results(*[ask_for(path)] * 2) == ([[], []], 2)


@everywhere
def test_a_hit_has_the_headers_of_the_answer_but_those_of_one_exchange(path):
    lines = ("X-Own: kept", "Request-Id: r1", "Set-Cookie: a=b", "X-RateLimit-Remaining: 7")
    upstream = Upstream(replying(numbered(1), *lines))
    first, hit = asked(upstream, ask_for(path), ask_for(path))
    assert hit.values(b"x-own") == [b"kept"]
    assert hit.values(b"request-id") == [b"r1"]
    assert hit.values(b"set-cookie") == hit.values(b"x-ratelimit-remaining") == []
    assert first.values(b"set-cookie") == [b"a=b"]
    ids = [*first.values(b"x-headroom-request-id"), *hit.values(b"x-headroom-request-id")]
    assert len(set(ids)) == 2


@everywhere
def test_coded_answers_are_given_again_byte_for_byte(path):
    coded = gzip.compress(reported(12, 3))
    upstream = Upstream(replying(coded, "Content-Encoding: gzip"))
    accepts = (b"Accept-Encoding", b"gzip")
    first, hit, stats = asked(upstream, ask_for(path, accepts), ask_for(path, accepts), STATS)
    assert (hit.body, hit.values(b"content-encoding")) == (coded, [b"gzip"])
    assert said(hit) == [b"hit"]
    assert first.body == coded
    assert json.loads(stats.body)["response_cache"]["tokens_not_bought"] == {"input": 12, "output": 3}


def test_an_answer_in_chunks_is_given_again_with_its_length():
    body = numbered(1)
    pieces = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:5], body[5:])) + b"0\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    upstream = Upstream(saying(head, pieces))
    _, hit = asked(upstream, ask_for(CHAT), ask_for(CHAT))
    assert (said(hit), hit.body, hit.values(b"content-length")) == ([b"hit"], body, [b"%d" % len(body)])


@everywhere
def test_callers_do_not_get_each_others_answers(path):
    assert results(ask_for(path), ask_for(path, OTHER_KEY))[1] == 2


@everywhere
def test_callers_that_share_their_originals_do_not_share_answers(path):
    for options in ({"tenant": "team"}, {"lossless": True}, {"retrieval": "off"}):
        assert results(ask_for(path), ask_for(path, OTHER_KEY), **options)[1] == 2


@everywhere
@pytest.mark.parametrize("fields", [{"model": "another"}, {"user": "u"}, {"max_tokens": 9}, {"x": 1.0}])
def test_a_body_that_differs_in_anything_is_another_request(path, fields):
    assert results(ask_for(path), ask_for(path, **fields)) == ([[b"miss"], [b"miss"]], 2)


@pytest.mark.parametrize("name", [b"anthropic-beta", b"openai-beta", b"OpenAI-Organization", b"X-Headroom-Mode"])
def test_a_header_on_which_the_answer_may_depend_makes_another_request(name):
    value = b"cache" if name == b"X-Headroom-Mode" else b"a"
    assert results(ask_for(MESSAGES), ask_for(MESSAGES, (name, value)))[1] == 2


def test_another_upstream_is_another_request():
    async def run():
        one, other = Upstream(replying(numbered(1))), Upstream(replying(numbered(2)))
        async with other.listening() as url:
            named = (b"X-Headroom-Upstream", url.encode())
            async with proxied(one, allow_upstream=(url,)) as port, connected(port) as client:
                bodies = []
                for raw in (ask_for(CHAT), ask_for(CHAT, named), ask_for(CHAT), ask_for(CHAT, named)):
                    await client.send(raw)
                    bodies.append((await client.answer()).body)
        return bodies, len(one.seen), len(other.seen)

    assert asyncio.run(run()) == ([numbered(1), numbered(2)] * 2, 1, 1)


def test_an_upstream_that_is_not_allowed_is_refused_as_without_a_cache():
    answers = asked(Upstream(), *[ask_for(CHAT, (b"X-Headroom-Upstream", b"https://evil.test"))] * 2)
    assert [(one.status, said(one)) for one in answers] == [(403, [])] * 2


@everywhere
@pytest.mark.parametrize("status", [201, 400, 401, 429, 500, 529])
def test_errors_and_other_statuses_are_never_kept(path, status):
    upstream = Upstream(replying(numbered(1), status=status))
    answers = asked(upstream, *[ask_for(path)] * 2, retry_max_attempts=0)
    assert [(one.status, said(one)) for one in answers] == [(status, [b"miss"])] * 2
    assert len(upstream.seen) == 2


@everywhere
@pytest.mark.parametrize(
    "script",
    [
        replying(b"{}", kind="text/plain"),
        replying(b"data: {}\n\n", kind="text/event-stream"),
        replying(b"{broken"),
        replying(b"[]"),
        replying(b'{"error": {"message": "overloaded"}}'),
        replying(b'{"type": "error"}'),
        replying(b'{"status": "in_progress"}'),
        replying(b'{"status": "failed"}'),
        replying(b"{}", "Cache-Control: private, no-store"),
        replying(b"{}", "Content-Encoding: gzip"),
    ],
)
def test_answers_that_are_no_whole_json_object_or_tell_of_an_error_are_never_kept(path, script):
    upstream = Upstream(script)
    assert [said(one) for one in asked(upstream, *[ask_for(path)] * 2)] == [[b"miss"]] * 2
    assert len(upstream.seen) == 2


def test_an_answer_that_was_cut_is_never_kept():
    cut = saying(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\nConnection: close\r\n\r\n{}"
    )

    async def closing(call):
        await cut(call)
        call.writer.close()

    async def run():
        upstream = Upstream(closing, replying(numbered(1)))
        async with proxied(upstream) as port:
            for _ in range(2):
                async with connected(port) as client:
                    await client.send(ask_for(CHAT))
                    answer = await client.answer()
        return answer.body, len(upstream.seen)

    assert asyncio.run(run()) == (numbered(1), 2)


@everywhere
def test_hits_pass_limits_and_budgets_by(path):
    answers = asked(two_answers(), *[ask_for(path)] * 4, ask_for(path, x=1), rpm=1, tpm=1)
    assert [one.status for one in answers] == [200] * 4 + [429]


@everywhere
def test_hits_are_not_charged_to_the_budget(path):
    raws = (ask_for(path), STATS, ask_for(path), STATS)
    _, before, hit, after = asked(Upstream(answering()), *raws, budget=100, unknown_price="count")
    assert said(hit) == [b"hit"]
    spent = json.loads(before.body)["cost"]
    assert spent["budget"]["spent_usd"] > 0
    assert json.loads(after.body)["cost"] == spent


def test_nobody_gets_a_hit_past_the_door():
    token = (b"X-Headroom-Token", b"a-token")
    first, second, third = asked(
        two_answers(), ask_for(CHAT, token), ask_for(CHAT, token), ask_for(CHAT), token="a-token"
    )
    assert (said(first), said(second), said(third), third.status) == ([b"miss"], [b"hit"], [], 401)


@everywhere
def test_statistics_show_hits_apart_and_do_not_bill_them(path):
    *_, stats, metrics = asked(Upstream(answering()), *[ask_for(path)] * 3, STATS, request("GET", "/metrics"))
    view = json.loads(stats.body)
    cache = view["response_cache"]
    assert (cache["enabled"], cache["status"], cache["hits"], cache["misses"]) == (True, "ok", 2, 1)
    assert cache["tokens_not_bought"] == {"input": 24, "output": 6}
    assert cache["entries"] == 1
    assert cache["bytes"] > len(reported())
    assert view["requests"]["total"] == 1
    assert [one["input"] for one in view["provider_tokens"].values()] == [12]
    text = metrics.body.decode()
    assert 'headroom_response_cache_requests_total{result="hit"} 2.0' in text
    assert 'headroom_response_cache_tokens_total{kind="output"} 6.0' in text


@everywhere
def test_clearing_lets_the_callers_answers_go_and_nobody_elses(path):
    raws = [ask_for(path), ask_for(path, OTHER_KEY), CLEAR, ask_for(path), ask_for(path, OTHER_KEY)]
    upstream = Upstream(replying(numbered(1)))
    one, other, cleared, again, others = asked(upstream, *raws)
    assert json.loads(cleared.body) == {"status": "cleared"}
    assert [said(each) for each in (one, other, again, others)] == [[b"miss"], [b"miss"], [b"miss"], [b"hit"]]


def test_clearing_lets_the_answers_of_all_go_who_are_one_tenant():
    raws = [ask_for(CHAT), ask_for(CHAT, OTHER_KEY), CLEAR, ask_for(CHAT), ask_for(CHAT, OTHER_KEY)]
    answers = asked(Upstream(replying(numbered(1))), *raws, tenant="team")
    assert [said(each) for each in answers] == [[b"miss"], [b"miss"], [], [b"miss"], [b"miss"]]


def test_only_a_post_clears():
    answers = asked(two_answers(), ask_for(CHAT), request("GET", "/cache/clear", b"", KEY), ask_for(CHAT))
    assert (answers[1].status, said(answers[2])) == (405, [b"hit"])


@everywhere
def test_it_can_be_switched_off(path):
    upstream = two_answers()
    *answers, cleared, stats = asked(upstream, *[ask_for(path)] * 2, CLEAR, STATS, cache=False)
    assert ([said(one) for one in answers], len(upstream.seen)) == ([[], []], 2)
    assert json.loads(cleared.body) == {"status": "off"}
    assert json.loads(stats.body)["response_cache"]["enabled"] is False


@everywhere
def test_concurrent_requests_all_get_an_answer_of_theirs(path):
    async def one(port, raw):
        async with connected(port) as client:
            await client.send(raw)
            return await client.answer()

    async def run():
        upstream = Upstream(replying(numbered(1)))
        async with proxied(upstream) as port:
            answers = await asyncio.gather(*[one(port, ask_for(path)) for _ in range(8)])
            last = await one(port, ask_for(path))
        return answers, last

    answers, last = asyncio.run(run())
    assert {(answer.status, answer.body) for answer in answers} == {(200, numbered(1))}
    assert said(last) == [b"hit"]


@pytest.mark.parametrize("options", [{}, {"cache": False}, {"cache_all": True, "cache_tools": True}])
def test_the_start_says_what_is_given_again(options):
    assert ("never" in banner_of(**options)) is ("cache" in options)


def banner_of(**options):
    text = banner(config_for("http://127.0.0.1:9", **options))
    return next(line for line in text.splitlines() if line.split()[0] == "answers")


def test_the_file_of_the_answers_lies_beside_the_store(tmp_path):
    create_app(config_for("http://127.0.0.1:9", store=f"sqlite:{tmp_path}/store.db", workspace_dir=tmp_path))
    assert (tmp_path / "store.db.responses").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("options", [{}, {"store": "sqlite:{}/store.db"}])
def test_any_store_holds_answers(options, tmp_path):
    options = {name: value.format(tmp_path) for name, value in options.items()}
    assert results(*[ask_for(CHAT)] * 3, **options) == ([[b"miss"], [b"hit"], [b"hit"]], 1)


def test_a_coded_request_is_the_same_as_a_plain_one():
    coded = request("POST", CHAT, gzip.compress(cold(CHAT)), JSON, KEY, (b"Content-Encoding", b"gzip"))
    assert results(ask_for(CHAT), coded) == ([[b"miss"], [b"hit"]], 1)


def test_requests_with_tools_are_cached_where_the_operator_says_so():
    raws = [ask_for(CHAT, tools=TOOLS)] * 2
    assert results(*raws) == ([[], []], 2)
    assert results(*raws, cache_tools=True) == ([[b"miss"], [b"hit"]], 1)


def test_requests_that_want_variety_are_cached_where_the_operator_says_so():
    raws = [ask_for(CHAT, temperature=0.7)] * 2
    assert results(*raws) == ([[], []], 2)
    assert results(*raws, cache_all=True) == ([[b"miss"], [b"hit"]], 1)
