"""Where the answers of the inner app go: passed on, held, or woven into the stream that the client has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import partial
from typing import Any

from headroom.blocks import Payload
from headroom.ccr.answers import Answers, Turn
from headroom.ccr.pending import of_call, open_in, owed, remember
from headroom.ccr.retriever import NO_MORE, Retriever
from headroom.ccr.streams import Weaver, weaver
from headroom.errors import BodyError
from headroom.integrations.body import Message, Send
from headroom.integrations.threads import in_thread

MAX_HELD_BYTES = 16_777_216
"""A whole answer larger than this is passed on as it comes."""

_MAX_ERROR_BYTES = 65_536


class Rounds:
    """What the calls of the app for one request have in common.

    `body` is what the next one is sent, `made` how many further calls there were, `usages` what the provider reported
    for those before. `weaver` weaves the client's stream once it has begun, in the content type `kind`.
    """

    def __init__(self, send: Send, answers: Answers, retriever: Retriever, body: bytes, rounds: int) -> None:
        self.send = send
        self.answers = answers
        self.body = body
        self.made = 0
        self.usages: list[Payload] = []
        self.weaver: Weaver | None = None
        self.kind = b""
        self._retriever = retriever
        self._most = rounds

    async def goes_on(self, turn: Turn | None) -> bool:
        """Say whether the app is to be called again, then with `body`. If not, what is owed to a later request is kept.

        A store may block, and bodies are large: the work is done in a thread.
        """
        following = await in_thread(self._following, turn) if turn is not None else None
        if turn is None or following is None:
            return False
        self.body = following
        self.usages += [turn.usage] if turn.usage else []
        self.made += 1
        return True

    async def keep_name(self, renamed: tuple[str, str] | None) -> None:
        """Keep which response a streamed answer has ended in, for a request that continues from it."""
        if renamed is not None:
            await in_thread(remember, self._retriever.store, self._retriever.tenant, *renamed)

    def _following(self, turn: Turn) -> bytes | None:
        if turn.waits_for_us and self.made <= self._most:
            results = self._results(turn) if self.made < self._most else [NO_MORE] * len(turn.ours)
            try:
                return self.answers.follow_up(self.body, turn, results)
            except BodyError:
                return None
        if turn.whole:
            self._keep_what_is_owed(turn)
        return None

    def _keep_what_is_owed(self, turn: Turn) -> None:
        """Keep results for the client's next request, and which calls stay open in the response it may go on from."""
        kept = partial(remember, self._retriever.store, self._retriever.tenant)
        if turn.theirs:
            kept(of_call(self._retriever.conversation, turn.theirs[-1]), owed(self._results(turn)))
        if turn.response:
            kept(open_in(turn.response), " ".join(call.id for call in turn.ours))

    def _results(self, turn: Turn) -> list[str]:
        return [self._retriever.answer(call.arguments) for call in turn.ours]


class Sink(ABC):
    """Takes one answer. `goes_on` says that another call follows, `is_complete` that the answer came to its end."""

    def __init__(self, rounds: Rounds) -> None:
        self._rounds = rounds
        self.goes_on = False
        self.is_complete = False

    @abstractmethod
    async def start(self, message: Message) -> None:
        """Take status and headers."""

    @abstractmethod
    async def body(self, message: Message) -> None:
        """Take a part of the body."""

    async def broken_off(self) -> None:
        """Take notice that the app has returned without ending its answer: neither is the client's ended."""
        return

    async def _pass(self, data: bytes, *, more: bool) -> None:
        if data or not more:
            await self._rounds.send({"type": "http.response.body", "body": data, "more_body": more})


class Relayed(Sink):
    """Passes everything on as it is."""

    async def start(self, message: Message) -> None:
        """Take status and headers."""
        await self._rounds.send(message)

    async def body(self, message: Message) -> None:
        """Take a part of the body."""
        self.is_complete = not message.get("more_body", False)
        await self._rounds.send(message)


class Whole(Sink):
    """Holds a JSON answer until it is complete. Status and headers are those of the last call."""

    def __init__(self, rounds: Rounds) -> None:
        super().__init__(rounds)
        self._held: list[Message] = []
        self._size = 0
        self._is_released = False

    async def start(self, message: Message) -> None:
        """Take status and headers."""
        self._held.append(message)

    async def body(self, message: Message) -> None:
        """Take a part of the body."""
        self.is_complete = not message.get("more_body", False)
        if self._is_released:
            await self._rounds.send(message)
            return
        self._held.append(message)
        self._size += len(message.get("body", b""))
        if self._size > MAX_HELD_BYTES:
            await self._release()
        elif self.is_complete:
            await self._settle()

    async def broken_off(self) -> None:
        """Pass on what was held, without an end."""
        await self._release()

    def is_array_of_answers(self, message: Message) -> bool:
        """Say whether the body turns out to be a stream in the form of an array (Gemini, without `alt=sse`)."""
        begins = self._size == 0 and message.get("body", b"").lstrip()[:1] == b"["
        return begins and not self._is_released and self._rounds.answers.wire == "gemini"

    async def as_stream(self) -> Sink:
        """Return the sink for the answer that turned out to be a stream; it has been told what is known."""
        rounds = self._rounds
        rounds.weaver = weaver(rounds.answers.wire, rounds.body, is_array=True)
        sink = Relayed(rounds) if rounds.weaver is None else Woven(rounds, rounds.weaver)
        await sink.start(self._held[0])
        return sink

    async def _release(self) -> None:
        held, self._held, self._is_released = self._held, [], True
        for message in held:
            await self._rounds.send(message)

    async def _settle(self) -> None:
        start, *parts = self._held
        answer = b"".join(part.get("body", b"") for part in parts)
        turn = await in_thread(self._rounds.answers.turn, answer)
        self.goes_on = await self._rounds.goes_on(turn)
        if self.goes_on:
            return
        final = await in_thread(partial(self._final, answer, is_changed=turn is not None))
        if final is answer:
            await self._release()
            return
        await self._rounds.send({**start, "headers": _with_length(start.get("headers", ()), len(final))})
        await self._pass(final, more=False)

    def _final(self, answer: bytes, *, is_changed: bool) -> bytes:
        if not is_changed and not self._rounds.usages:
            return answer
        try:
            return self._rounds.answers.final(answer, self._rounds.usages)
        except BodyError:
            return answer


class Woven(Sink):
    """Weaves a stream into that of the client. The status is that of the first call."""

    def __init__(self, rounds: Rounds, weaver: Weaver) -> None:
        super().__init__(rounds)
        self._weaver = weaver

    async def start(self, message: Message) -> None:
        """Take status and headers."""
        if not self._rounds.made:
            await self._rounds.send({**message, "headers": _with_length(message.get("headers", ()), None)})

    async def body(self, message: Message) -> None:
        """Take a part of the body."""
        self.is_complete = not message.get("more_body", False)
        await self._pass(self._weaver.feed(message.get("body", b"")), more=True)
        if self.is_complete:
            self.goes_on = await self._rounds.goes_on(self._weaver.end())
            await self._end()

    async def broken_off(self) -> None:
        """Pass on what was held, without an end."""
        self._weaver.end()
        await self._pass(self._weaver.finish(), more=True)

    async def _end(self) -> None:
        if self.goes_on:
            await self._pass(self._weaver.go_on(), more=True)
            return
        await self._rounds.keep_name(self._weaver.renamed)
        await self._pass(self._weaver.finish(), more=False)


class Failed(Sink):
    """Tells a client whose stream has begun that a further call was answered with an error."""

    def __init__(self, rounds: Rounds, weaver: Weaver) -> None:
        super().__init__(rounds)
        self._weaver = weaver
        self._status = 0
        self._body = b""

    async def start(self, message: Message) -> None:
        """Take status and headers."""
        self._status = message["status"]

    async def body(self, message: Message) -> None:
        """Take a part of the body."""
        self.is_complete = not message.get("more_body", False)
        self._body += message.get("body", b"")[: _MAX_ERROR_BYTES - len(self._body)]
        if self.is_complete:
            await self.broken_off()

    async def broken_off(self) -> None:
        """Pass on what was held, without an end."""
        await self._pass(self._weaver.failed(self._status, self._body), more=False)


def _with_length(headers: Iterable[tuple[Any, Any]], length: int | None) -> list[tuple[Any, Any]]:
    """Return headers with another content length, or without one where it is not known."""
    own = [] if length is None else [(b"content-length", str(length).encode())]
    return [*[pair for pair in headers if bytes(pair[0]).lower() != b"content-length"], *own]
