"""The route table: which requests carry a body of which wire.

One row a route. Paths are matched by their end, so that a route is found under any mount prefix and under the
aliases that gateways give it; of several rows with one end, the first whose path this is. A request that no row
matches is passed on unread.
"""

from __future__ import annotations

from dataclasses import dataclass

from headroom.providers.vendors import ANTHROPIC, BEDROCK, GEMINI, OPENAI, VERTEX, Vendor


@dataclass(frozen=True, slots=True)
class Route:
    """One row: `POST` of a JSON body in `wire` to a path that ends in `suffix` and has all of `within` in it.

    `vendor` is whose wire and errors they are, `host` where requests go: to the vendor, if no cloud is named.
    """

    name: str
    suffix: str
    wire: str
    vendor: Vendor
    example: str
    within: tuple[str, ...] = ()
    cloud: Vendor | None = None

    @property
    def host(self) -> Vendor:
        """Where a request of this row goes if it names no other upstream."""
        return self.cloud or self.vendor


_VERTEX_CLAUDE = ("/publishers/anthropic/models/",)
_VERTEX_GEMINI = ("/publishers/google/models/",)
_BEDROCK_CLAUDE = ("/model/", "anthropic.claude")
_IN_VERTEX = "/v1/projects/p/locations/global/publishers"
_IN_BEDROCK = "/model/us.anthropic.claude-sonnet-4-5-20250929-v1:0"


def _vertex_claude(name: str, suffix: str) -> Route:
    example = f"{_IN_VERTEX}/anthropic/models/claude-sonnet-4-5{suffix}"
    return Route(name, suffix, "anthropic", ANTHROPIC, example, _VERTEX_CLAUDE, VERTEX)


def _vertex_gemini(name: str, suffix: str) -> Route:
    return Route(name, suffix, "gemini", GEMINI, f"{_IN_VERTEX}/google/models/gemini-3{suffix}", _VERTEX_GEMINI, VERTEX)


def _bedrock_claude(name: str, suffix: str) -> Route:
    return Route(name, suffix, "anthropic", ANTHROPIC, _IN_BEDROCK + suffix, _BEDROCK_CLAUDE, BEDROCK)


ROUTES: tuple[Route, ...] = (
    Route("openai.chat", "/chat/completions", "openai-chat", OPENAI, "/v1/chat/completions"),
    Route("openai.responses", "/responses", "openai-responses", OPENAI, "/v1/responses"),
    Route("anthropic.messages", "/v1/messages", "anthropic", ANTHROPIC, "/v1/messages"),
    Route("anthropic.count_tokens", "/v1/messages/count_tokens", "anthropic", ANTHROPIC, "/v1/messages/count_tokens"),
    Route("anthropic.batches", "/v1/messages/batches", "anthropic-batches", ANTHROPIC, "/v1/messages/batches"),
    _vertex_claude("vertex.claude", ":rawPredict"),
    _vertex_claude("vertex.claude_stream", ":streamRawPredict"),
    _vertex_gemini("vertex.gemini", ":generateContent"),
    _vertex_gemini("vertex.gemini_stream", ":streamGenerateContent"),
    _vertex_gemini("vertex.count_tokens", ":countTokens"),
    _bedrock_claude("bedrock.claude", "/invoke"),
    _bedrock_claude("bedrock.claude_stream", "/invoke-with-response-stream"),
    Route("gemini.generate", ":generateContent", "gemini", GEMINI, "/v1beta/models/gemini-3:generateContent"),
    Route("gemini.stream", ":streamGenerateContent", "gemini", GEMINI, "/v1beta/models/gemini-3:streamGenerateContent"),
    Route("gemini.count_tokens", ":countTokens", "gemini", GEMINI, "/v1beta/models/gemini-3:countTokens"),
)


def _end_of(path: str) -> str:
    """Return the last segment of a path, or what follows the last colon in it."""
    segment = path[path.rfind("/") + 1 :]
    return segment[segment.rfind(":") + 1 :]


# The end of a path decides in one look-up for nearly every request that is not ours.
_BY_END: dict[str, tuple[Route, ...]] = {
    _end_of(one.suffix): tuple(row for row in ROUTES if _end_of(row.suffix) == _end_of(one.suffix)) for one in ROUTES
}


def route_of(method: str, path: str) -> Route | None:
    """Return the row that a request belongs to, or None."""
    if method != "POST":
        return None
    for row in _BY_END.get(_end_of(path), ()):
        if path.endswith(row.suffix) and (not row.within or all(part in path for part in row.within)):
            return row
    return None
