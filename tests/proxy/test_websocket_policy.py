"""Sockets and policies that fail closed: what they cannot see does not go up."""

import pytest
from proxy.sockets import Provider, through
from websockets.exceptions import ConnectionClosed, InvalidStatus

from headroom.proxy.interceptors.base import BaseInterceptor


class Policy(BaseInterceptor):
    fail_closed = True

    def intercept(self, payload):
        return {**payload, "instructions": "seen"}


class Open(Policy):
    fail_closed = False


async def listening(socket):
    while True:
        HEARD.append(await socket.recv())


HEARD = []


@pytest.fixture(autouse=True)
def _nothing_heard():
    HEARD.clear()


def closed_after(message, policy):
    """Say something on a Responses socket; return how it was closed."""

    async def act(socket):
        await socket.send(message)
        with pytest.raises(ConnectionClosed) as error:
            await socket.recv()
        return error.value.rcvd

    return through(Provider(listening), act, interceptors=[policy])


@pytest.mark.parametrize("message", ["no request", b"\x00binary", '{"type": "conversation.item.create"}', "[]"])
def test_what_is_no_request_ends_the_socket_and_does_not_go_up(message):
    close = closed_after(message, Policy())
    assert close.code == 1008
    assert "policy" in close.reason
    assert HEARD == []


def test_where_the_policy_cannot_see_anything_there_is_no_socket():
    async def act(_):
        raise AssertionError("accepted")

    with pytest.raises(InvalidStatus) as error:
        through(Provider(listening), act, "/v1/realtime?model=gpt-realtime", interceptors=[Policy()])
    assert error.value.response.status_code == 403
    assert b"refused_by_policy" in error.value.response.body


def test_a_policy_that_fails_open_lets_everything_else_pass():
    async def act(socket):
        await socket.send("no request")
        await socket.close()

    through(Provider(listening), act, interceptors=[Open()])
    assert HEARD == ["no request"]
