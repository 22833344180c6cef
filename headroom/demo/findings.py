"""What the demo finds out, as plain data."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Row:
    """One tool output. Tokens are counted on the text as it was sent and as it reached the provider.

    `outcome` is the encoding, or the reason why the text stayed. `restored` says whether the decoder gives the
    original back, None where there is nothing to restore or one decoder alone cannot tell.
    """

    conversation: str
    turn: int
    tool: str
    label: str
    source: str
    compressor: str
    outcome: str
    fidelity: str
    tokens_before: int
    tokens_after: int
    restored: bool | None

    @property
    def changed(self) -> bool:
        """Whether another text was sent than came."""
        return bool(self.fidelity)


class Claim(StrEnum):
    """What the demo puts to the test, in the words and the order in which it is printed."""

    OUTSIDE = "bytes outside the changed texts identical"
    PREFIX = "prefix of every earlier turn byte-identical"
    REPEAT = "the same request again: the same bytes"
    RESTART = "a freshly started proxy: the same bytes"
    RESTORED = "changed texts decode to their originals"
    SHORTER = "no text has more tokens than before"
    FIGURES = "tokens saved are those the proxy reports"
    LIBRARY = "a library call gives the same texts"
    ANSWERS = "answers identical with and without proxy"
    HEADERS = "the client's headers arrive, none is added"
    UNTOUCHED = "unknown and bypassed requests untouched"


@dataclass(slots=True)
class Check:
    """How often a claim was tried, and where it failed."""

    tried: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether the claim was tried and never failed."""
        return self.tried > 0 and not self.failures


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds that the proxy added to one turn: an answer's time through it less that of a direct call.

    `first` is of the request that brings something new, `again` of the same one sent a second time.
    """

    first: float
    again: float


@dataclass(slots=True)
class Findings:
    """All that the report shows. Request tokens are those of the tool outputs of every request that was sent."""

    rows: list[Row] = field(default_factory=list)
    checks: dict[Claim, Check] = field(default_factory=lambda: {claim: Check() for claim in Claim})
    timings: list[Timing] = field(default_factory=list)
    requests: int = 0
    streamed: int = 0
    request_tokens_before: int = 0
    request_tokens_after: int = 0

    def note(self, claim: Claim, where: str, *, held: bool) -> None:
        """Count one trial of a claim; `where` names it if it failed."""
        check = self.checks[claim]
        check.tried += 1
        if not held:
            check.failures.append(where)

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks.values())

    @property
    def tokens_before(self) -> int:
        """Tokens of the tool outputs, each counted once, as they were sent."""
        return sum(row.tokens_before for row in self.rows)

    @property
    def tokens_after(self) -> int:
        """Tokens of the tool outputs, each counted once, as they arrived."""
        return sum(row.tokens_after for row in self.rows)

    @property
    def added_first(self) -> float:
        """Median of the milliseconds added to a turn that brings something new."""
        return statistics.median(timing.first for timing in self.timings)

    @property
    def added_again(self) -> float:
        """Median of the milliseconds added to a turn that was seen before."""
        return statistics.median(timing.again for timing in self.timings)
