"""The seam for applications that want a say: subclass `CompressionHooks` and override what is needed."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from headroom.blocks import Block, Decision, Payload, Reason, Tier
from headroom.pipeline.guard import Guard
from headroom.providers.wire import Wire
from headroom.wire.changes import changes


@dataclass(frozen=True, slots=True)
class HookContext:
    """What a hook may know. `turn_number` counts the user's turns; `tool_calls` are the tools' names in order."""

    model: str
    provider: str
    user_query: str
    turn_number: int
    tool_calls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CompressionEvent:
    """What came of a request: tokens of all readable text before and after, and every decision."""

    context: HookContext
    tokens_before: int
    tokens_after: int
    decisions: tuple[Decision, ...]
    ccr_hashes: tuple[str, ...] = ()


class CompressionHooks:
    """Overridable points of one request. Messages are JSON values in the request's own shape; never mutate them."""

    def pre_compress(self, messages: list[Any], ctx: HookContext) -> list[Any]:  # noqa: ARG002 - for subclasses
        """Return the messages to go on with."""
        return messages

    def compute_biases(self, messages: list[Any], ctx: HookContext) -> Mapping[int, float]:  # noqa: ARG002
        """Return by message index how much to keep: above 1 more, below 1 less, absent as configured.

        Above 1 only forms that read at sight are used, below 1 also those with back references.
        """
        return {}

    def protect_messages(self, messages: list[Any], ctx: HookContext) -> set[int]:  # noqa: ARG002
        """Return the indices of messages that must stay as they are."""
        return set()

    def post_compress(self, event: CompressionEvent) -> None:
        """See what came of the request."""


class Wishes:
    """What the hooks of an application asked for in one request."""

    __slots__ = ("_biases", "_context", "_protected")

    def __init__(self, context: HookContext | None, protected: set[int], biases: Mapping[int, float]) -> None:
        self._context = context
        self._protected = protected
        self._biases = biases

    def protected(self, block: Block) -> Block:
        """Return the block, marked if its message must stay."""
        return replace(block, protected=Reason.HOOK) if block.message in self._protected else block

    def tier(self, block: Block, tier: Tier) -> Tier:
        """Return how much may be asked of the reader of this block."""
        bias = self._biases.get(block.message)
        if bias is None or bias == 1:
            return tier
        return Tier.PLAIN if bias > 1 else Tier.MAX

    def tell(self, hooks: CompressionHooks | None, decisions: tuple[Decision, ...], guard: Guard) -> None:
        """Report what came of the request."""
        if hooks is None or self._context is None:
            return
        before, after = (sum(getattr(d, name) for d in decisions) for name in ("tokens_before", "tokens_after"))
        handles = tuple(dict.fromkeys(d.handle for d in decisions if d.handle))
        event = CompressionEvent(self._context, before, after, decisions, handles)
        guard.run("post_compress", lambda: hooks.post_compress(event), None)


NO_WISHES = Wishes(None, set(), {})


def wishes_of(
    hooks: CompressionHooks | None, payload: Payload, wire: Wire, provider: str, guard: Guard
) -> tuple[Payload, Wishes]:
    """Ask the hooks; return the payload with the messages to go on with, and what else they want."""
    key = next((k for k in ("messages", "input", "contents") if isinstance(payload.get(k), list)), None)
    if hooks is None or key is None:
        return payload, NO_WISHES
    context = context_of(payload, wire, provider)
    given = payload[key]
    messages = guard.run("pre_compress", lambda: hooks.pre_compress(copy.deepcopy(given), context), given)
    protected = guard.run("protect_messages", lambda: set(hooks.protect_messages(messages, context)), set[int]())
    biases = guard.run("compute_biases", lambda: dict(hooks.compute_biases(messages, context)), dict[int, float]())
    wishes = Wishes(context, protected, biases)
    changed = next(changes(given, messages), None) is not None
    return ({**payload, key: messages} if changed else payload), wishes


def context_of(payload: Payload, wire: Wire, provider: str) -> HookContext:
    """Read from the request what hooks are told."""
    users: dict[int, str] = {}
    tools: list[str] = []
    for block in wire.blocks(payload):
        if block.role == "user":
            users[block.message] = block.text or users.get(block.message, "")
        elif block.role == "tool" and block.tool:
            tools.append(block.tool)
    newest: Sequence[str] = list(users.values())[-1:]
    model = payload.get("model")
    return HookContext(
        model=model if isinstance(model, str) else "",
        provider=provider,
        user_query=newest[0] if newest else "",
        turn_number=len(users),
        tool_calls=tuple(tools),
    )
