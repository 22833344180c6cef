"""Every kind of request that the proxy forwards, and every rule that each of them has to obey.

The kinds are computed from the route table, so that a row which is added to it is held to all rules at once. Beside
its rows there is what no row matches (the catch-all), and the WebSockets.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from support.wires import BUILDERS, MODELS, Step, encoded

from headroom.providers import routes
from headroom.providers.routes import Route
from headroom.providers.vendors import ANTHROPIC, GEMINI, OPENAI, Vendor


@dataclass(frozen=True)
class Row:
    """One kind of request: `vendor` words its errors, `wire` what its body is read as, empty if it is not."""

    name: str
    path: str
    vendor: Vendor
    wire: str = ""
    is_socket: bool = False

    @property
    def is_read(self) -> bool:
        """Whether the body of a request is read."""
        return bool(self.wire) and not self.is_socket

    @property
    def body(self) -> bytes:
        """A small request of this kind."""
        wire = self.wire or "openai-chat"
        return encoded(BUILDERS[wire]([Step("ok")], MODELS[wire]))


CATCH_ALL = (
    Row("other.openai", "/v1/embeddings", OPENAI),
    Row("other.anthropic", "/v1/complete", ANTHROPIC),
    Row("other.gemini", "/v1beta/files", GEMINI),
    Row("other.gemini_upload", "/upload/v1beta/files", GEMINI),
    Row("other.bedrock", "/model/amazon.nova-pro-v1:0/converse", ANTHROPIC),
    Row("other.vertex", "/v1/projects/p/locations/global/endpoints/e:predict", GEMINI),
    Row("other.unknown", "/anything/at/all", OPENAI),
)
_IN_GEMINI = "/ws/google.ai.generativelanguage."
SOCKETS = (
    Row("socket.realtime", "/v1/realtime", OPENAI, is_socket=True),
    Row("socket.gemini_live", f"{_IN_GEMINI}v1beta.GenerativeService.BidiGenerateContent", GEMINI, is_socket=True),
    Row("socket.unknown", "/anything/at/all", OPENAI, is_socket=True),
)
"""Sockets on paths that no row of the route table has."""


def rows_of(table: Iterable[Route]) -> list[Row]:
    """Return the requests, then the sockets, of a route table. Every path may be that of a socket."""
    table = list(table)
    requests = [Row(one.name, one.example, one.vendor, one.wire) for one in table]
    sockets = [Row(f"socket.{one.name}", one.example, one.vendor, one.wire, is_socket=True) for one in table]
    return [*requests, *CATCH_ALL, *sockets, *SOCKETS]


ROWS = rows_of(routes.ROUTES)

Check = Callable[[Row], Awaitable[None]]


@dataclass(frozen=True)
class Rule:
    """One rule: `check` raises AssertionError for a row that breaks it, `applies` says to which rows it is one."""

    check: Check
    applies: Callable[[Row], bool]

    @property
    def name(self) -> str:
        """What holds."""
        return self.check.__name__


RULES: list[Rule] = []
"""All rules, as the modules beside this one have registered them."""


def rule(applies: Callable[[Row], bool] = lambda _: True) -> Callable[[Check], Check]:
    """Register a check as a rule for the rows that it applies to."""

    def registered(check: Check) -> Check:
        RULES.append(Rule(check, applies))
        return check

    return registered


def is_request(row: Row) -> bool:
    """Say whether it is an HTTP request."""
    return not row.is_socket


def is_read(row: Row) -> bool:
    """Say whether it is an HTTP request whose body is read."""
    return row.is_read


def is_socket(row: Row) -> bool:
    """Say whether it is a WebSocket."""
    return row.is_socket
