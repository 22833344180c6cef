"""The stations of a request's way, and what observers see at each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from headroom.blocks import Decision, Mode, Outcome, Payload, Tier
from headroom.providers import Usage


class PipelineStage(StrEnum):
    """Stages in the order in which they fire.

    The first three belong to the life of an app, the rest to one request. A library call has nothing to send, so
    its way ends with PRE_SEND.
    """

    SETUP = "setup"
    PRE_START = "pre_start"
    POST_START = "post_start"
    INPUT_RECEIVED = "input_received"
    INPUT_CACHED = "input_cached"
    INPUT_ROUTED = "input_routed"
    INPUT_COMPRESSED = "input_compressed"
    INPUT_REMEMBERED = "input_remembered"
    PRE_SEND = "pre_send"
    POST_SEND = "post_send"
    RESPONSE_RECEIVED = "response_received"


@dataclass(slots=True)
class Exchange:
    """One request and its answer, filled in on the way; at RESPONSE_RECEIVED it is complete.

    `route` names the row of the route table (`library` for calls without HTTP). `status` is what the client got, 0
    if it left before the answer began. Times are seconds; `overhead` is ours alone. `error` is a short code.
    `tier`, `mode` and `lossless` are what the request itself asks for, None for the app's setting. `tenant` names
    whose originals are kept, without telling the credential; `retrievals` and `misses` count the model's calls for
    them, answered and not, `further_requests` what these took.
    """

    request_id: str
    route: str = "library"
    provider: str = ""
    wire: str = ""
    model: str = ""
    tier: Tier | None = None
    mode: Mode | None = None
    lossless: bool = False
    tenant: str = ""
    outcome: Outcome | None = None
    status: int = 0
    streamed: bool = False
    usage: Usage | None = None
    retrievals: int = 0
    misses: int = 0
    further_requests: int = 0
    overhead: float = 0.0
    first_byte: float = 0.0
    total: float = 0.0
    error: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PipelineEvent:
    """What an extension is told.

    `payload` is the request body as JSON values, None where it is not a request stage; an extension that wants
    another body returns the event with a new payload (`dataclasses.replace`) at INPUT_RECEIVED or PRE_SEND and
    never mutates this one. `headers` are the request's, credentials redacted.
    """

    stage: PipelineStage
    request_id: str = ""
    provider: str = ""
    model: str = ""
    payload: Payload | None = None
    tools: tuple[Any, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()
    exchange: Exchange | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def messages(self) -> list[Any]:
        """The conversation in the request's own shape, whatever the wire calls it."""
        for key in ("messages", "input", "contents"):
            value = (self.payload or {}).get(key)
            if isinstance(value, list):
                return value
        return []


@runtime_checkable
class PipelineExtension(Protocol):
    """An observer of the pipeline. One that raises is logged once, counted and skipped."""

    def on_pipeline_event(self, event: PipelineEvent) -> PipelineEvent | None:
        """See an event; return one with a new payload to replace the request body, or None."""
        ...
