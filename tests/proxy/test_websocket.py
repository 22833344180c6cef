"""WebSockets are relayed as they are: messages, close codes, refusals; whoever ends or stalls ends or stalls both."""

import pytest
from proxy.sockets import Provider, through

PATHS = ["/v1/responses", "/v1/realtime?model=gpt-realtime", "/anything/else"]


async def echo(socket):
    while True:
        await socket.send(await socket.recv())


@pytest.mark.parametrize("path", PATHS)
def test_text_and_binary_messages_pass_as_they_are(path):
    messages = ["", "plain", '{"a" : 1.0,\r\n "b":"\\u00e9\\/"}', '{"type":"x"}', b"", b"\x00\xff", "é" * 1000]

    async def act(socket):
        for message in messages:
            await socket.send(message)
        return [await socket.recv() for _ in messages]

    provider = Provider(echo)
    assert through(provider, act, path) == messages
    assert provider.got == messages
    assert provider.handshakes[0].path == path
