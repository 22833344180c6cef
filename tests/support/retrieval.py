"""Requests whose reader can ask for originals: pipelines, texts that must lose something, and the markers in them."""

from __future__ import annotations

import difflib
import json
import re
from random import Random
from typing import Any

from headroom.blocks import Channel
from headroom.ccr.keeper import Retrieval
from headroom.ccr.marker import Mint
from headroom.errors import StoreError
from headroom.pipeline import Pipeline
from headroom.policy import Policy
from support.samples import WORDS
from support.wires import TOOLS, Step, body_of

KEY = b"one key for all tests of retrieval"
MINT = Mint(KEY)

PATIENT = Policy(block_seconds=60, request_seconds=600)
"""What tests decide does not depend on how busy the machine is."""

# The grammar as the documents give it, not as the package has it.
MARKER = re.compile(r"\[[^\n]* \| (?:headroom_retrieve hash=|headroom retrieve |GET /v1/retrieve/)([0-9a-f]{24})\]")


def retrieving(channel: Channel = Channel.TOOL, policy: Policy | None = None, **settings: Any) -> Pipeline:
    """Return a pipeline whose readers ask through `channel`, and that leaves out what is worth it to the least."""
    return Pipeline(policy or Policy(min_lossy_share=0.1), retrieval=Retrieval(channel, MINT), **settings)


def readable_by(wire: str, steps: list[Step], channel: Channel) -> dict[str, Any]:
    """Return a request whose reader has the channel."""
    payload = body_of(wire, steps, tools=True)
    return {**payload, "tools": [*payload["tools"], *_own_tool(wire)]} if channel is Channel.MCP else payload


def _own_tool(wire: str) -> list[Any]:
    """Return the tool as an MCP client declares it."""
    return json.loads(json.dumps(TOOLS[wire]).replace("run_command", "mcp__headroom__headroom_retrieve"))


def handles_in(text: str) -> list[str]:
    """Return the handles of all lines that have the form of a marker."""
    return [found[1] for found in map(MARKER.fullmatch, text.split("\n")) if found]


class FailingStore:
    """A store that is never there. `error` is what its calls raise."""

    def __init__(self, error: type[Exception] = StoreError, *, shared: bool = True) -> None:
        self.error = error
        self.shared = shared
        self.is_blocking = False
        self.calls = 0

    def _fail(self, *_: Any, **__: Any) -> Any:
        self.calls += 1
        raise self.error("the store is gone")

    put = get = stats = _fail

    def close(self) -> None:
        """Do nothing: closing a store that is gone is no failure."""


def _long_rows(r: Random) -> str:
    rows = [
        {
            "id": n,
            "name": f"{r.choice(WORDS)}-{n}",
            "status": "late" if n % 97 == 5 else "ok",
            "note": f"moved by {r.choice(WORDS)} to {r.choice(WORDS)} on day {n % 31}",
            "size": r.randrange(10**6),
        }
        for n in range(240)
    ]
    return json.dumps(rows, indent=1)


def _long_values(r: Random) -> str:
    page = "".join(r.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", k=4_000))
    words = " ".join(r.choices(WORDS, k=400))
    return json.dumps({"status": "done", "image": page, "summary": words, "parts": [{"n": n} for n in range(9)]})


def _long_log(r: Random) -> str:
    lines = [
        f"2026-03-01 10:{n // 60:02d}:{n % 60:02d} INFO [{r.choice(WORDS)}] request {r.randrange(10**5)} served by pool"
        for n in range(300)
    ]
    lines[117] = "2026-03-01 10:01:57 ERROR [router] request 4711 failed: upstream closed the connection"
    return "\n".join(lines)


def _long_csv(r: Random) -> str:
    rows = ["day,region,product,units,price"]
    rows += [f"2026-01-{1 + n // 20:02d},north {r.choice(WORDS)},p{n % 7},{r.randrange(90)},1.50" for n in range(400)]
    return "\n".join(rows)


def _long_search(r: Random) -> str:
    lines = []
    for n in range(400):
        path = f"/srv/project/source/package/{WORDS[n // 100]}_module.py"
        lines.append(f"{path}:{n % 100 * 3 + 1}:    raise ValueError('{r.choice(WORDS)} is out of range')")
    return "\n".join(lines)


def _long_listing(r: Random) -> str:
    lines = []
    for folder in WORDS[:6]:
        lines += [f"./{folder}:", "total 812"]
        for n in range(170):
            day, size, name = 1 + n % 28, r.randrange(10**6), f"{r.choice(WORDS)}_{n}.tar.gz"
            lines.append(f"-rw-r--r-- 1 builder builder {size:>8} Mar {day:>2} 10:{n % 60:02d} {name}")
        lines.append("")
    return "\n".join(lines)


def _long_diff(r: Random) -> str:
    """A diff of several files with much context around each change."""
    pieces = []
    for word in WORDS[:4]:
        old = [f"{r.choice(WORDS)}_{n} = {r.choice(WORDS)}({r.randrange(10**6)})" for n in range(240)]
        new = [line if n % 30 else f"{r.choice(WORDS)} = None" for n, line in enumerate(old)]
        pieces.append(
            f"diff --git a/{word}.py b/{word}.py\nindex {r.randrange(16**7):07x}..{r.randrange(16**7):07x} 100644"
        )
        pieces += difflib.unified_diff(old, new, f"a/{word}.py", f"b/{word}.py", lineterm="", n=12)
    return "\n".join(pieces)


def _long_page(r: Random) -> str:
    """A page with a long list of links, as browsers and fetch tools return it."""
    items = "".join(
        f'<li><a href="https://example.org/parts/{n}/{r.choice(WORDS)}?from=index">{r.choice(WORDS)} number {n}</a></li>\n'
        for n in range(300)
    )
    body = "".join(f"<p>{' '.join(r.choices(WORDS, k=60))}.</p>" for _ in range(4))
    return f"<!DOCTYPE html>\n<html><head><title>Parts</title></head><body><h1>Parts</h1>{body}<ul>{items}</ul></body></html>"


def _long_code(r: Random) -> str:
    """A Python module with long bodies, as `cat` prints it."""
    parts = ['"""Queues and their readers."""\n\nimport os\n']
    for n in range(10):
        name = f"{r.choice(WORDS)}_{n}"
        body = "".join(
            f"    if value > {k}:\n        return compute_{r.choice(WORDS)}(value, {k})\n" for k in range(14)
        )
        parts.append(
            f'def {name}(value: int) -> int:\n    """Return the {name} of a value."""\n{body}    return value\n'
        )
    return "\n\n".join(parts)


LONG = {
    "long_rows": _long_rows,
    "long_values": _long_values,
    "long_log": _long_log,
    "long_csv": _long_csv,
    "long_search": _long_search,
    "long_listing": _long_listing,
    "long_page": _long_page,
    "long_code": _long_code,
    "long_diff": _long_diff,
}
"""Texts of which every reader that can ask for the rest gets a part, for each compressor that leaves things out."""


def long_sample(name: str, seed: int = 1) -> str:
    """Return the named long text; another seed gives another text of the same kind."""
    return LONG[name](Random(seed))


def long_step(name: str, seed: int = 1, **given: Any) -> Step:
    """Return the call that made a long text; code is known by the file that the call names."""
    command = "cat src/queues.py" if name == "long_code" else "ls"
    return Step(long_sample(name, seed), arguments=json.dumps({"command": command}), **given)
