"""Turns on a socket, step by step: who is heard when, and that nobody waits for what will not come."""

import asyncio

from headroom.integrations.asgi import MARK
from headroom.pipeline import Exchange
from headroom.proxy.websocket_turn import TURN, Socket
from headroom.proxy.websocket_turns import Turns

CREATE = '{"type":"response.create","input":[]}'
REFUSED = '{"type":"error","status":413,"error":{"message":"No."}}'
CREATED = '{"type":"response.created","response":{"id":"r1","status":"in_progress"}}'
COMPLETED = '{"type":"response.completed","response":{"id":"r1","status":"completed"}}'


class Bench:
    """Turns whose front does nothing, with a provider and a client that keep what they are told."""

    def __init__(self, answering=None):
        self.to_provider, self.to_client, self.exchanges, self.failures = [], [], [], []
        self.answering = answering
        socket = Socket({"headers": [(b"upgrade", b"websocket"), (b"x-own", b"1")]}, self.front, self.ask, self.tell)
        self.turns = Turns(socket, self.watch)

    async def front(self, scope, receive, send):
        self.scope = scope
        self.exchanges.append(Exchange("id"))
        await scope[TURN].ask({**scope, MARK: self.exchanges[-1]}, receive, send)

    async def ask(self, frame):
        self.to_provider.append(frame)
        if self.answering is not None:
            await self.answering(self)

    async def tell(self, frame):
        self.to_client.append(frame)

    def watch(self, task):
        if not task.cancelled() and task.exception() is not None:
            self.failures.append(task.exception())


def run(act, answering=None):
    async def bench():
        made = Bench(answering)
        async with asyncio.timeout(10):
            await act(made)
            await made.turns.end("client_left")
        assert made.failures == []
        return made

    return asyncio.run(bench())


def test_a_provider_that_refuses_before_it_has_read_all_is_heard():
    async def answering(bench):
        bench.early = asyncio.create_task(bench.turns.go_on(REFUSED))
        for _ in range(5):
            await asyncio.sleep(0)

    async def act(bench):
        for _ in range(2):
            assert await bench.turns.begin(CREATE)
            assert await bench.early

    bench = run(act, answering)
    assert bench.to_client == [REFUSED, REFUSED]
    assert bench.to_provider == [CREATE, CREATE]


def test_events_are_done_with_when_the_client_has_them():
    async def act(bench):
        await bench.turns.begin(CREATE)
        for number, event in enumerate((CREATED, COMPLETED), start=1):
            assert await bench.turns.go_on(event)
            assert len(bench.to_client) == number
        assert not await bench.turns.go_on(COMPLETED)

    bench = run(act)
    assert bench.to_client == [CREATED, COMPLETED]
    assert [exchange.error for exchange in bench.exchanges] == [""]


def test_an_answer_without_an_end_ends_with_its_socket():
    async def act(bench):
        await bench.turns.begin(CREATE)
        await bench.turns.go_on(CREATED)
        await bench.turns.begin(CREATE)

    bench = run(act)
    assert bench.to_provider == [CREATE]
    assert [exchange.error for exchange in bench.exchanges] == ["client_left"]


def test_the_front_gets_a_post_with_the_headers_of_the_handshake_that_are_not_of_the_socket():
    bench = run(lambda bench: bench.turns.begin(CREATE))
    assert (bench.scope["type"], bench.scope["method"]) == ("http", "POST")
    assert bench.scope["headers"] == [
        (b"x-own", b"1"),
        (b"content-type", b"application/json"),
        (b"content-length", str(len(CREATE)).encode()),
    ]


def test_a_front_that_never_asks_holds_nobody_up():
    async def act(bench):
        async def refusing(scope, receive, send):
            await send({"type": "http.response.start", "status": 403, "headers": []})
            await send({"type": "http.response.body", "body": b'{"error":{"message":"No."}}', "more_body": False})

        bench.turns._socket.front = refusing
        for _ in range(3):
            await bench.turns.begin(CREATE)
        await asyncio.sleep(0)

    bench = run(act)
    assert bench.to_provider == []
    assert bench.to_client == ['{"type":"error","status":403,"error":{"message":"No."}}'] * 3
