"""An ASGI app driven without an event loop: it never waits for anything, so one push takes it to its end."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any

from support.drive import App, Message

from headroom.integrations.threads import at_once


def passed(app: App, scope: dict[str, Any], body: Sequence[bytes]) -> list[Message]:
    """Send a request body in these pieces; return what the app sent. Raises whatever the app raises."""
    last = len(body) - 1
    waiting = [{"type": "http.request", "body": one, "more_body": n < last} for n, one in enumerate(body)]
    sent: list[Message] = []

    async def receive() -> Message:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    finished(app(scope, receive, send))
    return sent


def finished(work: Coroutine[Any, Any, Any]) -> Any:
    """Return the result of a coroutine that waits for nothing."""
    with at_once():
        try:
            work.send(None)
        except StopIteration as end:
            return end.value
    work.close()
    raise RuntimeError("the app waits for something")
