"""What sessions cost with and without Headroom, provider caches included.

usage: python -m benchmarks.bill [CORPUS] [--sessions N]
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks.cache import Charge, Piece, PromptCache, pieces_of
from benchmarks.corpus import chosen
from benchmarks.report import Bar, Report, Table, figure, publish
from benchmarks.sessions import Session, sessions
from headroom.pipeline import Exchange, Pipeline
from headroom.providers import WIRES
from headroom.providers.caching import CACHE_RULES, CacheRule

_INTRO = """Sessions of {requests} requests and more, composed from tool outputs ({corpus}): each request resends the \
history, as clients do. A simulator of the provider's prompt cache bills both what the client sends and what Headroom \
sends for it, input tokens only (the answers are the same). Cost is in input tokens at full price. A *bust* is a \
request that reads fewer pieces of its prefix from the cache than it would without Headroom, though the prefix is long \
enough to be cached."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One session under one rule: cost and written tokens without and with Headroom, and busts."""

    session: str
    wire: str
    rule: str
    before: float
    after: float
    written_before: int
    written_after: int
    busts: int

    @property
    def saved(self) -> float:
        """Per cent of the cost."""
        return 100 * (1 - self.after / self.before)


def fits(rule: CacheRule, wire: str) -> bool:
    """Say whether a session of this wire can meet this rule."""
    return rule.explicit == (wire == "anthropic")


def bill(session: Session, rules: Sequence[CacheRule]) -> list[Outcome]:
    """Replay a session under every rule that fits its wire."""
    pipeline = Pipeline()
    came = [(pieces_of(request.body), request.at) for request in session.requests]
    sent = [
        (pieces_of(pipeline.run(request.body, WIRES[session.wire], Exchange("bench")).body), request.at)
        for request in session.requests
    ]
    found = []
    for rule in rules:
        if fits(rule, session.wire):
            first, second = PromptCache(rule), PromptCache(rule)
            before = [first.charge(pieces, at) for pieces, at in came]
            after = [second.charge(pieces, at) for pieces, at in sent]
            lost = [_is_bust(b, a, pieces, rule) for b, a, (pieces, _) in zip(before, after, sent, strict=True)]
            found.append(_outcome(session, rule, before, after, sum(lost)))
    return found


def _is_bust(before: Charge, after: Charge, pieces: Sequence[Piece], rule: CacheRule) -> bool:
    """Say whether a prefix that could have been read was not. One that became too short to be cached costs less."""
    readable = sum(piece.tokens for piece in pieces[: before.pieces_read])
    return after.pieces_read < before.pieces_read and readable >= rule.minimum


def _outcome(
    session: Session, rule: CacheRule, before: Sequence[Charge], after: Sequence[Charge], busts: int
) -> Outcome:
    return Outcome(
        session=session.name,
        wire=session.wire,
        rule=rule.name,
        before=sum(charge.cost(rule) for charge in before),
        after=sum(charge.cost(rule) for charge in after),
        written_before=sum(charge.written for charge in before),
        written_after=sum(charge.written for charge in after),
        busts=busts,
    )


def report(corpus: str, replayed: Sequence[Session]) -> Report:
    """Bill every session and sum up."""
    found = [outcome for session in replayed for outcome in bill(session, CACHE_RULES)]
    requests = min(len(session.requests) for session in replayed)
    rows = [_row(outcome) for outcome in found]
    heading = ("session", "wire", "rule", "cost before", "after", "saved %", "written before", "after", "busts")
    data = [asdict(outcome) for outcome in found]
    intro = _INTRO.format(corpus=corpus, requests=requests)
    return Report("bill", intro, [Table("Session by session", heading, rows), _by_rule(found)], bars(found), data)


def _row(outcome: Outcome) -> tuple[str, ...]:
    tokens = (outcome.written_before, outcome.written_after)
    return (
        *(outcome.session, outcome.wire, outcome.rule),
        *(f"{outcome.before:,.0f}", f"{outcome.after:,.0f}", figure(outcome.saved)),
        *(f"{number:,}" for number in tokens),
        str(outcome.busts),
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
    parser.add_argument("--sessions", type=int, default=20)
    options = parser.parse_args()
    name, items = chosen(options.corpus)
    publish(report(name, list(sessions(items, options.sessions))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
