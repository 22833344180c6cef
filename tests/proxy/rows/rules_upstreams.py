"""Rules: where a request goes, who may say so, and whose secrets go with it."""

from __future__ import annotations

import pytest
from proxy.canary import naming
from proxy.rows.stand import NOWHERE, Stand, assert_refused, standing
from proxy.rows.table import Row, rule

SECRET = "sk-the-operators-own"
CLIENTS_OWN = [
    (b"Authorization", b"Bearer sk-client"),
    (b"X-Api-Key", b"sk-client"),
    (b"Api-Key", b"sk-client"),
    (b"X-Goog-Api-Key", b"sk-client"),
    (b"Cookie", b"session=sk-client"),
]
SPELLINGS = ["", "/", "/v1", "/v1/", "/v1beta", "/v1beta/"]
"""Ends of a base URL that all mean the same."""

NOT_ALLOWED = [
    "http://evil.test",
    "http://127.0.0.1:9",
    "http://169.254.169.254/latest",
    "file:///etc/passwd",
    "nobody",
    "",
]


def assert_came(stand: Stand, row: Row, times: int) -> None:
    """Check that so many requests came, each to the path that the client wrote, none with our header."""
    method = "GET" if row.is_socket else "POST"
    assert [seen.line for seen in stand.seen] == [f"{method} {row.path} HTTP/1.1".encode()] * times
    assert not any(seen.values(b"x-headroom-upstream") for seen in stand.seen)


@rule()
async def a_base_url_in_any_spelling_leads_there_and_the_path_follows(row: Row) -> None:
    async with standing(default=NOWHERE, allow_upstream=("{url}",)) as stand:
        for spelling in SPELLINGS:
            assert (await stand.ask(row, naming(stand.url + spelling))).status == 200
        assert_came(stand, row, len(SPELLINGS))


@rule()
async def a_path_below_an_allowed_origin_is_kept(row: Row) -> None:
    async with standing(default=NOWHERE, allow_upstream=("{url}",)) as stand:
        await stand.ask(row, naming(f"{stand.url}/below/v1/"))
        assert [seen.line.split()[1] for seen in stand.seen] == [f"/below{row.path}".encode()]


@rule()
async def a_name_leads_to_its_upstream(row: Row) -> None:
    for spelling in SPELLINGS:
        async with standing(default=NOWHERE, upstreams={"model": "{url}" + spelling}) as stand:
            assert (await stand.ask(row, naming("Model"))).status == 200
            assert_came(stand, row, 1)


@rule()
async def an_upstream_that_is_not_allowed_is_refused_and_nothing_is_sent(row: Row) -> None:
    async with standing() as stand:
        for value in NOT_ALLOWED:
            assert_refused(await stand.ask(row, naming(value)), row, 403, "upstream_not_allowed")
        twice = await stand.ask(row, naming("openai"), naming("openai"))
        assert_refused(twice, row, 403, "upstream_not_allowed")
        assert stand.seen == []


@rule()
async def a_secret_takes_the_place_of_all_credentials_of_the_client(row: Row) -> None:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MODEL_KEY", SECRET)
        upstreams = {"model": "{url};header=Authorization:MODEL_KEY;header=x-org:MODEL_KEY"}
        async with standing(default=NOWHERE, upstreams=upstreams) as stand:
            await stand.ask(row, naming("model"), *CLIENTS_OWN, (b"X-Kept", b"1"))
    assert len(stand.seen) == 1
    (seen,) = stand.seen
    assert seen.values(b"authorization") == [f"Bearer {SECRET}".encode()]
    assert (seen.values(b"x-org"), seen.values(b"x-kept")) == ([SECRET.encode()], [b"1"])
    assert b"sk-client" not in b"".join(value for _, value in seen.headers)


@rule()
async def a_secret_goes_to_its_own_upstream_and_to_no_other_name_for_it(row: Row) -> None:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MODEL_KEY", SECRET)
        upstreams = {"model": "{url};header=authorization:MODEL_KEY", "other": "{url}"}
        async with standing(upstreams=upstreams) as stand:
            for named in (None, "other", stand.url, "openai", "model"):
                await stand.ask(row, *([naming(named)] if named else []), *CLIENTS_OWN)
    assert len(stand.seen) == 5
    *others, own = stand.seen
    assert SECRET.encode() in b"".join(value for _, value in own.headers)
    assert [seen.values(b"x-api-key") for seen in others] == [[b"sk-client"]] * 4
    assert SECRET.encode() not in b"".join(value for seen in others for _, value in seen.headers)
