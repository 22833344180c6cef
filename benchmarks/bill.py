"""What sessions cost with and without Headroom, provider caches included.

usage: python -m benchmarks.bill [CORPUS] [--sessions N]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from benchmarks.cache import Charge, Piece, PromptCache, pieces_of
from benchmarks.corpus import chosen
from benchmarks.report import Bar, Report, Table, figure, publish
from benchmarks.sessions import Session, sessions
from headroom.blocks import Channel
from headroom.ccr.keeper import Retrieval
from headroom.ccr.marker import Mint
from headroom.pipeline import Exchange, Pipeline
from headroom.providers import WIRES
from headroom.providers.caching import ANTHROPIC_1_H, CACHE_RULES, CacheRule
from headroom.state.memory import MemoryStore
from headroom.tokens import TokenCounter

RETRIEVED_EVERY = 10
"""Of the outputs that leave something out, every tenth is asked for again: a whole further request."""
CALL_TOKENS = 60
OUTPUT_PRICE = 5
"""What the call for an original costs: tokens that the model writes, at this multiple of the input price."""

_INTRO = """Sessions of {requests} requests and more, composed from tool outputs ({corpus}): each request resends the \
history, as clients do. A simulator of the provider's prompt cache bills both what the client sends and what Headroom \
sends for it. Outputs may leave things out (retrieval by tool); every {every}th of them is retrieved, which costs a \
further request and is billed with what the model writes for it. Otherwise the answers are the same and not billed. \
Cost is in input tokens at full price. A *bust* is a request that reads fewer pieces of its prefix from the cache than \
it would without Headroom, though the prefix is long enough to be cached."""

_MODELS = {"openai, GPT-5.6": "gpt-5.6", "gemini": "gemini-3-pro"}
"""The model of a session under a rule that is not that of the session's own model."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One session under one rule: cost and written tokens without and with Headroom, busts, originals retrieved."""

    session: str
    wire: str
    rule: str
    before: float
    after: float
    written_before: int
    written_after: int
    busts: int
    retrievals: int

    @property
    def saved(self) -> float:
        """Per cent of the cost."""
        return 100 * (1 - self.after / self.before)


def fits(rule: CacheRule, wire: str) -> bool:
    """Say whether a session of this wire can meet this rule."""
    return rule.explicit == (wire == "anthropic")


def bill(session: Session, rules: Sequence[CacheRule]) -> list[Outcome]:
    """Replay a session under every rule that fits its wire."""
    pipeline = Pipeline(retrieval=Retrieval(Channel.TOOL, Mint(b"benchmark")))
    return [_billed(session, rule, pipeline) for rule in rules if fits(rule, session.wire)]


def _billed(session: Session, rule: CacheRule, pipeline: Pipeline) -> Outcome:
    first, second = PromptCache(rule), PromptCache(rule)
    pipeline.store = MemoryStore()  # a world of its own for each rule; what was worked out for a text is kept
    before, after, further, busts = [], [], [], 0
    seen: set[str] = set()
    for request in session.requests:
        body = under(rule, request.body)
        came = pieces_of(body)
        before.append(first.charge(came, request.at))
        pipeline.clock = partial(float, request.at)
        outcome = pipeline.run(body, WIRES[session.wire], Exchange("bench"))
        sent = pieces_of(outcome.body)
        after.append(second.charge(sent, request.at))
        busts += _is_bust(before[-1], after[-1], sent, rule)
        new = [handle for handle in outcome.originals if handle not in seen]
        for number, handle in enumerate(new, start=len(seen) + 1):
            if number % RETRIEVED_EVERY == 0:
                further.append(second.charge([*sent, *_retrieval(outcome.originals[handle])], request.at + 1))
        seen.update(new)
    return _outcome(session, rule, before, [*after, *further], busts, len(further))


def under(rule: CacheRule, body: bytes) -> bytes:
    """Return a request as a client sends it whose provider caches by this rule."""
    payload = json.loads(body)
    if rule.name in _MODELS:
        payload["model"] = payload["model"].replace("gpt-5.1", _MODELS[rule.name])
    if rule is ANTHROPIC_1_H:
        _lengthen(payload)
    return json.dumps(payload, ensure_ascii=False).encode()


def _lengthen(value: Any) -> None:
    """Make every mark for the cache one that lasts an hour."""
    if isinstance(value, dict) and "cache_control" in value:
        value["cache_control"] = {"type": "ephemeral", "ttl": "1h"}
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _lengthen(child)


def _retrieval(original: str) -> list[Piece]:
    """Return what a call for an original adds to the prompt: the call, and the text."""
    return [Piece(b"call", CALL_TOKENS, mark=False), Piece(b"result", TokenCounter("gpt-4o")(original), mark=False)]


def _is_bust(before: Charge, after: Charge, pieces: Sequence[Piece], rule: CacheRule) -> bool:
    """Say whether a prefix that could have been read was not. One that became too short to be cached costs less."""
    readable = sum(piece.tokens for piece in pieces[: before.pieces_read])
    return after.pieces_read < before.pieces_read and readable >= rule.minimum


def _outcome(
    session: Session, rule: CacheRule, before: Sequence[Charge], after: Sequence[Charge], busts: int, retrievals: int
) -> Outcome:
    return Outcome(
        session=session.name,
        wire=session.wire,
        rule=rule.name,
        before=sum(charge.cost(rule) for charge in before),
        after=sum(charge.cost(rule) for charge in after) + retrievals * CALL_TOKENS * OUTPUT_PRICE,
        written_before=sum(charge.written for charge in before),
        written_after=sum(charge.written for charge in after),
        busts=busts,
        retrievals=retrievals,
    )


def report(corpus: str, replayed: Sequence[Session]) -> Report:
    """Bill every session and sum up."""
    found = [outcome for session in replayed for outcome in bill(session, CACHE_RULES)]
    requests = min(len(session.requests) for session in replayed)
    rows = [_row(outcome) for outcome in found]
    heading = (
        "session",
        "wire",
        "rule",
        "cost before",
        "after",
        "saved %",
        "written before",
        "after",
        "busts",
        "retrieved",
    )
    data = [asdict(outcome) for outcome in found]
    intro = _INTRO.format(corpus=corpus, requests=requests, every=RETRIEVED_EVERY)
    return Report("bill", intro, [Table("Session by session", heading, rows), _by_rule(found)], bars(found), data)


def _row(outcome: Outcome) -> tuple[str, ...]:
    tokens = (outcome.written_before, outcome.written_after)
    return (
        *(outcome.session, outcome.wire, outcome.rule),
        *(f"{outcome.before:,.0f}", f"{outcome.after:,.0f}", figure(outcome.saved)),
        *(f"{number:,}" for number in tokens),
        *(str(outcome.busts), str(outcome.retrievals)),
    )


def _by_rule(found: Sequence[Outcome]) -> Table:
    rows = []
    for rule in CACHE_RULES:
        saved = [outcome.saved for outcome in found if outcome.rule == rule.name]
        if saved:
            rows.append((rule.name, str(len(saved)), *map(figure, (min(saved), statistics.median(saved), max(saved)))))
    return Table("Saved by rule, % of the cost", ("rule", "sessions", "least", "median", "most"), rows)


def bars(found: Sequence[Outcome]) -> list[Bar]:
    """Return the limits that the design sets."""
    dearest = max(outcome.after / outcome.before for outcome in found)
    written = max(outcome.written_after / max(1, outcome.written_before) for outcome in found)
    return [
        Bar("cost of the worst session, share of the cost without", dearest, 1.0),
        Bar(
            "median saving of a session", statistics.median(outcome.saved for outcome in found), 25, "%", at_least=True
        ),
        Bar("tokens written to caches, worst session, share of those without", written, 1.01),
        Bar("busts", float(sum(outcome.busts for outcome in found)), 0),
    ]


def main() -> int:
    """Replay, print and publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="?", help="folder of items; else the shared corpus, or one recorded here")
    parser.add_argument("--sessions", type=int, default=24)
    options = parser.parse_args()
    name, items = chosen(options.corpus)
    publish(report(name, list(sessions(items, options.sessions))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
