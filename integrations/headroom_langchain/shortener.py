"""What the chat models, the middleware and the node share: a list of messages goes in, a shorter one comes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from typing import Any

from langchain_core.messages import BaseMessage

from headroom.compress import CompressResult
from headroom.integrations.adapter import Adapter
from headroom_langchain.messages import size_of, turns_of, with_returned
from headroom_langchain.models import Options, keeps_results, name_of

Messages = list[Any]
"""A list of messages: some parts of LangChain type it by their base class, others by the union of their classes."""


class Short(list[BaseMessage]):
    """Messages as they are to be sent. A model whose methods call each other is not to shorten them again."""

    def __init__(self, messages: Sequence[BaseMessage], result: CompressResult) -> None:
        super().__init__(messages)
        self.result = result


class Shortener:
    """Shortens the messages of one model or agent. Messages come back as they were if anything fails."""

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter

    def short(self, messages: Messages, model: object, options: Options) -> Messages:
        """Return what to send to a model in place of the messages, which stay as they are.

        `model` is the object or its name, `options` are the keyword arguments of the call.
        """
        if isinstance(messages, Short):
            return messages
        return self.adapter.attempt(partial(self._shortened, messages, model, options), messages)

    async def short_async(self, messages: Messages, model: object, options: Options) -> Messages:
        """Do the same without keeping the event loop."""
        if isinstance(messages, Short):
            return messages
        size = self.adapter.attempt(partial(size_of, messages), 0)
        return await self.adapter.attempt_aside(partial(self._shortened, messages, model, options), messages, size)

    def _shortened(self, messages: Messages, model: object, options: Options) -> Messages:
        result = self.adapter.shorten(
            turns_of(messages), name_of(model, options), keeps_results=keeps_results(model, options)
        )
        return Short(with_returned(messages, result.messages), replace(result, messages=()))


_SENT: ContextVar[Short | None] = ContextVar("headroom_langchain_sent", default=None)


@contextmanager
def sending(messages: Sequence[BaseMessage]) -> Iterator[None]:
    """Tell observers of the calls made in here what the messages were before."""
    token = _SENT.set(messages if isinstance(messages, Short) else None)
    try:
        yield
    finally:
        _SENT.reset(token)


def result_of(messages: Sequence[BaseMessage]) -> CompressResult | None:
    """Return what came of messages that are being sent; None if they are not (or no more) ours."""
    sent = _SENT.get()
    if sent is None or not sent:
        return None
    tail = messages[-len(sent) :]  # the system's message may stand before them
    ours = len(tail) == len(sent) and all(one is other for one, other in zip(tail, sent, strict=True))
    return sent.result if ours else None
