"""One tool output that gets shorter, and what is expected of the request that carries it."""

import json
from dataclasses import replace

import msgspec

from headroom.ccr.tool import definition
from headroom.providers.routes import route_of

ROWS = [
    {
        "id": n,
        "name": f"unit-{n}",
        "state": "ready" if n % 3 else "late",
        "load": n * 37 % 101,
        "tags": ["a", "b"],
    }
    for n in range(80)
]
OUTPUT = json.dumps(ROWS, indent=2)
"""Plain ASCII, so that every client spells it alike."""

_SPELLED = json.dumps(OUTPUT).encode()
# Headers that belong to one connection or follow from the length of the body.
_PER_HOP = frozenset({"host", "connection", "content-length", "transfer-encoding"})


def assert_only_the_output_got_shorter(sent, received):
    """Compare bytes before and behind the one place where the tool output stands in what was sent.

    A request with tools carries one more, always the same; its answer must not be coded, for calls are looked for.
    """
    assert sent.body.count(_SPELLED) == 1
    if "tools" in json.loads(sent.body):
        received = _without_retrieval(received)
        sent = replace(sent, headers={**sent.headers, "accept-encoding": "identity"})
    start = sent.body.index(_SPELLED)
    behind = len(sent.body) - start - len(_SPELLED)
    assert received.body[:start] == sent.body[:start]
    assert received.body[len(received.body) - behind :] == sent.body[len(sent.body) - behind :]
    text = json.loads(received.body[start : len(received.body) - behind])
    assert isinstance(text, str)
    assert 0 < len(text) < 0.9 * len(OUTPUT)
    assert_same_envelope(sent, received)


def _without_retrieval(received):
    """Return what was received without the tool that stands at the end of the client's own."""
    wire = route_of("POST", received.target.partition("?")[0]).wire
    ours = b"," + msgspec.json.encode(definition(wire))
    assert received.body.count(ours + b"]") == 1
    return replace(received, body=received.body.replace(ours, b""))


def assert_untouched(sent, received):
    assert received.body == sent.body
    assert_same_envelope(sent, received)


def assert_same_envelope(sent, received):
    """Compare target and headers: credentials, versions and user agents arrive, nothing is added."""
    assert received.target == sent.target
    assert _own(received.headers) == _own(sent.headers)


def _own(headers):
    return {name: value for name, value in headers.items() if name not in _PER_HOP}
