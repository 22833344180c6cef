"""The loop that answers retrieval calls: one answer for the client, whatever the app says and in whatever parts."""

import asyncio
import gzip
import json
import threading

import pytest
from ccr.asking import (
    ASKING,
    EVENTS,
    OTHER,
    Answer,
    App,
    ask,
    each_form,
    each_wire,
    json_answer,
    results_in,
    retriever,
    stream_answer,
)
from ccr.reading import read, read_whole
from ccr.scripts import (
    HANDLE,
    MINT,
    ORIGINAL,
    THEIRS,
    USAGE_KEY,
    Call,
    Store,
    Thought,
    request,
    said,
    stream,
    usage,
    whole,
    wire_of,
)
from hypothesis import given
from hypothesis import strategies as st
from support.drive import answer_of, scope_of

from headroom.ccr.pending import open_in, owed, recall
from headroom.ccr.retriever import NO_MORE, Retriever
from headroom.errors import StoreError
from headroom.integrations.retrieval import answered

# ---- nothing is asked


@each_wire
def test_a_whole_answer_without_our_call_is_passed_on_as_it_came(wire):
    answer = json_answer(wire, said("It is late.", OTHER))
    app, sent = ask(wire, answer)
    status, headers, body = answer_of(sent)
    assert (status, body) == (200, whole(wire, said("It is late.", OTHER)))
    assert headers[b"content-length"] == str(len(body)).encode()
    assert app.bodies == [request(wire, stream=True)]


@each_form
def test_a_stream_without_our_call_is_passed_on_event_by_event(form):
    answer = stream_answer(form, said("It is late.", OTHER))
    _, sent = ask(wire_of(form), answer)
    assert sent[0]["headers"] == [(b"content-type", answer.kind), (b"x-request", b"1")]
    bodies = [message["body"] for message in sent[1:] if message["body"]]
    assert b"".join(bodies) == b"".join(answer.chunks)
    assert len(bodies) >= len(answer.chunks)
    assert [message["more_body"] for message in sent[1:]] == [True] * (len(sent) - 2) + [False]


@each_form
def test_status_and_first_events_do_not_wait_for_the_end(form):
    seen_at_each_chunk = []
    sent = []

    async def app(scope, receive, send):
        kind = b"application/json" if form.endswith("array") else EVENTS
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
        for chunk in stream(form, said("It is late.")):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            seen_at_each_chunk.append(b"".join(m.get("body", b"") for m in sent))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def send(message):
        sent.append(message)

    async def run():
        await answered(
            app,
            scope_of("/"),
            asyncio.Event().wait,
            send,
            body=request(wire_of(form)),
            wire=wire_of(form),
            retriever=retriever(),
        )

    asyncio.run(run())
    chunks = stream(form, said("It is late."))
    joined = b""
    for seen, chunk in zip(seen_at_each_chunk, chunks, strict=True):
        joined += chunk
        assert seen.rstrip() == joined.rstrip()


@each_wire
@pytest.mark.parametrize(
    "answer",
    [
        Answer([b'{"error": {"message": "headroom_retrieve"}}'], status=429, headers=((b"retry-after", b"3"),)),
        Answer([b"<html>headroom_retrieve"], kind=b"text/html"),
        Answer([gzip.compress(b"{}")], headers=((b"content-encoding", b"gzip"),)),
        Answer(
            [gzip.compress(b"data: {}\n\n")],
            kind=EVENTS,
            headers=((b"content-encoding", b"gzip"), (b"content-length", b"9")),
        ),
        Answer([b"not json: headroom_retrieve"]),
        Answer([b""]),
    ],
    ids=["error", "html", "gzip", "gzip stream", "no json", "empty"],
)
def test_what_cannot_be_read_is_relayed_untouched(wire, answer):
    _, sent = ask(wire, answer)
    headers = [(b"content-type", answer.kind), (b"x-request", b"1"), *answer.headers]
    assert sent == [
        {"type": "http.response.start", "status": answer.status, "headers": headers},
        {"type": "http.response.body", "body": answer.chunks[0], "more_body": False},
    ]


def test_a_wire_that_is_answered_later_is_handed_through():
    receipt = Answer([b'{"id": "batch", "x": "headroom_retrieve"}'])
    _, sent = ask("anthropic-batches", receipt, body=b"{}")
    assert answer_of(sent)[2] == receipt.chunks[0]


@pytest.mark.parametrize("answer", [{"choices": []}, {"choices": [{}, {}], "x": "headroom_retrieve"}])
def test_several_choices_are_relayed(answer):
    spelled = json.dumps(answer).encode()
    _, sent = ask("openai-chat", Answer([spelled]))
    assert answer_of(sent)[2] == spelled


def test_a_whole_answer_over_the_cap_is_passed_on_as_it_comes(monkeypatch):
    monkeypatch.setattr("headroom.integrations.sinks.MAX_HELD_BYTES", 10)
    _, sent = ask("anthropic", json_answer("anthropic", said(ASKING)))
    assert answer_of(sent)[2] == whole("anthropic", said(ASKING))
    assert len(sent) == 3


# ---- what the inner app gets


def test_the_app_is_asked_for_an_answer_that_can_be_read_with_fresh_scopes_of_the_right_length():
    headers = ((b"Accept-Encoding", b"gzip, br"), (b"Idempotency-Key", b"one"), (b"x-api-key", b"secret"))
    app, _ = ask(
        "anthropic", json_answer("anthropic", said(ASKING)), json_answer("anthropic", said("Done.")), headers=headers
    )
    for scope, body in zip(app.scopes, app.bodies, strict=True):
        values = [(name.lower(), value) for name, value in scope["headers"]]
        assert values.count((b"accept-encoding", b"identity")) == 1
        assert [value for name, value in values if name == b"accept-encoding"] == [b"identity"]
        assert [value for name, value in values if name == b"content-length"] == [str(len(body)).encode()]
        assert (b"x-api-key", b"secret") in values
    first, second = ([name.lower() for name, _ in scope["headers"]] for scope in app.scopes)
    assert b"idempotency-key" in first
    assert b"idempotency-key" not in second
    assert app.scopes[0] is not app.scopes[1]


# ---- one retrieval and more


@each_wire
def test_a_whole_answer_that_asks_is_continued_out_of_sight(wire):
    thought = (Thought(),) if wire in ("anthropic", "openai-responses") else ()
    app, sent = ask(
        wire, json_answer(wire, said(*thought, "Hm.", ASKING)), json_answer(wire, said("It is late.", number=2))
    )
    status, headers, body = answer_of(sent)
    assert status == 200
    assert headers[b"x-request"] == b"2"
    assert headers[b"content-length"] == str(len(body)).encode()
    seen = read_whole(wire, body)
    assert seen["parts"] == [("text", "It is late.")]
    assert seen["usage"] == usage(wire, 3)
    assert json.loads(body) == {
        **json.loads(whole(wire, said("It is late.", number=2))),
        USAGE_KEY.get(wire, "usage"): usage(wire, 3),
    }
    assert ORIGINAL in results_in(app.bodies[1])


@each_form
@given(sizes=st.lists(st.integers(1, 300), max_size=5))
def test_a_stream_that_asks_is_continued_out_of_sight(form, sizes):
    wire = wire_of(form)
    answers = [stream_answer(form, said("Hm. ", ASKING)), stream_answer(form, said("It is late.", number=2))]
    for answer in answers:
        data = b"".join(answer.chunks)
        bounds = [sum(sizes[: n + 1]) for n in range(len(sizes))]
        answer.chunks = [data[i:j] for i, j in zip([0, *bounds], [*bounds, len(data)], strict=True)]
    app, sent = ask(wire, *answers)
    status, headers, body = answer_of(sent)
    assert (status, headers[b"x-request"]) == (200, b"1")
    assert sum(message["type"] == "http.response.start" for message in sent) == 1
    assert [message["more_body"] for message in sent[1:]] == [True] * (len(sent) - 2) + [False]
    seen = read(form, body)
    assert seen["parts"][0][1] + "".join(part[1] for part in seen["parts"][1:]) == "Hm. It is late."
    assert seen["ended"]
    assert ORIGINAL in results_in(app.bodies[1])
    assert app.bodies[1].startswith(request(wire, stream=True)[:60])


@each_form
def test_two_rounds_and_several_calls_bring_all_they_ask_for(form):
    wire = wire_of(form)
    line = Call("ask_c", arguments=json.dumps({"hash": HANDLE, "lines": "4-4"}))
    miss = Call("ask_d", arguments='{"hash": "0"}')
    one = retriever()
    app, sent = ask(
        wire,
        stream_answer(form, said(ASKING, line)),
        stream_answer(form, said(miss, number=2)),
        stream_answer(form, said("Done.", number=4)),
        one=one,
    )
    seen = read(form, answer_of(sent)[2])
    assert [part for part in seen["parts"] if part[0] != "thought"] == [("text", "Done.")]
    assert {**usage(wire, 7), **seen["usage"]} == usage(wire, 7)
    second, third = results_in(app.bodies[1]), results_in(app.bodies[2])
    assert second.index(ORIGINAL) < second.index("last")
    assert any(text.startswith("[headroom_retrieve: this is no hash") for text in third)
    assert app.bodies[2].startswith(app.bodies[1].removesuffix(request(wire, stream=True).rpartition(b"]")[2])[:-1])
    assert (one.retrievals, one.misses) == (2, 1)


@each_form
def test_a_model_that_never_stops_asking_is_told_once_and_then_ended(form):
    wire = wire_of(form)
    answers = [stream_answer(form, said(f"{n}.", Call(f"ask_{n}"), number=n)) for n in range(1, 6)]
    app, sent = ask(wire, *answers)
    seen = read(form, answer_of(sent)[2])
    assert seen["ended"]
    assert "".join(part[1] for part in seen["parts"]) == "1.2.3.4.5."
    assert [text == NO_MORE for text in results_in(app.bodies[4]) if text in (NO_MORE, ORIGINAL)] == [False] * 3 + [
        True
    ]


@each_wire
def test_the_same_holds_for_whole_answers(wire):
    answers = [json_answer(wire, said(f"{n}.", Call(f"ask_{n}"), number=n)) for n in range(1, 6)]
    _, sent = ask(wire, *answers)
    seen = read_whole(wire, answer_of(sent)[2])
    assert seen["parts"] == [("text", "5.")]
    assert seen["usage"] == usage(wire, 15)


# ---- beside calls of the client


@each_form
def test_results_beside_a_call_of_the_client_are_kept_before_the_client_can_answer(form):
    store = Store()
    kept_at_end = []

    async def run():
        app = App([stream_answer(form, said("Hm.", ASKING, OTHER))])
        out = b""

        async def send(message):
            nonlocal out
            out += message.get("body", b"")
            if message["type"] == "http.response.body" and not message["more_body"]:
                kept_at_end.append(recall(store, "tenant", "call_b"))

        await answered(
            app,
            scope_of("/"),
            asyncio.Event().wait,
            send,
            body=request(wire_of(form)),
            wire=wire_of(form),
            retriever=retriever(store),
        )
        return out

    out = asyncio.run(run())
    assert kept_at_end == [owed([ORIGINAL])]
    assert read(form, out)["parts"] == [("text", "Hm."), ("call", "call_b", THEIRS, {"all": True})]


@each_wire
def test_beside_a_call_of_the_client_a_whole_answer_loses_ours_alone(wire):
    store = Store()
    _, sent = ask(wire, json_answer(wire, said("Hm.", ASKING, OTHER)), store=store)
    _, headers, body = answer_of(sent)
    assert read_whole(wire, body) == read_whole(wire, whole(wire, said("Hm.", OTHER)))
    assert headers[b"content-length"] == str(len(body)).encode()
    assert recall(store, "tenant", "call_b") == owed([ORIGINAL])


@pytest.mark.parametrize("answer", [json_answer, stream_answer])
def test_which_calls_of_ours_a_response_has_ended_in_is_kept_for_chains_that_go_on_from_it(answer):
    store = Store()
    ask("openai-responses", answer("openai-responses", said("Hm.", ASKING, OTHER)), store=store)
    assert recall(store, "tenant", open_in("resp_1")) == ASKING.id


@each_wire
@pytest.mark.parametrize("store", [None, Store(fails=True)])
def test_a_store_that_is_missing_or_fails_does_not_fail_the_answer(wire, store):
    _, sent = ask(wire, json_answer(wire, said("Hm.", ASKING, OTHER)), store=store)
    assert read_whole(wire, answer_of(sent)[2])["parts"][-1][1] == "call_b"


def test_a_store_that_fails_is_a_miss_for_the_model():
    one = Retriever({}, Store(fails=True), "tenant", MINT)
    with pytest.raises(StoreError):
        one.original(HANDLE)
    app, _ = ask("anthropic", json_answer("anthropic", said(ASKING)), json_answer("anthropic", said("Done.")), one=one)
    assert any("cannot be read at the moment" in text for text in results_in(app.bodies[1]))


def test_a_store_is_never_asked_on_the_event_loop():
    class Watched(Store):
        def _check(self):
            threads.append(threading.current_thread())

    threads = []
    one = Retriever({}, Watched(), "tenant", MINT)
    ask("anthropic", json_answer("anthropic", said(ASKING)), json_answer("anthropic", said(ASKING, OTHER)), one=one)
    assert len(threads) == 3
    assert threading.main_thread() not in threads


def test_a_streamed_response_is_kept_under_both_its_names():
    store = Store()
    ask(
        "openai-responses",
        stream_answer("openai-responses", said(ASKING)),
        stream_answer("openai-responses", said("Done.", number=2)),
        store=store,
    )
    assert recall(store, "tenant", "resp_1") == "resp_2"
