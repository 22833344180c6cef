"""No request makes the proxy speak to where the operator has not sent it: every row of the table, every trick."""

import asyncio
import json

import pytest
from proxy.canary import JSON, PATHS, Canary, Names, asked, naming, proxied
from proxy.net import Upstream, connected, request, saying

from headroom.errors import UpstreamRefusedError
from headroom.proxy.helpers import request_upstream_override

ALLOWED = "http://allowed.test"
everywhere = pytest.mark.parametrize("path", PATHS)

# `{port}` is the canary's. Every name stands for the canary's address, so that whatever is let through hits it.
TRICKS = [
    "http://127.0.0.1:{port}",
    "http://localhost:{port}",
    "http://localhost.:{port}",
    "http://[::1]:{port}",
    "http://[::ffff:127.0.0.1]:{port}",
    "http://[::ffff:7f00:1]:{port}",
    "http://[::127.0.0.1]:{port}",
    "http://[0:0:0:0:0:ffff:7f00:0001]:{port}",
    "http://[64:ff9b::7f00:1]:{port}",
    "http://[2002:7f00:1::]:{port}",
    "http://[::1%25lo]:{port}",
    "http://[::]:{port}",
    "http://[::1",
    "http://2130706433:{port}",
    "http://0x7f000001:{port}",
    "http://0x7f.1:{port}",
    "http://127.0.0.0x1:{port}",
    "http://0177.0.0.1:{port}",
    "http://017700000001:{port}",
    "http://127.1:{port}",
    "http://127.0.1:{port}",
    "http://0:{port}",
    "http://0.0.0.0:{port}",
    "http://127.0.0.1.:{port}",
    "http://127.0.0.1.nip.io:{port}",
    "http://10.0.0.1:{port}",
    "http://192.168.0.1:{port}",
    "http://169.254.169.254/latest/meta-data",
    "http://[fd00:ec2::254]/latest",
    "http://100.100.100.200/latest",
    "http://metadata.google.internal/computeMetadata/v1",
    "http://user@127.0.0.1:{port}",
    "http://allowed.test@127.0.0.1:{port}",
    "http://allowed.test:80@127.0.0.1:{port}",
    "http://allowed.test%40127.0.0.1:{port}",
    "http://@allowed.test",
    "http://127.0.0.1:{port}#@allowed.test",
    "http://127.0.0.1:{port}#allowed.test",
    "http://127.0.0.1:{port}?@allowed.test",
    "http://127.0.0.1:{port}\\@allowed.test",
    "http://allowed.test\\@127.0.0.1:{port}",
    "http://allowed.test\\.evil.test",
    "http://allowed.test#",
    "http://allowed.test?",
    "http://allowed.test//127.0.0.1:{port}",
    "http://allowed.test/a//b",
    "http://allowed.test//",
    "http://allowed.test/../admin",
    "http://allowed.test/a/./b",
    "http://allowed.test/%2e%2e/admin",
    "http:///127.0.0.1:{port}",
    "http:127.0.0.1:{port}",
    "http:/127.0.0.1:{port}",
    "//127.0.0.1:{port}",
    "http://%31%32%37.0.0.1:{port}",
    "http://127.0.0.1%00.allowed.test:{port}",
    "http://127\u30020.0.1:{port}",
    "http://\u24db\u24de\u24d2alhost:{port}",
    "http://allowed\u3002test",
    "http://allowed.test.evil.test",
    "http://evil-allowed.test",
    "http://allowed.test.",
    "http://allowed..test",
    "https://allowed.test",
    "http://allowed.test:8080",
    "http://allowed.test:0",
    "http://allowed.test:65616",
    "http://allowed.test:+80",
    "http://allowed.test:-80",
    "http://allowed.test:",
    "http://allowed.test:80:80",
    "http://allowed.test 127.0.0.1:{port}",
    "http://allowed.test\t127.0.0.1:{port}",
    "http://allowed.test,http://127.0.0.1:{port}",
    "http://127.0.0.1:{port}/http://allowed.test",
    "ftp://127.0.0.1:{port}",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_x",
    "ws://127.0.0.1:{port}",
    "http+unix://127.0.0.1:{port}",
    "127.0.0.1:{port}",
    "localhost:{port}",
    "http://",
    "http://:{port}",
    "unknown-name",
    "*",
    "null",
    "",
]
TARGETS = [
    "http://127.0.0.1:{port}/v1/messages",
    "//127.0.0.1:{port}/v1/messages",
    "/@127.0.0.1:{port}/v1/messages",
    "/\\@127.0.0.1:{port}/v1/messages",
    "/v1beta/models/x@127.0.0.1:{port}:generateContent",
    "/v1beta/models///127.0.0.1:{port}/:generateContent",
    "/v1beta/models/%23@127.0.0.1:{port}:generateContent",
    "/v1/projects/p/locations/127.0.0.1:{port}%2f%23/publishers/google/models/m:generateContent",
    "/v1/projects/p/locations/@127.0.0.1:{port}/publishers/anthropic/models/m:rawPredict",
    "/model/..%2f..%2f127.0.0.1:{port}%2fanthropic.claude/invoke",
    "/model//127.0.0.1:{port}/anthropic.claude/invoke",
    "/v1/messages/../../..//127.0.0.1:{port}",
    "*",
    "127.0.0.1:{port}",
]


def refused_everywhere(path, values, method, **options):
    """Return status by header value where it is not 403, and how often canary and upstream were reached."""

    async def run():
        canary, upstream = Canary(), Upstream()
        async with canary.listening():
            names = Names("127.0.0.1", port=canary.port)
            async with proxied(upstream, names, **options) as port:
                passed = {}
                for value in values:
                    header = naming(value.format(port=canary.port))
                    answer = await asked(port, path, JSON, header, method=method)
                    if answer.status != 403:
                        passed[value] = answer.status
                    assert json.loads(answer.body)["error"]["message"]
        return passed, canary.hits, len(upstream.seen)

    return asyncio.run(run())


@everywhere
@pytest.mark.parametrize("method", ["POST", "GET"], ids=["http", "websocket"])
def test_no_trick_passes_and_nothing_is_sent(path, method):
    assert refused_everywhere(path, TRICKS, method, allow_upstream=(ALLOWED,)) == ({}, 0, 0)


@everywhere
@pytest.mark.parametrize("method", ["POST", "GET"], ids=["http", "websocket"])
def test_an_allowed_name_hits_its_address_so_that_the_canary_would_sing(path, method):
    passed, hits, _ = refused_everywhere(path, [ALLOWED], method, allow_upstream=(ALLOWED,))
    assert list(passed.values()) == [502]
    assert hits


REBOUND = ["127.0.0.1", "::1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "fe80::1", "fd00::1",
           "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "0.0.0.0", "::", "100.64.0.1", "224.0.0.1"]  # fmt: skip


@everywhere
@pytest.mark.parametrize("method", ["POST", "GET"], ids=["http", "websocket"])
def test_the_name_of_a_known_provider_stands_for_no_private_address(path, method):
    """DNS that somebody else controls; one public address among the answers does not help."""

    async def run():
        canary, upstream = Canary(), Upstream()
        async with canary.listening():
            for address in REBOUND:
                names = Names("8.8.8.8", address, port=canary.port)
                async with proxied(upstream, names) as port:
                    answer = await asked(port, path, JSON, naming("https://api.deepseek.com/v1"), method=method)
                assert (answer.status, names.asked) == (403, ["api.deepseek.com"])
                assert "public" in json.loads(answer.body)["error"]["message"]
        return canary.hits, upstream.seen

    assert asyncio.run(run()) == (0, [])


@everywhere
def test_a_default_that_the_operator_has_not_written_stands_for_no_private_address(path):
    async def run():
        canary = Canary()
        async with canary.listening():
            names = Names("127.0.0.1", port=canary.port)
            urls = {f"{name}_api_url": "https://api.openai.com" for name in ("openai", "anthropic", "gemini")}
            clouds = {f"{name}_api_url": "https://api.openai.com" for name in ("vertex", "bedrock")}
            async with proxied(Upstream(), names, **urls, **clouds) as port:
                return (await asked(port, path, JSON)).status, canary.hits

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
def test_a_redirect_is_relayed_and_not_followed(path, status):
    async def run():
        canary = Canary()
        async with canary.listening():
            where = f"http://127.0.0.1:{canary.port}/".encode()
            upstream = Upstream(
                saying(b"HTTP/1.1 %d Elsewhere\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, where))
            )
            async with proxied(upstream) as port:
                answer = await asked(port, path, JSON)
        return answer.status, answer.values(b"location") == [where], canary.hits, len(upstream.seen)

    assert asyncio.run(run()) == (status, True, 0, 1)


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_never_names_the_host(target):
    async def run():
        canary, upstream = Canary(), Upstream()
        async with canary.listening():
            names = Names("127.0.0.1", port=canary.port)
            async with proxied(upstream, names) as port, connected(port) as client:
                await client.send(request("POST", target.format(port=canary.port), b"{}", JSON))
                answer = await client.answer()
        return canary.hits, names.asked, answer.status in (200, 400)

    assert asyncio.run(run()) == (0, [], True)


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
