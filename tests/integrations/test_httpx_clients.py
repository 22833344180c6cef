"""Clients of both libraries with the transport in them: settings, wishes, and what closes what."""

import asyncio
import gzip

import pytest
from ccr.scripts import said, whole
from support.transports import (
    BODY,
    CONFIG,
    JSON,
    LARGE,
    URL,
    Retrieving,
    Scripted,
    Sync,
    answer,
    each_library,
    post,
    text_of,
)

from headroom.errors import ConfigError
from headroom.integrations.door import Door
from headroom.integrations.httpx import AsyncHeadroomTransport, HeadroomTransport, shortening
from headroom.integrations.sdk import fronted
from headroom.state.memory import MemoryStore

# ---- the life of a transport


@each_library
def test_a_client_of_the_library_takes_it(library):
    inner = Scripted(library, answer("Hello."))
    with library.Client(transport=HeadroomTransport(inner, CONFIG)) as client:
        response = client.post(URL, content=BODY, headers=JSON)
        assert text_of(response) == "Hello."
        assert response.elapsed.total_seconds() > 0
    assert inner.is_closed

    async def awaited():
        inner = Scripted(library, answer("Hello."))
        async with library.AsyncClient(transport=AsyncHeadroomTransport(inner, CONFIG)) as client:
            response = await client.post(URL, content=BODY, headers=JSON)
            assert text_of(response) == "Hello."
        return inner.is_closed

    assert asyncio.run(awaited())


@each_library
def test_a_client_that_shortens_has_the_settings_of_the_one_behind_it(library):
    """Credentials come last: what signs a request signs what is sent."""
    inner, seen = Scripted(library, (307, {"location": "/v1/chat/completions"}, []), answer("Hello.")), []

    class Signing(library.Auth):
        requires_request_body = True

        def auth_flow(self, request):
            request.headers["x-signature"] = str(len(request.content))
            yield request

    own = library.Client(
        transport=inner,
        auth=Signing(),
        base_url="http://provider.test/v1",
        follow_redirects=True,
        params={"api-version": "7"},
        event_hooks={"response": [lambda response: seen.append(response.status_code)]},
        timeout=4.0,
    )
    with shortening(own, CONFIG) as client:
        assert isinstance(client, library.Client)
        assert client.timeout == own.timeout
        response = client.post("/chat/completions", content=BODY, headers=JSON)
        assert text_of(response) == "Hello."
        assert not client.is_closed
    first, second = inner.requests
    assert len(first.content) == len(second.content) < len(BODY) / 2
    assert first.headers["x-signature"] == str(len(first.content))
    assert str(first.url) == "http://provider.test/v1/chat/completions?api-version=7"
    assert seen == [307, 200]
    assert client.is_closed
    assert inner.is_closed


@each_library
def test_a_client_in_front_of_an_sdk_s_own_leaves_that_open(library):
    inner, door = Scripted(library), Door(CONFIG)
    own, awaited = library.Client(transport=inner), library.AsyncClient(transport=inner)
    fronted(own, door).close()
    asyncio.run(fronted(awaited, door).aclose())
    assert (own.is_closed, awaited.is_closed, inner.is_closed) == (False, False, False)


@each_library
def test_wishes_of_one_call_reach_the_client_behind(library):
    inner = Scripted(library, (307, {"location": "/v1/chat/completions"}, []))
    with shortening(library.Client(transport=inner, follow_redirects=True), CONFIG) as client:
        response = client.post(URL, content=BODY, headers=JSON, follow_redirects=False, auth=("me", "secret"))
    assert response.status_code == 307
    assert inner.requests[0].headers["authorization"].startswith("Basic ")


@each_library
def test_an_awaited_client_that_shortens_closes_the_one_behind_it(library):
    inner = Scripted(library, answer("Hello."))

    async def ask():
        async with shortening(library.AsyncClient(transport=inner), CONFIG) as client:
            return await client.post(URL, content=BODY, headers=JSON)

    assert text_of(asyncio.run(ask())) == "Hello."
    assert inner.is_closed
    assert len(inner.requests[0].content) < len(BODY) / 2


@each_library
def test_an_answer_that_a_hook_has_read_can_be_read_again(library):
    packed = gzip.compress(whole("openai-chat", said("Hello.")))
    inner = Scripted(library, (200, {**JSON, "content-encoding": "gzip", "content-length": str(len(packed))}, [packed]))
    own = library.Client(transport=inner, event_hooks={"response": [lambda response: response.read()]})
    with shortening(own, CONFIG) as client:
        response = client.post(URL, content=BODY, headers=JSON)
    assert text_of(response) == "Hello."


def test_a_client_of_another_library_is_refused():
    with pytest.raises(ConfigError, match="httpx"):
        shortening(object())


@each_library
def test_a_transport_closes_the_one_behind_it_and_leaves_open_a_store_that_was_given(library):
    given = MemoryStore()
    given.put("", "key", b"value")
    inner, awaited = Scripted(library), Scripted(library)
    HeadroomTransport(inner, CONFIG, store=given).close()
    asyncio.run(AsyncHeadroomTransport(awaited, CONFIG, store=given).aclose())
    assert given.get("", "key") == b"value"
    assert inner.is_closed
    assert awaited.is_closed


@each_library
def test_a_sync_client_works_where_an_event_loop_runs(library):

    async def in_a_notebook():
        inner = Retrieving(library, answer("It was 4711.", number=2))
        response, stats = Sync.send(inner, post(library))
        large = Scripted(library, answer("Hello."))
        Sync.send(large, post(library, LARGE))
        await asyncio.sleep(0)
        return text_of(response), stats["retrievals"], len(large.requests[0].content)

    text, retrievals, size = asyncio.run(in_a_notebook())
    assert (text, retrievals) == ("It was 4711.", 1)
    assert size < len(LARGE) / 2


@each_library
def test_the_inner_transport_finds_no_event_loop_of_ours(library):
    class Running(Scripted):
        def handle_request(self, request):
            return asyncio.run(self.handle_async_request(request))

    inner = Running(library, answer("Hello."))
    Sync.send(inner, post(library))
    assert len(inner.requests) == 1
