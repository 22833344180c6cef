"""Conversations that grow turn by turn, as clients send them, and what of a body must stand on every later turn."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from random import Random
from typing import Any

import msgspec

from support.samples import SAMPLES, UNTOUCHED, sample
from support.wires import MESSAGES, Step, body_of, encoded

SINGLE = sorted(MESSAGES)
"""The wires whose bodies are one conversation."""

CACHE_MARK = b', "cache_control": {"type": "ephemeral"}'
"""How a client spells the mark that it moves from turn to turn; it is no part of what providers cache."""

_COMMANDS = ("cat src/engine.py", "make test", "git diff", "ls -la src", "grep -rn value src")
_TOOLS = ("run_command", "run_command", "run_command", "mcp__files__search", "Read")
_QUESTIONS = ("", "", "", "Go on.", "Why does the router fail?", "Which requests were late?")
_SEEDS = 40
_LENGTHS = (20, 40, 40, 60, 1_000)
"""Lines of an output at most."""


@lru_cache(maxsize=2_048)
def _sample(kind: str, seed: int, most: int) -> str:
    return "\n".join(sample(kind, seed).split("\n")[:most])


def conversation(r: Random, turns: int) -> list[Step]:
    """Return a conversation in which outputs come again, as they were or with small changes."""
    steps: list[Step] = []
    for number in range(turns):
        question = r.choice(_QUESTIONS) if number else "Find out what is wrong with the router."
        steps.append(
            Step(
                _output(r, [step.output for step in steps]),
                tool=r.choice(_TOOLS),
                arguments=f'{{"command": "{r.choice(_COMMANDS)}"}}',
                user=question,
                assistant=r.choice(("", "I see.")),
                is_error=r.random() < 0.05,
            )
        )
    return steps


def _output(r: Random, earlier: list[str]) -> str:
    kind = r.random()
    if earlier and kind < 0.25:
        return r.choice(earlier)
    if earlier and kind < 0.45:
        return changed(r, r.choice(earlier))
    if kind < 0.9:
        return _sample(r.choice(sorted(SAMPLES)), r.randrange(_SEEDS), r.choice(_LENGTHS))
    return r.choice(["", "ok", "é€𝄞 \u2028 \x1b[31mred\x1b[0m\r\n" * 40, *UNTOUCHED.values()])


def changed(r: Random, text: str) -> str:
    """Return the text with a few lines changed, gone or new."""
    lines = text.split("\n")
    for _ in range(r.randrange(1, 4)):
        at = r.randrange(len(lines))
        lines[at : at + r.randrange(2)] = [f"a line of its own {r.randrange(10**6)}"]
    return "\n".join(lines)


def turns_of(wire: str, steps: list[Step], *, marked: bool = True) -> Iterator[bytes]:
    """Yield the body of every turn: each ends with the output that the model is to read next.

    With `marked`, Anthropic's clients put their cache mark on the newest block.
    """
    for turn in range(1, len(steps) + 1):
        newest = Step(**{**steps[turn - 1].__dict__, "assistant": ""})
        payload = body_of(wire, [*steps[: turn - 1], newest], tools=True)
        if wire == "anthropic" and marked:
            payload["messages"][-1]["content"][-1]["cache_control"] = {"type": "ephemeral"}
        yield encoded(payload)


def parts_of(wire: str, body: bytes) -> tuple[bytes, bytes, bytes]:
    """Return a body in three: what stands before its messages, the messages as an array, what stands behind.

    Cache marks are left out.
    """
    plain = body.replace(CACHE_MARK, b"")
    members: dict[str, Any] = msgspec.json.decode(plain, type=dict[str, msgspec.Raw])
    return plain.partition(bytes(members[MESSAGES[wire]]))


class Watch:
    """Compares each turn of one conversation with the one before: every byte that was sent must stand."""

    def __init__(self, wire: str) -> None:
        self.wire = wire
        self.turns = 0
        self._sent = (b"", b"", b"")

    def broken(self, body: bytes) -> list[str]:
        """Take the next turn's body; return where what earlier turns sent is no longer as it was."""
        before, messages, behind = parts = parts_of(self.wire, body)
        known_before, known_messages, known_behind = self._sent
        stands = messages.startswith(known_messages.removesuffix(b"]"))
        checks = {"before": before == known_before, "messages": stands, "behind": behind == known_behind}
        self._sent = parts
        self.turns += 1
        return [name for name, holds in checks.items() if not holds] if self.turns > 1 else []
