"""No request makes the proxy speak to where the operator has not sent it: every row of the table, every trick.

The rows are those of `proxy.rows.table`: the route table, what no row of it matches, and the WebSockets of all paths.
"""

import asyncio
import json

import pytest
from proxy.canary import JSON, UPGRADE, Canary, Names, asked, naming, proxied
from proxy.net import Upstream, connected, request, saying
from proxy.rows.table import ROWS
from proxy.tricks import ALLOWED, IN_A_PATH, PARAMETERS, REBOUND, TRICKS, WITH_PARAMETERS

from headroom.errors import UpstreamRefusedError
from headroom.proxy.helpers import request_upstream_override

everywhere = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def method_of(row):
    return "GET" if row.is_socket else "POST"


def outcome_of(row, values, **options):
    """Return status by header value where it is not 403, and how often canary and upstream were reached."""

    async def run():
        canary, upstream = Canary(), Upstream()
        async with canary.listening():
            names = Names("127.0.0.1", port=canary.port)
            async with proxied(upstream, names, **options) as port:
                passed = {}
                for value in values:
                    header = naming(value.format(port=canary.port))
                    answer = await asked(port, row.path, JSON, header, method=method_of(row))
                    if answer.status != 403:
                        passed[value] = answer.status
                    assert json.loads(answer.body)["error"]["message"]
        return passed, canary.hits, len(upstream.seen)

    return asyncio.run(run())


@everywhere
def test_no_trick_passes_and_nothing_is_sent(row):
    passed, hits, sent = outcome_of(row, TRICKS, allow_upstream=(ALLOWED,))
    tried = f"of {len(TRICKS)} tricks on {row.name} ({len(TRICKS) * len(ROWS)} on all rows)"
    assert (passed, hits, sent) == ({}, 0, 0), f"{len(passed)} {tried} pass"


@everywhere
def test_an_allowed_name_hits_its_address_so_that_the_canary_would_sing(row):
    passed, hits, _ = outcome_of(row, [ALLOWED, ALLOWED + "/v1", ALLOWED + ":80"], allow_upstream=(ALLOWED,))
    assert list(passed.values()) == [502] * 3
    assert hits >= 3


def test_the_tricks_are_many_and_each_is_tried_once():
    assert len(set(TRICKS)) == len(TRICKS) > 120


@everywhere
def test_the_name_of_a_known_provider_stands_for_no_private_address(row):
    """DNS that somebody else controls; one public address among the answers does not help."""

    async def run():
        canary, upstream = Canary(), Upstream()
        async with canary.listening():
            for address in REBOUND:
                names = Names("8.8.8.8", address, port=canary.port)
                async with proxied(upstream, names) as port:
                    header = naming("https://api.deepseek.com/v1")
                    answer = await asked(port, row.path, JSON, header, method=method_of(row))
                assert (answer.status, names.asked) == (403, ["api.deepseek.com"]), f"one of {len(REBOUND)}: {address}"
                assert "public" in json.loads(answer.body)["error"]["message"]
        return canary.hits, upstream.seen

    assert asyncio.run(run()) == (0, [])


@everywhere
def test_a_default_that_the_operator_has_not_written_stands_for_no_private_address(row):
    async def run():
        canary = Canary()
        async with canary.listening():
            names = Names("127.0.0.1", port=canary.port)
            urls = {f"{name}_api_url": "https://api.openai.com" for name in ("openai", "anthropic", "gemini")}
            clouds = {f"{name}_api_url": "https://api.openai.com" for name in ("vertex", "bedrock")}
            async with proxied(Upstream(), names, **urls, **clouds) as port:
                return (await asked(port, row.path, JSON, method=method_of(row))).status, canary.hits

    assert asyncio.run(run()) == (403, 0)


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "100.100.100.200", "fd00:ec2::254", "0.0.0.0"])
def test_not_even_a_listed_name_stands_for_a_metadata_service(address):
    async def run():
        upstream, names = Upstream(), Names(address)
        async with proxied(upstream, names, allow_upstream=(ALLOWED,)) as port:
            return (await asked(port, "/v1/messages", JSON, naming(ALLOWED))).status, upstream.seen

    assert asyncio.run(run()) == (403, [])


def test_a_name_is_resolved_once_for_a_connection():
    """The second answer of a resolver that changes its mind would be the canary."""

    async def run():
        canary, upstream = Canary(), Upstream()
        async with canary.listening(), upstream.listening() as url:

            class Fickle(Names):
                async def resolve(self, host, port=0, family=0):
                    self.port = canary.port if self.asked else int(url.rpartition(":")[2])
                    return await super().resolve(host, port, family)

            names = Fickle("127.0.0.1")
            async with proxied(Upstream(), names, allow_upstream=(ALLOWED,)) as port:
                statuses = [(await asked(port, "/v1/messages", JSON, naming(ALLOWED))).status for _ in range(3)]
        return statuses, names.asked, len(upstream.seen), canary.hits

    assert asyncio.run(run()) == ([200] * 3, ["allowed.test"], 3, 0)


@everywhere
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_relayed_and_not_followed(row, status):
    async def run():
        canary = Canary()
        async with canary.listening():
            where = f"http://127.0.0.1:{canary.port}/".encode()
            upstream = Upstream(
                saying(b"HTTP/1.1 %d Elsewhere\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, where))
            )
            async with proxied(upstream) as port:
                answer = await asked(port, row.path, JSON, method=method_of(row))
        return answer.status, answer.values(b"location") == [where], canary.hits, len(upstream.seen)

    assert asyncio.run(run()) == (status, True, 0, 1)


def led_astray(targets, method):
    """Return the targets that made the proxy ask for a name, or speak to the canary; and how many it took for paths."""

    async def run():
        canary, upstream, astray, taken = Canary(), Upstream(), [], 0
        async with canary.listening():
            names = Names("127.0.0.1", port=canary.port)
            async with proxied(upstream, names, upstreams={"model": "{url}"}) as port:
                for target in targets:
                    raw = request(
                        method, target.replace("{port}", str(canary.port)), b"" if method == "GET" else b"{}", JSON
                    )
                    if method == "GET":
                        raw = raw[:-2] + b"".join(b"%s: %s\r\n" % pair for pair in UPGRADE) + b"\r\n"
                    async with connected(port) as client:
                        await client.send(raw)
                        answer = await client.answer()
                    taken += answer.status == 200
                    if canary.hits or names.asked or answer.status not in (200, 400):
                        astray.append((target, answer.status, names.asked))
        assert len(upstream.seen) == taken
        return astray, taken

    return asyncio.run(run())


@everywhere
def test_a_target_never_names_the_host(row):
    targets = [one.replace("{path}", row.path) for one in IN_A_PATH]
    astray, taken = led_astray(targets, method_of(row))
    assert astray == [], f"{len(astray)} of {len(targets)} targets on {row.name} lead astray"
    assert 0 < taken < len(targets)


@pytest.mark.parametrize("method", ["POST", "GET"], ids=["http", "websocket"])
@pytest.mark.parametrize("path", WITH_PARAMETERS)
def test_a_parameter_of_a_path_never_names_the_host(path, method):
    targets = [path.replace("{it}", one) for one in PARAMETERS]
    astray, taken = led_astray(targets, method)
    assert astray == [], f"{len(astray)} of {len(targets)} parameters lead astray"
    assert taken


@everywhere
@pytest.mark.parametrize(
    "value", [b"http://allowed.test\r\n 127.0.0.1", b"http://allowed.test\r127.0.0.1", b"http://allowed.test\n\tx",
              b"http://allowed.test\x00", b"http://allowed.test\x7f", b"\x0bhttp://allowed.test"],
)  # fmt: skip
def test_a_header_that_is_none_reaches_nobody(row, value):
    """Line ends, folded lines and control characters in the header itself, as bytes on the wire."""

    async def run():
        upstream, names = Upstream(), Names("127.0.0.1")
        async with proxied(upstream, names, allow_upstream=(ALLOWED,)) as port:
            answer = await asked(port, row.path, JSON, (b"X-Headroom-Upstream", value), method=method_of(row))
        return answer.status in (400, 403), names.asked, upstream.seen

    assert asyncio.run(run()) == (True, [], [])


@pytest.mark.parametrize(
    "value",
    [b"http://allowed.test\r\nX: y", b"http://allowed.test\n", b"\rhttp://allowed.test", b"http://allowed.test\x00",
     b"http://allowed.test\x85", b"http://allowed.test\xa0", b"http://allowed.test\x1f", b"http://allowed.test\x7f"],
)  # fmt: skip
def test_control_characters_are_not_taken_off(value):
    with pytest.raises(UpstreamRefusedError):
        request_upstream_override([(b"x-headroom-upstream", value)])


def test_known_providers_are_named_by_programs_of_this_machine_only():
    async def run(**options):
        names = Names("127.0.0.1")
        async with proxied(Upstream(), names, **options) as port:
            headers = (naming("https://api.deepseek.com"), (b"X-Headroom-Token", b"a-token-for-tests"))
            await asked(port, "/v1/chat/completions", JSON, *headers)
        return names.asked

    assert asyncio.run(run()) == ["api.deepseek.com"]
    assert asyncio.run(run(host="0.0.0.0", token="a-token-for-tests")) == []
