"""Rules: who comes in, and that what lets them in goes no further."""

from __future__ import annotations

from proxy.rows.stand import NOWHERE, assert_refused, standing
from proxy.rows.table import Row, rule

TOKEN = "a-long-token-of-this-gateway"
OWN = (b"X-Api-Key", b"the-providers-own")
FOREIGN_HOSTS = [
    b"evil.test",
    b"evil.test:8787",
    b"localhost.evil.test",
    b"127.0.0.1.evil.test",
    b"localhost.",
    b"[::1].evil.test",
    b"[::1]evil.test:80",
    b"127.0.0.1:80.evil.test",
    b":8787",
    b"[::1",
]
FOREIGN_ORIGINS = [
    b"https://evil.test",
    b"http://localhost.evil.test",
    b"null",
    b"https://",
    b"http://[",
    b"//evil.test",
]
LOCAL_HOSTS = [b"127.0.0.1:8787", b"localhost", b"[::1]:8787", b"10.0.0.7", b"app.localhost:1"]
LOCAL_ORIGINS = [b"http://localhost:3000", b"http://127.0.0.1", b"vscode-webview://abc"]


@rule()
async def without_the_token_nothing_comes_in(row: Row) -> None:
    shown = [
        (),
        ((b"X-Headroom-Token", b"wrong"),),
        ((b"Authorization", b"Bearer sk-key"),),
        ((b"X-Headroom-Token", b""),),
    ]
    async with standing(token=TOKEN) as stand:
        for headers in shown:
            answer = await stand.ask(row, *headers)
            assert TOKEN not in assert_refused(answer, row, 401, "unauthorized")
        assert stand.seen == []


@rule()
async def the_token_opens_the_way_and_goes_no_further(row: Row) -> None:
    async with standing(token=TOKEN) as stand:
        for name, value in ((b"X-Headroom-Token", TOKEN), (b"Authorization", f"Bearer {TOKEN}")):
            assert (await stand.ask(row, (name, value.encode()), OWN, host=b"any.test")).status == 200
        assert len(stand.seen) == 2
        for seen in stand.seen:
            assert TOKEN.encode() not in b"".join(value for _, value in seen.headers)
            assert seen.values(b"x-api-key") == [b"the-providers-own"]


@rule()
async def the_providers_key_stays_beside_the_token(row: Row) -> None:
    async with standing(token=TOKEN) as stand:
        await stand.ask(row, (b"X-Headroom-Token", TOKEN.encode()), (b"Authorization", b"Bearer sk-key"))
        assert [seen.values(b"authorization") for seen in stand.seen] == [[b"Bearer sk-key"]]
        assert stand.seen[0].values(b"x-headroom-token") == []


@rule()
async def local_host_names_and_addresses_come_in_and_those_that_somebody_else_chose_do_not(row: Row) -> None:
    async with standing() as stand:
        for host in LOCAL_HOSTS:
            assert (await stand.ask(row, host=host)).status == 200
        for host in FOREIGN_HOSTS:
            assert "host name" in assert_refused(await stand.ask(row, host=host), row, 403, "not_allowed")
        assert len(stand.seen) == len(LOCAL_HOSTS)


@rule()
async def local_pages_and_programs_come_in_and_web_pages_of_other_origins_do_not(row: Row) -> None:
    async with standing() as stand:
        for origin in LOCAL_ORIGINS:
            assert (await stand.ask(row, (b"Origin", origin))).status == 200
        for origin in FOREIGN_ORIGINS:
            assert "origins" in assert_refused(await stand.ask(row, (b"Origin", origin)), row, 403, "not_allowed")
        assert len(stand.seen) == len(LOCAL_ORIGINS)


@rule()
async def an_upstream_that_is_not_there_is_an_error_of_the_providers_shape(row: Row) -> None:
    async with standing(default=NOWHERE) as stand:
        message = assert_refused(await stand.ask(row), row, 502, "upstream_unreachable")
        assert message == "The upstream could not be reached."
