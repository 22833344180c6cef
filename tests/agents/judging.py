"""What an agent sent, beside what the provider received: what may differ, and what must not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import msgspec
from agents.tap import Heard

from headroom.blocks import Edit, JsonPath
from headroom.ccr.tool import definition
from headroom.demo.bodies import payload_of, tool_texts
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
            arrived = tool_texts(payload_of(self.received.body), self.wire)
            for path, text in tool_texts(payload_of(self.sent.body), self.wire).items():
                yield path, text, arrived[path]

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
        found = next((one for one in left if _frame(one) == _frame(request)), None)
        assert found is not None, f"{request.method} {request.target} did not arrive as it was sent"
        left.remove(found)
        pairs.append(Pair(request, found))
    return pairs, left


def assert_history_stands(pairs: Sequence[Pair], besides: Sequence[Heard]) -> int:
    """Compare each turn with the next, and the last with what was asked `besides` for it: count the outputs compared.

    Outputs that are sent again must arrive again as they did.
    """
    turns = sorted(({path: texts for path, *texts in pair.outputs()} for pair in pairs), key=len)
    compared = 0
    for earlier, later in pairwise(turns):
        for path, texts in earlier.items():
            assert later[path] == texts
            compared += 1
    for request in besides:
        again = tool_texts(payload_of(request.body), _wire(request))
        assert all(again[path] == arrived for path, (_, arrived) in turns[-1].items())
    return compared


def asking(requests: Sequence[Heard]) -> list[Heard]:
    """Return the requests to a model, and the handshakes of sockets for them."""
    return [request for request in requests if route_of("POST", request.path)]


def kinds(requests: Sequence[Heard]) -> Counter[tuple[str, str, int]]:
    """Count requests by method, path and the status of the answer."""
    return Counter((request.method, request.path, request.status) for request in requests)


def bytes_of(requests: Sequence[Heard]) -> int:
    """Return the bytes of all bodies."""
    return sum(len(request.body) for request in requests)


def _frame(request: Heard) -> tuple[object, ...]:
    """Return all of a request that must arrive as it is."""
    hop = _PER_HOP | _OF_THE_BODY
    own = {
        name: value
        for name, value in request.headers.items()
        if name not in hop and not name.startswith("sec-websocket-")
    }
    return request.method, request.target, own, _without_outputs(request)


def _without_outputs(request: Heard) -> bytes:
    wire = _wire(request)
    if not wire:
        return request.body
    body = _without_retrieval(request.body, wire)
    return splice(body, [Edit(path, "") for path in tool_texts(payload_of(body), wire)])


def _without_retrieval(body: bytes, wire: str) -> bytes:
    """Cut out the definition of the retrieval tool where it stands behind other tools."""
    tool = definition(wire)
    tool = tool["functionDeclarations"][0] if wire == "gemini" else tool
    return body.replace(b"," + msgspec.json.encode(tool) + b"]", b"]", 1)


def _wire(request: Heard) -> str:
    row = route_of("POST", request.path) if request.body else None
    return row.wire if row else ""
