"""The nouns of the house: plain data that every other module speaks.

A `Block` is one string of a request that may be read; an `Edit` is a new value for one path; a `Decision`
says what happened to a block and why; an `Outcome` is what every door returns or reports. Those of which there is one
for every block of a request are structs of msgspec, which are made ten times as fast as frozen dataclasses.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import astuple

JsonPath = tuple[str | int, ...]
"""Keys and indices from the root of a request body to one value."""

Payload = dict[str, Any]
"""A request or response body as JSON values."""


class Reason(StrEnum):
    """Why a block came out as it did. Every decision has exactly one."""

    COMPRESSED = "compressed"
    NO_GAIN = "no_gain"
    TOO_SHORT = "too_short"
    TOO_LARGE = "too_large"
    UNRECOGNISED = "unrecognised"
    SYSTEM = "system"
    ASSISTANT = "assistant"
    USER = "user"
    EXCLUDED_TOOL = "excluded_tool"
    IS_ERROR = "is_error"
    OPAQUE = "opaque"
    RETRIEVED = "retrieved"
    FROZEN = "frozen"
    BYPASS = "bypass"
    HOOK = "hook"
    OFF = "off"
    BUDGET = "budget"
    FAILED = "failed"


class Fidelity(StrEnum):
    """What a lossless result restores.

    `BYTES`: the text itself. `VALUE`: the JSON or CSV value with key order and number spelling, not its white
    space. `DISPLAY`: what a terminal or browser would show of it.
    """

    BYTES = "bytes"
    VALUE = "value"
    DISPLAY = "display"


class Channel(StrEnum):
    """How a reader can ask for an original: a tool that we resolve, our MCP server, a shell command, an HTTP call."""

    TOOL = "tool"
    MCP = "mcp"
    SHELL = "shell"
    HTTP = "http"


class Mode(StrEnum):
    """Which blocks are decided: all, or the newest turn only (for conversations that are warm at the provider)."""

    TOKEN = "token"  # noqa: S105 - a mode, no secret
    CACHE = "cache"


class Tier(IntEnum):
    """How much a reader has to do: read at sight, read one legend line, follow back references."""

    PLAIN = 1
    LEGEND = 2
    MAX = 3


class Block(Struct, frozen=True):
    """One readable string of a request.

    `role` is `system`, `user`, `assistant` or `tool`. `tool` and `arguments` (JSON text) name the call that made
    a tool output, empty if unknown; `call` is the id of that call. `question` is what the user said last before it.
    `message` is the index of the message it stands in. `cached` says that it stands at or before the client's last
    cache breakpoint. `opaque` marks content that must not be read: its `text` is empty. `protected` is the reason
    why it must stay as it is, or None.
    """

    path: JsonPath
    text: str
    role: str
    tool: str = ""
    arguments: str = ""
    call: str = ""
    question: str = ""
    message: int = 0
    is_error: bool = False
    cached: bool = False
    opaque: bool = False
    protected: Reason | None = None


class Edit(Struct, frozen=True):
    """A new JSON value for one path of a body; for compressed blocks a string.

    With `append` the path is that of a list and the value becomes its last element.
    """

    path: JsonPath
    value: Any
    append: bool = False


@dataclass(frozen=True, slots=True)
class Lossless:
    """A shorter text from which `of` can be restored exactly by the encoding's decoder.

    `encoding` is the name of the form (for example `json.table`), `tier` what it asks of the reader.
    """

    text: str
    of: Fidelity
    encoding: str
    tier: Tier = Tier.PLAIN


@dataclass(frozen=True, slots=True)
class Capability:
    """How the reader of one text gets its original back: by `handle`, through `channel`.

    Made by `ccr.keeper.Keeper` alone, once the original is kept where that channel finds it.
    """

    channel: Channel
    handle: str


@dataclass(frozen=True, slots=True)
class Reduction:
    """A draft that leaves things out. It cannot be sent; with a capability it becomes `Lossy`.

    `text` holds lines or records of the original and notes of ours; it may still be encoded without loss. `note`
    says in source units what is missing, without brackets: `lines 12-240 left out: 229 of level INFO`.
    """

    text: str
    note: str
    encoding: str


@dataclass(frozen=True, slots=True)
class Lossy:
    """A shorter text that leaves things out, and how its reader gets them back. Its last line is the marker."""

    text: str
    capability: Capability
    encoding: str


class Decision(Struct, frozen=True, eq=False):
    """What happened to one block and why. Tokens are those of the text as the model reads it.

    `handle` names the original of a text that leaves things out; empty for everything else.
    `remembered` and `microseconds` tell of the work, not of the decision: equal decisions may differ in them.
    """

    path: JsonPath
    reason: Reason
    tokens_before: int
    tokens_after: int
    role: str = "tool"
    tool: str = ""
    compressor: str = ""
    encoding: str = ""
    fidelity: Fidelity | None = None
    handle: str = ""
    remembered: bool = False
    microseconds: int = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Decision) and self._decided == other._decided

    def __hash__(self) -> int:
        return hash(self._decided)

    @property
    def _decided(self) -> tuple[Any, ...]:
        return astuple(self)[:-2]

    @property
    def tokens_saved(self) -> int:
        """Tokens that are not sent because of this decision."""
        return self.tokens_before - self.tokens_after


@dataclass(frozen=True, slots=True)
class Outcome:
    """The body to send, and what was decided on the way. `body` is the very object that came in if unchanged.

    `originals` are the texts of this request that were shortened with loss, by handle; `offers_retrieval` says that
    the retrieval tool stands in the body, `conversation` tells calls of equal ids apart. `counting` says how tokens
    were counted, `note` why nothing was decided, if so. Tokens are those of all readable blocks, as they came and as
    they are sent.
    """

    body: bytes
    decisions: tuple[Decision, ...] = ()
    counting: str = "exact"
    note: str = ""
    microseconds: int = 0
    metadata: dict[str, Any] = field(default_factory=dict)
    originals: dict[str, str] = field(default_factory=dict)
    offers_retrieval: bool = False
    conversation: str = ""
    tokens_before: int = field(init=False)
    tokens_after: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tokens_before", sum([d.tokens_before for d in self.decisions]))
        object.__setattr__(self, "tokens_after", sum([d.tokens_after for d in self.decisions]))

    @property
    def tokens_saved(self) -> int:
        """Tokens of this request that are not sent."""
        return self.tokens_before - self.tokens_after

    @property
    def reasons(self) -> Counter[Reason]:
        """How many blocks came out for each reason."""
        return Counter(d.reason for d in self.decisions)

    @property
    def transforms(self) -> tuple[str, ...]:
        """Compressors that changed something, in order of first use, each with its mean ratio after/before."""
        sums: dict[str, list[int]] = {}
        for d in self.decisions:
            if d.reason is Reason.COMPRESSED:
                pair = sums.setdefault(d.compressor, [0, 0])
                pair[0] += d.tokens_before
                pair[1] += d.tokens_after
        return tuple(f"router:{name}:{after / max(1, before):.2f}" for name, (before, after) in sums.items())
