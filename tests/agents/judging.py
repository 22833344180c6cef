"""What an agent sent, beside what the provider received: what may differ, and what must not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import msgspec
from agents.tap import Heard

from headroom.blocks import Edit, JsonPath, Payload
from headroom.ccr.tool import definition
from headroom.demo.bodies import payload_of, tool_texts
from headroom.errors import BodyError
from headroom.providers.routes import route_of
from headroom.tokens import TokenCounter
from headroom.wire.splice import splice

# Headers that belong to one connection or follow from the length of the body, and what answers may be coded in.
_PER_HOP = frozenset({"host", "connection", "keep-alive", "upgrade", "accept-encoding"})
_OF_THE_BODY = frozenset({"content-length", "content-encoding", "transfer-encoding"})


@dataclass(frozen=True)
class Pair:
    """One request as it was sent, and as it arrived."""

    sent: Heard
    received: Heard

    @property
    def wire(self) -> str:
        """The wire of its body, empty where it has none."""
        return _wire(self.sent)

    def outputs(self) -> Iterator[tuple[JsonPath, str, str]]:
        """Yield each tool output's place, its text as it was sent and as it arrived."""
        if self.wire:
            arrived = payload_of(self.received.body)
            for path, text in tool_texts(payload_of(self.sent.body), self.wire).items():
                yield path, text, _at(arrived, path)

    def tokens(self) -> tuple[int, int]:
        """Return the tokens of its tool outputs, as they were sent and as they arrived; none may have become longer."""
        count = TokenCounter("gpt-5")
        each = [(count(sent), count(arrived)) for _, sent, arrived in self.outputs()]
        assert all(after <= before for before, after in each)
        return sum(before for before, _ in each), sum(after for _, after in each)


def paired(sent: Sequence[Heard], received: Sequence[Heard]) -> tuple[list[Pair], list[Heard]]:
    """Pair requests that are the same outside of tool outputs, and return what was received besides.

    Target, headers and every other byte of the body must be equal. Fails if one that was sent never arrived so.
    """
    left = list(received)
    pairs = []
    for request in sent:
        found = next((one for one in left if _is_the_same(request, one)), None)
        assert found is not None, f"{request.method} {request.target} did not arrive as it was sent"
        left.remove(found)
        pairs.append(Pair(request, found))
    return pairs, left


def assert_history_stands(pairs: Sequence[Pair], besides: Sequence[Heard]) -> None:
    """Compare each turn with the next, and the last with what was asked `besides`.

    Outputs that are sent again must arrive again as they did.
    """
    turns = sorted(({path: texts for path, *texts in pair.outputs()} for pair in pairs), key=len)
    assert any(turns[:-1])
    for earlier, later in pairwise(turns):
        assert all(later[path] == texts for path, texts in earlier.items())
    for request in besides:
        again = tool_texts(payload_of(request.body), _wire(request))
        known = {path: arrived for path, (_, arrived) in turns[-1].items() if path in again}
        assert known
        assert all(again[path] == arrived for path, arrived in known.items())


def asking(requests: Sequence[Heard]) -> list[Heard]:
    """Return the requests to a model, and the handshakes of sockets for them."""
    return [request for request in requests if route_of("POST", request.path)]


def kinds(requests: Sequence[Heard]) -> Counter[tuple[str, str, int]]:
    """Count requests by method, path and the status of the answer."""
    return Counter((request.method, request.path, request.status) for request in requests)


def bytes_of(requests: Sequence[Heard]) -> int:
    """Return the bytes of all bodies."""
    return sum(len(request.body) for request in requests)


def _is_the_same(sent: Heard, received: Heard) -> bool:
    """Say whether a request arrived with all that must arrive as it is."""
    if (sent.method, sent.target, _lasting(sent)) != (received.method, received.target, _lasting(received)):
        return False
    wire = _wire(sent)
    if not wire:
        return sent.body == received.body
    blank = [Edit(path, "") for path in tool_texts(payload_of(sent.body), wire)]
    try:
        return splice(sent.body, blank) == splice(_without_retrieval(received.body, wire), blank)
    except BodyError:  # it has no such places
        return False


def _lasting(request: Heard) -> dict[str, str]:
    """Return the headers that belong to neither the connection nor the length of the body."""
    return {
        name: value
        for name, value in request.headers.items()
        if name not in _PER_HOP | _OF_THE_BODY and not name.startswith("sec-websocket-")
    }


def _at(payload: Payload, path: JsonPath) -> str:
    value: Any = payload
    for step in path:
        value = value[step]
    assert isinstance(value, str)
    return value


def _without_retrieval(body: bytes, wire: str) -> bytes:
    """Cut out the definition of the retrieval tool where it stands behind other tools."""
    tool = definition(wire)
    tool = tool["functionDeclarations"][0] if wire == "gemini" else tool
    return body.replace(b"," + msgspec.json.encode(tool) + b"]", b"]", 1)


def _wire(request: Heard) -> str:
    row = route_of("POST", request.path) if request.body else None
    return row.wire if row else ""
