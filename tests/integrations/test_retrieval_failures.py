"""Further rounds that fail, and clients that leave in the middle of one."""

import asyncio
import contextlib

import pytest
from ccr.asking import ASKING, Answer, App, ask, each_form, each_wire, json_answer, retriever, stream_answer
from ccr.reading import read
from ccr.scripts import request, said, whole, wire_of
from proxy.net import connected, serving
from proxy.net import request as asked
from support.drive import answer_of, scope_of

from headroom.integrations.retrieval import answered

# ---- further rounds that fail

REFUSED = Answer(
    [b'{"error": {"message": "Over', b'loaded", "code": 529}}'], status=529, headers=((b"retry-after", b"3"),)
)


@each_wire
def test_a_whole_answer_whose_further_round_is_refused_is_that_refusal(wire):
    _, sent = ask(wire, json_answer(wire, said(ASKING)), REFUSED)
    status, headers, body = answer_of(sent)
    assert (status, headers[b"retry-after"], body) == (529, b"3", b"".join(REFUSED.chunks))


@each_form
@pytest.mark.parametrize(
    "answer",
    [REFUSED, Answer([b"<html>"], kind=b"text/html"), Answer([b"cut"], status=502, is_whole=False)],
    ids=["refused", "html", "cut"],
)
def test_a_stream_whose_further_round_is_refused_gets_the_providers_error_event(form, answer):
    _, sent = ask(wire_of(form), stream_answer(form, said("Hm.", ASKING)), answer)
    status, _, body = answer_of(sent)
    seen = read(form, body)
    assert status == 200
    assert not seen["ended"]
    assert seen["parts"] == [("text", "Hm.")]
    assert seen["error"]["message"] == ("Overloaded" if answer is REFUSED else seen["error"]["message"])
    assert not sent[-1]["more_body"]


@each_form
def test_a_stream_whose_further_round_breaks_off_breaks_off(form):
    wire = wire_of(form)
    answer = stream_answer(form, said("It is late.", number=2), is_whole=False)
    answer.chunks = answer.chunks[:-2]
    _, sent = ask(wire, stream_answer(form, said("Hm.", ASKING)), answer)
    assert all(message["more_body"] for message in sent[1:])
    assert b"It i" in answer_of(sent)[2]


@each_wire
def test_a_whole_answer_that_breaks_off_breaks_off(wire):
    answer = json_answer(wire, said("It is late."), is_whole=False)
    _, sent = ask(wire, answer)
    assert [message.get("more_body", True) for message in sent] == [True] * 3
    assert answer_of(sent)[2] == whole(wire, said("It is late."))


@each_form
def test_what_the_app_raises_in_a_further_round_is_raised_on(form):
    class BrokenError(Exception):
        pass

    calls = App([stream_answer(form, said("Hm.", ASKING))])

    async def app(scope, receive, send):
        if calls.bodies:
            raise BrokenError
        await calls(scope, receive, send)

    async def send(message):
        pass

    with pytest.raises(BrokenError):
        asyncio.run(
            answered(
                app,
                scope_of("/"),
                asyncio.Event().wait,
                send,
                body=request(wire_of(form)),
                wire=wire_of(form),
                retriever=retriever(),
            )
        )


# ---- the client leaves


class Slow:
    """An app that says `first` at the first call; at later calls it begins and waits, for the client or for ever."""

    def __init__(self, first, begun, *, listens):
        self.first, self.begun, self.listens = first, begun, listens
        self.heard = []
        self.was_cancelled = False

    async def __call__(self, scope, receive, send):
        await receive()
        if self.first is not None:
            first, self.first = self.first, None
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", first.kind)]})
            await send({"type": "http.response.body", "body": b"".join(first.chunks), "more_body": False})
            return
        self.begun.set()
        try:
            if self.listens:
                self.heard.append(await receive())
            else:
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise


@each_wire
@pytest.mark.parametrize("is_streamed", [False, True])
def test_a_client_that_leaves_in_a_further_round_is_heard_by_the_app(wire, is_streamed):
    first = stream_answer(wire, said(ASKING)) if is_streamed else json_answer(wire, said(ASKING))

    async def run():
        begun = asyncio.Event()
        app, sent = Slow(first, begun, listens=True), []

        async def receive():
            await begun.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)

        await answered(app, scope_of("/"), receive, send, body=request(wire), wire=wire, retriever=retriever())
        assert app.heard == [{"type": "http.disconnect"}]
        assert all(message.get("more_body", True) for message in sent)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())


@each_wire
@pytest.mark.parametrize("is_streamed", [False, True])
def test_a_server_that_cancels_in_a_further_round_cancels_the_app(wire, is_streamed):
    first = stream_answer(wire, said(ASKING)) if is_streamed else json_answer(wire, said(ASKING))

    async def run():
        begun = asyncio.Event()
        app = Slow(first, begun, listens=False)

        async def send(message):
            pass

        task = asyncio.create_task(
            answered(
                app, scope_of("/"), asyncio.Event().wait, send, body=request(wire), wire=wire, retriever=retriever()
            )
        )
        await begun.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert app.was_cancelled
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())


def test_over_a_socket_a_client_that_leaves_in_a_further_round_ends_it():
    async def run():
        begun = asyncio.Event()
        app = Slow(stream_answer("anthropic", said("Hm.", ASKING)), begun, listens=True)
        ended = asyncio.Event()

        async def house(scope, receive, send):
            body = (await receive())["body"]
            await answered(app, scope, receive, send, body=body, wire="anthropic", retriever=retriever())
            ended.set()

        async with serving(house) as port, connected(port) as client:
            await client.send(asked("POST", "/v1/messages", request("anthropic")))
            await begun.wait()
            await client.leave()
            await ended.wait()
        assert app.heard == [{"type": "http.disconnect"}]

    asyncio.run(run())
