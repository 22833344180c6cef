"""Seeded texts of every kind that tools give back, of any size, for measurements that must not depend on a machine.

They are not like one another from line to line: names, numbers and messages are drawn anew, as in real outputs.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator

_NOUNS = ("order", "user", "cache", "queue", "token", "index", "batch", "shard", "route", "table", "worker", "bucket")
_VERBS = ("load", "store", "check", "drop", "merge", "open", "close", "parse", "retry", "flush", "sync", "split")
_FOLDERS = ("src", "lib", "core", "api", "util", "data", "tests", "tools")
_LEVELS = ["INFO"] * 14 + ["DEBUG"] * 4 + ["WARN", "ERROR"]


def json_list(rng: random.Random) -> Iterator[str]:
    """Yield records of an array, one a line, brackets left to `make`."""
    for number in range(10**9):
        state = rng.choice(("active", "active", "idle", "failed"))
        yield json.dumps(
            {
                "id": 100_000 + number,
                "name": _name(rng),
                "state": state,
                "url": f"https://api.example.test/v1/{rng.choice(_NOUNS)}s/{rng.randrange(10**6)}",
                "ratio": round(rng.random(), 4),
                "owner": {"team": rng.choice(_NOUNS), "mail": f"{_name(rng)}@example.test"},
                "tags": rng.sample(_NOUNS, 2),
            }
        )


def log(rng: random.Random) -> Iterator[str]:
    """Yield lines of a service's log."""
    seconds = 0
    while True:
        seconds += rng.randrange(3)
        clock = f"{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rng.randrange(1000):03d}"
        noun, verb = rng.choice(_NOUNS), rng.choice(_VERBS)
        said = f"{verb} of {noun} {rng.randrange(10**5)} took {rng.randrange(900)} ms from 10.0.{rng.randrange(9)}.7"
        yield f"2025-03-04T{clock}Z {rng.choice(_LEVELS):5} [worker-{rng.randrange(8)}] app.{noun}: {said}"


def search(rng: random.Random) -> Iterator[str]:
    """Yield matches as grep prints them, file by file."""
    while True:
        path, number = _path(rng), 0
        for _ in range(rng.randrange(1, 12)):
            number += rng.randrange(1, 90)
            yield f"{path}:{number}:    {_statement(rng)}"


def listing(rng: random.Random) -> Iterator[str]:
    """Yield lines of a long folder listing."""
    while True:
        day, size = rng.randrange(1, 29), rng.randrange(10 ** rng.randrange(2, 7))
        clock = f"{rng.randrange(24):02d}:{rng.randrange(60):02d}"
        yield f"-rw-r--r-- 1 dev staff {size:>8} Mar {day:>2} {clock} {_path(rng)}"


def table(rng: random.Random) -> Iterator[str]:
    """Yield a heading and rows of comma separated values."""
    yield "day,station,kind,value,flag"
    for number in range(10**9):
        day = f"2024-{number // 800 % 12 + 1:02d}-{number // 40 % 28 + 1:02d}"
        yield f"{day},{rng.choice(_NOUNS)},{rng.choice(_VERBS)},{rng.randrange(9000) / 10},{rng.choice('AAAB')}"


def diff(rng: random.Random) -> Iterator[str]:
    """Yield a unified diff over many files."""
    while True:
        path, at = _path(rng), rng.randrange(1, 400)
        yield f"diff --git a/{path} b/{path}"
        yield f"index {rng.randrange(16**7):07x}..{rng.randrange(16**7):07x} 100644"
        yield f"--- a/{path}"
        yield f"+++ b/{path}"
        for _ in range(rng.randrange(1, 4)):
            yield f"@@ -{at},8 +{at},8 @@ def {_name(rng)}(self):"
            for mark in "   -+-+   ":
                yield f"{mark}    {_statement(rng)}"
            at += rng.randrange(20, 200)


def code(rng: random.Random) -> Iterator[str]:
    """Yield lines of a source file as `cat -n` numbers them."""
    number = 0
    while True:
        lines = [f"def {_name(rng)}(value, *, limit={rng.randrange(99)}):", *_body(rng), "", ""]
        for line in lines:
            number += 1
            yield f"{number:>6}\t{line}"


def html(rng: random.Random) -> Iterator[str]:
    """Yield the lines of a page."""
    yield "<!DOCTYPE html><html><head><title>Manual</title><style>p { margin: 0 }</style></head><body>"
    while True:
        yield f'<div class="section" id="{_name(rng)}"><h2>{_name(rng)}</h2>'
        for _ in range(rng.randrange(1, 5)):
            words = " ".join(rng.choice((*_NOUNS, *_VERBS)) for _ in range(30))
            yield f'<p class="body">The {words}. <a href="/{_path(rng)}">{_name(rng)}</a></p>'
        yield "</div>"


KINDS: dict[str, Callable[[random.Random], Iterator[str]]] = {
    "json_list": json_list,
    "log": log,
    "search": search,
    "listing": listing,
    "table": table,
    "diff": diff,
    "code": code,
    "html": html,
}
"""How each kind is made: an endless stream of lines from a source of chance."""


def make(kind: str, size: int, seed: int = 0) -> str:
    """Return about `size` characters of a kind; equal arguments give equal texts."""
    lines: list[str] = []
    room = size
    for line in KINDS[kind](random.Random(f"{kind} {seed}")):
        room -= len(line) + 1
        if room < 0 and lines:
            break
        lines.append(line)
    return f"[{', '.join(lines)}]" if kind == "json_list" else "\n".join(lines) + "\n"


def _name(rng: random.Random) -> str:
    return f"{rng.choice(_VERBS)}_{rng.choice(_NOUNS)}_{rng.randrange(1000)}"


def _path(rng: random.Random) -> str:
    return f"{rng.choice(_FOLDERS)}/{rng.choice(_NOUNS)}/{rng.choice(_VERBS)}_{rng.choice(_NOUNS)}.py"


def _statement(rng: random.Random) -> str:
    return f"{rng.choice(_NOUNS)} = self.{rng.choice(_VERBS)}({rng.choice(_NOUNS)}, {rng.randrange(1000)})"


def _body(rng: random.Random) -> list[str]:
    return [f"    {_statement(rng)}" for _ in range(rng.randrange(2, 12))] + ["    return value"]
