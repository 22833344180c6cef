"""An ASGI app run step by step: its messages are taken one at a time, as from a generator.

ASGI apps push their answer, HTTP clients pull theirs. Here the app's coroutine stays suspended in `send` until the
next message is asked for: no task and no queue stand between them, so the app runs in the task, the context and under
the time limits of whoever asks, and without an event loop where there is none.

    app ── await Handover(message) ──► suspended ──► next_message() ──► message
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from functools import partial
from inspect import CORO_CLOSED, getcoroutinestate
from typing import Any

from headroom.integrations.body import Message
from headroom.integrations.threads import at_once
from headroom.pipeline.guard import Guard

_OVER = object()
_FAILED = object()


class Handover:
    """Suspends the app until the next message is asked for."""

    def __init__(self, message: Message | Exception) -> None:
        self.message = message

    def __await__(self) -> Generator[Handover, None, None]:
        yield self


class Steps:
    """One call of an app. Nothing of it runs before the first message is asked for.

    A failure of the app ends its messages (`has_failed`); it is logged and counted by `guard` as `name`. An error that
    is not the app's own the app hands over in place of a message.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, None], guard: Guard, name: str) -> None:
        self._coroutine = coroutine
        self._guard = guard
        self._name = name
        self.has_failed = False

    def next_message(self) -> Message | Exception | None:
        """Return the next message, None if there is none. For apps that wait for nothing but threads."""
        with at_once():
            effect = self.advanced(partial(self._coroutine.send, None))
        return effect.message if isinstance(effect, Handover) else None

    async def next_message_async(self) -> Message | Exception | None:
        """Return the next message, None if there is none. What the app waits for, the caller waits for."""
        message: Message | Exception | None = await _Step(self, self._coroutine)
        return message

    def end(self, error: Exception) -> None:
        """End the app where it waits, with an error; one that is over is left in peace."""
        if self._is_over():
            return
        with at_once():
            self._guard.run(self._name, partial(self._thrown, error), None)
            self._coroutine.close()

    def advanced(self, advance: Callable[[], Any]) -> Any:
        """Let the coroutine run; return what it waits for, or `_OVER`."""
        if self._is_over():
            return _OVER
        effect = self._guard.run(self._name, partial(_unless_over, advance), _FAILED)
        if effect is not _FAILED:
            return effect
        self.has_failed = True
        return _OVER

    def _is_over(self) -> bool:
        return getcoroutinestate(self._coroutine) == CORO_CLOSED

    def _thrown(self, error: Exception) -> None:
        with suppress(type(error), StopIteration):
            self._coroutine.throw(error)


class _Step(Generator[Any, Any, Any]):
    """The way of a coroutine to its next message, to be awaited; all else it waits for is passed to the event loop."""

    def __init__(self, steps: Steps, coroutine: Coroutine[Any, Any, None]) -> None:
        self._steps = steps
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, Any]:
        return self

    def send(self, value: Any) -> Any:
        """Let the coroutine run on with what it has waited for."""
        return self._passed(partial(self._coroutine.send, value))

    def throw(self, kind: Any, value: Any = None, _: Any = None) -> Any:
        """Let the coroutine run on with an error: a cancellation, or what a wait has ended in."""
        return self._passed(partial(self._coroutine.throw, kind if value is None else value))

    def _passed(self, advance: Callable[[], Any]) -> Any:
        effect = self._steps.advanced(advance)
        if effect is _OVER:
            raise StopIteration(None)
        if isinstance(effect, Handover):
            raise StopIteration(effect.message)
        return effect


def _unless_over(advance: Callable[[], Any]) -> Any:
    try:
        return advance()
    except StopIteration:
        return _OVER
