"""What frameworks do with the calls of one request: wait for the end of their answer, keep what they have read."""

import asyncio

import pytest
from ccr.asking import ASKING, App, each_wire, json_answer, retriever, stream_answer
from ccr.scripts import request, said
from support.drive import scope_of

from headroom.integrations.retrieval import answered

each_kind = pytest.mark.parametrize("form", [json_answer, stream_answer], ids=["whole", "streamed"])
SECONDS = 30


class Waiting(App):
    """Returns when it hears that its client is gone, as servers say after an answer. Keeps what it heard."""

    async def __call__(self, scope, receive, send):
        await super().__call__(scope, receive, send)
        self.heard = [*getattr(self, "heard", []), await receive()]


class Listening(App):
    """Listens from the moment that it has the body, as Litestar does with a stream."""

    async def __call__(self, scope, receive, send):
        message = await receive()
        listening = asyncio.create_task(receive())
        await asyncio.sleep(0)

        async def again():
            return message

        await super().__call__(scope, again, send)
        self.heard = [*getattr(self, "heard", []), await listening]


class Keeping(App):
    """Reads the body of a request once, and keeps it in the state."""

    async def __call__(self, scope, receive, send):
        message = await receive()
        kept = scope["state"].setdefault("body", message["body"])
        scope["state"]["calls"] = scope["state"].get("calls", 0) + 1

        async def again():
            return {**message, "body": kept}

        await super().__call__(scope, again, send)


def run(app, wire, receive, scope=None):
    """Ask the app through the loop; return how many further calls it took, and the tasks that are left."""
    sent = []

    async def send(message):
        sent.append(message)

    async def asking():
        given = scope or scope_of("/")
        made = answered(app, given, receive, send, body=request(wire), wire=wire, retriever=retriever())
        return await asyncio.wait_for(made, SECONDS), len(asyncio.all_tasks())

    return asyncio.run(asking())


async def silent():
    await asyncio.Event().wait()


@each_wire
@each_kind
@pytest.mark.parametrize("kind", [Waiting, Listening])
def test_an_app_that_waits_for_the_end_of_its_answer_is_asked_again(wire, form, kind):
    app = kind([form(wire, said(ASKING)), form(wire, said("It is late.", number=2))])
    assert run(app, wire, silent) == (1, 1)
    assert app.heard == [{"type": "http.disconnect"}] * 2


@each_kind
def test_a_server_that_says_more_is_heard_by_one_call(form):
    said_once = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive():
        return said_once.pop() if said_once else await silent()

    app = Waiting([form("anthropic", said(ASKING)), form("anthropic", said("It is late.", number=2))])
    assert run(app, "anthropic", receive) == (1, 1)
    assert [message["type"] for message in app.heard].count("http.disconnect") >= 1
    assert len(app.heard) == 2


@each_kind
def test_what_an_app_keeps_in_its_state_is_not_there_when_it_is_asked_again(form):
    app = Keeping([form("openai-chat", said(ASKING)), form("openai-chat", said("It is late.", number=2))])
    shared = {"pool": object()}
    scope = {**scope_of("/"), "state": shared}
    assert run(app, "openai-chat", silent, scope) == (1, 1)
    first, second = app.scopes
    assert app.bodies[0] != app.bodies[1]
    assert first["state"] is shared
    assert second["state"] is not shared
    assert second["state"]["pool"] is shared["pool"]
    assert second["state"]["calls"] == 1
