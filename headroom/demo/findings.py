"""What the demo finds out, as plain data."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What became of a tool output, in the words of the report."""

    KEPT = "as it came"
    LOSSLESS = "lossless"
    REFERENCE = "refers back"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Row:
    """One tool output. Tokens are counted on the text as it was sent and as it reached the provider.

    `outcome` is the encoding, or the reason why the text stayed. Where something was left out, `left_out` says what,
    in the words of the text itself, and `handle` how to ask for the original; else both are empty.
    """

    conversation: str
    turn: int
    label: str
    source: str
    kind: Kind
    outcome: str
    left_out: str
    handle: str
    tokens_before: int
    tokens_after: int


class Claim(StrEnum):
    """What the demo puts to the test, in the words and the order in which it is printed."""

    OUTSIDE = "bytes outside the changed texts identical"
    TOOL = "one constant tool added, only beside tools"
    PREFIX = "prefix of every earlier turn byte-identical"
    REPEAT = "the same request again: the same bytes"
    RESTART = "a freshly started proxy: the same bytes"
    RESTORED = "lossless texts and references decode"
    FETCHED = "what was left out is fetched, byte-equal"
    CLOSED = "another credential gets none of it"
    ASKED = "asked for a line left out: the same answer"
    SEEN = "the model got the original, byte-equal"
    USAGE = "usage reported is the sum of all calls"
    SHORTER = "no text has more tokens than before"
    FIGURES = "tokens saved are those the proxy reports"
    LIBRARY = "a library call gives the same texts"
    ANSWERS = "answers identical with and without proxy"
    HEADERS = "headers arrive; only accept-encoding is ours"
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


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens as they were sent by the client, and as they reached the provider."""

    before: int = 0
    after: int = 0

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(self.before + other.before, self.after + other.after)

    @property
    def saved(self) -> int:
        """How many tokens less arrived."""
        return self.before - self.after


@dataclass(slots=True)
class Findings:
    """All that the report shows.

    `resent` are the tokens of the tool outputs of every turn, `asked` those of the requests that ask for something
    left out, with every further call that the proxy makes and all that is retrieved in them (`retrieved`, in
    `retrievals` calls). `tool` are those of the tool's definition, in `with_tool` requests.
    """

    rows: list[Row] = field(default_factory=list)
    checks: dict[Claim, Check] = field(default_factory=lambda: {claim: Check() for claim in Claim})
    timings: list[Timing] = field(default_factory=list)
    requests: int = 0
    streamed: int = 0
    resent: Tokens = Tokens()
    asked: Tokens = Tokens()
    tool: Tokens = Tokens()
    with_tool: int = 0
    questions: int = 0
    retrievals: int = 0
    retrieved: int = 0

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
    def once(self) -> Tokens:
        """Tokens of the tool outputs, each counted once."""
        return sum((Tokens(row.tokens_before, row.tokens_after) for row in self.rows), Tokens())

    @property
    def net(self) -> Tokens:
        """Tokens of all requests, with everything that saving them costs."""
        return self.resent + self.asked + self.tool

    def saved_by(self, kind: Kind) -> int:
        """Return the tokens saved on outputs of one kind, each counted once."""
        return sum(row.tokens_before - row.tokens_after for row in self.rows if row.kind is kind)

    @property
    def added_first(self) -> float:
        """Median of the milliseconds added to a turn that brings something new."""
        return statistics.median(timing.first for timing in self.timings)

    @property
    def added_again(self) -> float:
        """Median of the milliseconds added to a turn that was seen before."""
        return statistics.median(timing.again for timing in self.timings)
