"""The client's side of a forwarded request, where the order of events matters."""

import asyncio

import pytest
from support.drive import scope_of

from headroom.errors import UpstreamUnreachableError
from headroom.pipeline import Exchange
from headroom.providers.vendors import OPENAI
from headroom.proxy.client import Client


@pytest.mark.parametrize("says_so_itself", [True, False])
def test_who_leaves_in_mid_upload_has_left_even_if_that_fails_the_call_first(says_so_itself):
    """HTTP clients that begin to send at once see the upload break off before our cancellation reaches them."""
    exchange, sent = Exchange("r"), []
    messages = [{"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.disconnect"}]

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    async def main():
        client = Client({**scope_of("/v1/responses"), "headroom": exchange}, receive, send, 5.0)

        async def work():
            await client.open()
            try:
                async for _ in client.body():
                    pass
            except Exception:
                if says_so_itself:
                    raise
                raise UpstreamUnreachableError("The upstream broke off before it answered.") from None

        await client.run(work(), OPENAI)
        await asyncio.sleep(0)  # no cancellation is left over for whoever comes next
        return asyncio.current_task().cancelling()

    assert asyncio.run(main()) == 0
    assert exchange.error == "client_left"
    assert sent == []
