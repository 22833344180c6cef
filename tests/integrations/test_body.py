"""Bodies come in messages; they are put together whole, or given back as they came."""

import asyncio
import tracemalloc

import pytest

from headroom.integrations.body import BodyReader

MIB = 1_048_576


def messages_of(*parts):
    last = len(parts) - 1
    return [{"type": "http.request", "body": part, "more_body": n < last} for n, part in enumerate(parts)]


def receiving(messages):
    waiting = iter(messages)

    async def receive():
        return next(waiting)

    return receive


@pytest.mark.parametrize("parts", [[b""], [b"one"], [b"a", b"", b"b"], [b"x" * 70_000] * 16, [b"y" * MIB, b"z" * MIB]])
def test_parts_are_put_together_in_order(parts):
    reader = BodyReader(receiving(messages_of(*parts)), 4 * MIB)
    assert asyncio.run(reader.read()) == b"".join(parts) == reader.body


def test_one_part_is_the_body_itself():
    part = b"x" * 2 * MIB
    assert asyncio.run(BodyReader(receiving(messages_of(part)), 4 * MIB).read()) is part


def test_large_bodies_are_put_together_in_a_thread_small_ones_at_once(monkeypatch):
    threads = []

    async def noted(work, *arguments):
        threads.append(work)
        return work(*arguments)

    monkeypatch.setattr(asyncio, "to_thread", noted)
    asyncio.run(BodyReader(receiving(messages_of(b"x" * MIB, b"")), 4 * MIB).read())
    assert threads == []
    asyncio.run(BodyReader(receiving(messages_of(b"x" * MIB, b"x")), 4 * MIB).read())
    assert len(threads) == 1


def test_what_was_taken_is_given_back_whole_or_as_it_came():
    async def both():
        whole, cut = (BodyReader(receiving(messages_of(b"ab", b"cd", b"ef")), limit) for limit in (6, 3))
        assert await whole.read() == b"abcdef"
        assert await cut.read() is None
        assert not cut.gone
        return await whole.replay(), [await cut.replay() for _ in range(3)]

    assert asyncio.run(both()) == (messages_of(b"abcdef")[0], messages_of(b"ab", b"cd", b"ef"))


def test_a_body_that_was_replaced_is_not_kept():
    async def read():
        parts = ({"type": "http.request", "body": bytes(65_536), "more_body": n < 127} for n in range(128))
        reader = BodyReader(receiving(parts), 16 * MIB)
        await reader.read()
        return reader.replaced(b"short")

    tracemalloc.start()
    try:
        receive = asyncio.run(read())
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held < MIB
    assert asyncio.run(receive())["body"] == b"short"
