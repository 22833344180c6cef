"""The route table: which requests carry a body of which wire.

One row a route. Paths are matched by their end, so that a route is found under any mount prefix and under the
aliases that gateways give it. A request that no row matches is passed on unread.
"""

from __future__ import annotations

from dataclasses import dataclass

from headroom.providers.vendors import ANTHROPIC, GEMINI, OPENAI, Vendor


@dataclass(frozen=True, slots=True)
class Route:
    """One row: `POST` of a JSON body in `wire` to a path that ends in `suffix`."""

    name: str
    suffix: str
    wire: str
    vendor: Vendor
    example: str


ROUTES: tuple[Route, ...] = (
    Route("openai.chat", "/chat/completions", "openai-chat", OPENAI, "/v1/chat/completions"),
    Route("openai.responses", "/responses", "openai-responses", OPENAI, "/v1/responses"),
    Route("anthropic.messages", "/v1/messages", "anthropic", ANTHROPIC, "/v1/messages"),
    Route("anthropic.count_tokens", "/v1/messages/count_tokens", "anthropic", ANTHROPIC, "/v1/messages/count_tokens"),
    Route("anthropic.batches", "/v1/messages/batches", "anthropic-batches", ANTHROPIC, "/v1/messages/batches"),
    Route("gemini.generate", ":generateContent", "gemini", GEMINI, "/v1beta/models/gemini-3:generateContent"),
    Route("gemini.stream", ":streamGenerateContent", "gemini", GEMINI, "/v1beta/models/gemini-3:streamGenerateContent"),
    Route("gemini.count_tokens", ":countTokens", "gemini", GEMINI, "/v1beta/models/gemini-3:countTokens"),
)

# The last segment of a path (or what follows its last colon) decides in one look-up for nearly every request
# that is not ours.
_BY_END: dict[str, Route] = {row.suffix.replace(":", "/").rsplit("/", 1)[-1]: row for row in ROUTES}


def route_of(method: str, path: str) -> Route | None:
    """Return the row that a request belongs to, or None."""
    if method != "POST":
        return None
    end = path[path.rfind("/") + 1 :]
    row = _BY_END.get(end[end.rfind(":") + 1 :])
    return row if row is not None and path.endswith(row.suffix) else None
