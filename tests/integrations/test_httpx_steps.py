"""An app run step by step, in the task of whoever asks for its next message."""

import asyncio
import contextvars
import logging
import threading

import pytest

from headroom.integrations.steps import Handover, Steps
from headroom.integrations.threads import in_thread
from headroom.pipeline.guard import Guard

WHERE = contextvars.ContextVar("where", default="nowhere")


def message(text):
    return {"type": "http.response.body", "body": text.encode(), "more_body": True}


def steps_of(app):
    guard = Guard()
    return Steps(app(), guard, "app"), guard


def test_nothing_runs_before_the_first_message_is_asked_for_and_no_further_than_it():
    done = []

    async def app():
        for name in ("one", "two"):
            done.append(name)
            await Handover(message(name))

    steps, guard = steps_of(app)
    assert done == []
    assert steps.next_message() == message("one")
    assert done == ["one"]
    assert steps.next_message() == message("two")
    assert steps.next_message() is None
    assert steps.next_message() is None
    assert guard.failures == {}


async def _here():
    here = await in_thread(threading.current_thread)
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 / 0)
    await Handover(message(here.name))


def test_work_for_a_thread_is_done_at_once_where_there_is_no_event_loop():
    steps, _ = steps_of(_here)
    assert steps.next_message() == message(threading.current_thread().name)


def test_a_caller_that_waits_inside_of_an_event_loop_has_it_done_at_once_too():
    async def waits():
        steps, _ = steps_of(_here)
        return steps.next_message()

    assert asyncio.run(waits()) == message(threading.current_thread().name)


def test_what_the_app_awaits_the_caller_awaits_in_its_own_task_and_context():
    seen = []

    async def app():
        await asyncio.sleep(0)
        first = await asyncio.to_thread(WHERE.get)
        seen.append((asyncio.current_task().get_name(), first))
        await Handover(message("one"))
        await asyncio.gather(asyncio.sleep(0.001), asyncio.sleep(0))
        await Handover(message("two"))

    async def ask():
        WHERE.set("here")
        asyncio.current_task().set_name("mine")
        steps, _ = steps_of(app)
        return [await steps.next_message_async() for _ in range(3)]

    assert asyncio.run(ask()) == [message("one"), message("two"), None]
    assert seen == [("mine", "here")]


def test_what_a_wait_ends_in_the_app_may_catch():
    async def app():
        failing = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(failing.set_exception, OSError("no"))
        with pytest.raises(OSError, match="no"):
            await failing
        try:
            async with asyncio.timeout(0.001):
                await asyncio.Event().wait()
        except TimeoutError:
            await Handover(message("late"))

    async def ask():
        return await steps_of(app)[0].next_message_async()

    assert asyncio.run(ask()) == message("late")


def test_a_cancelled_caller_cancels_the_app():
    ends = []

    async def app():
        try:
            await asyncio.Event().wait()
        finally:
            ends.append("ended")

    async def ask():
        steps, guard = steps_of(app)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(steps.next_message_async(), 0.01)
        assert guard.failures == {}

    asyncio.run(ask())
    assert ends == ["ended"]


def test_a_failure_ends_the_messages_and_is_logged(caplog):
    async def app():
        await Handover(message("one"))
        raise ValueError("ours")

    steps, guard = steps_of(app)
    assert steps.next_message() == message("one")
    with caplog.at_level(logging.WARNING, "headroom"):
        assert steps.next_message() is None
    assert guard.failures == {"app": 1}
    assert "app failed with ValueError" in caplog.text


def test_an_app_is_ended_where_it_waits_and_only_once():
    ends = []

    async def app():
        try:
            await Handover(message("one"))
        except OSError as error:
            ends.append(error)
            raise

    steps, guard = steps_of(app)
    steps.next_message()
    gone = OSError("gone")
    steps.end(gone)
    steps.end(OSError("again"))
    assert ends == [gone]
    assert guard.failures == {}


def test_an_app_that_does_not_want_to_end_is_closed():
    async def app():
        while True:
            try:
                await Handover(message("more"))
            except OSError:
                continue

    steps, guard = steps_of(app)
    steps.next_message()
    steps.end(OSError("gone"))
    assert steps.next_message() is None
    assert guard.failures == {}


def test_an_app_that_fails_while_it_is_ended_is_noted():
    async def app():
        try:
            await Handover(message("one"))
        finally:
            raise ValueError("ours")

    steps, guard = steps_of(app)
    steps.next_message()
    steps.end(OSError("gone"))
    assert guard.failures == {"app": 1}
