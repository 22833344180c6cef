"""The pipeline: one request body in, one out, the same for every door.

    read -> interceptors -> INPUT_RECEIVED -> hooks -> transforms -> blocks -> INPUT_CACHED -> route and shrink
    -> INPUT_ROUTED, INPUT_COMPRESSED, INPUT_REMEMBERED -> PRE_SEND -> splice

Whoever replaces the payload on the way is honoured by comparison: what changed is spliced into the bytes that
came, the rest stays.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, structs

from headroom.blocks import Channel, Decision, Edit, Mode, Outcome, Payload, Reason
from headroom.ccr.capability import may_be_offered
from headroom.ccr.keeper import Retrieval
from headroom.ccr.retriever import Retriever
from headroom.errors import BodyError, ConfigError
from headroom.pipeline.guard import Guard
from headroom.pipeline.hooks import NO_WISHES, CompressionHooks, Wishes, wishes_of
from headroom.pipeline.interception import InterceptedError, Interceptor, fails_closed, intercepted
from headroom.pipeline.lineup import Lineup, lineup_of
from headroom.pipeline.memory import DecisionMemory
from headroom.pipeline.stages import Exchange, PipelineEvent, PipelineExtension, PipelineStage
from headroom.pipeline.turn import Means, Turn
from headroom.policy import Policy
from headroom.providers import Wire, recognise
from headroom.providers.wire import with_questions
from headroom.state import Store, tenant_of
from headroom.state.memory import MemoryStore
from headroom.tokens import TokenCounter
from headroom.transforms.base import Transform
from headroom.transforms.pipeline import DEFAULT_TRANSFORMS
from headroom.wire.changes import changes
from headroom.wire.document import read
from headroom.wire.edit import apply
from headroom.wire.splice import splice

if TYPE_CHECKING:
    from headroom.proxy.config import ProxyConfig, TransformSet

MEMORY_BYTES = 67_108_864
_ALL_STAGES = frozenset(PipelineStage)
_REQUEST_STAGES = tuple(PipelineStage)[3:9]
_REPLACING = frozenset({PipelineStage.INPUT_RECEIVED, PipelineStage.PRE_SEND})


class Rewritten(Struct, frozen=True):
    """A payload after the pipeline: the edits that make it from the one that came, and every decision."""

    edits: tuple[Edit, ...]
    decisions: tuple[Decision, ...]
    metadata: dict[str, Any]
    originals: dict[str, str] = msgspec.field(default_factory=dict)
    offers_retrieval: bool = False
    conversation: str = ""


class Pipeline:
    """Holds settings, observers and the memory of decisions; a request's state lives in its calls alone."""

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        transforms: TransformSet | None = None,
        extensions: Sequence[PipelineExtension] = (),
        interceptors: Sequence[Interceptor] = (),
        hooks: CompressionHooks | None = None,
        memory_bytes: int = MEMORY_BYTES,
        store: Store | None = None,
        retrieval: Retrieval | None = None,
    ) -> None:
        self.policy = policy or Policy()
        self.guard = Guard()
        self.memory = DecisionMemory(memory_bytes)
        self.store = store or MemoryStore()
        self.retrieval = retrieval
        self.clock: Callable[[], float] = time.time
        self.interceptors = interceptors
        self.hooks = hooks
        self._chosen = transforms
        self._listeners = {
            stage: [e for e in extensions if stage in getattr(e, "stages", _ALL_STAGES)] for stage in PipelineStage
        }

    @classmethod
    def of(cls, config: ProxyConfig, store: Store | None = None, channel: Channel | None = None) -> Pipeline:
        """Build the pipeline that a configuration describes; interceptors registered with the process run too.

        `store` and `channel` take the place of the configured ones. Raises ConfigError or StoreError if what is
        configured cannot be opened, or a plug-in cannot be had.
        """
        from headroom.ccr.opening import opened  # noqa: PLC0415 - of no use without a configuration
        from headroom.pipeline.plugins import extensions_of, interceptors_of  # noqa: PLC0415 - likewise
        from headroom.proxy.interceptors.base import Interceptors  # noqa: PLC0415 - likewise

        store, retrieval = opened(config, store, channel)
        return cls(
            config.policy,
            transforms=config.transforms,
            extensions=extensions_of(config.pipeline_extensions),
            interceptors=Interceptors(interceptors_of(config.interceptors)),
            hooks=config.hooks,
            memory_bytes=config.memory_bytes,
            store=store,
            retrieval=retrieval,
        )

    def variant(self, config: ProxyConfig, channel: Channel | None = None) -> Pipeline:
        """Return a pipeline of another configuration on the same store, memory and count of failures."""
        other = Pipeline.of(config, self.store, channel)
        other.memory, other.guard = self.memory, self.guard
        return other

    @property
    def lineup(self) -> Lineup:
        """The transforms that run now. Raises ConfigError if their constraints contradict."""
        active = DEFAULT_TRANSFORMS if self._chosen is None else self._chosen.active(DEFAULT_TRANSFORMS)
        asked = [transform for one in self.interceptors for transform in getattr(one, "transforms", ())]
        return lineup_of((*asked, *active), reads_code=self.policy.code_aware)

    @property
    def shows_requests(self) -> bool:
        """Say whether anyone is told of requests before they are sent."""
        return any(self.hears(stage) for stage in _REQUEST_STAGES)

    def hears(self, stage: PipelineStage) -> bool:
        """Say whether anyone is told of a stage."""
        return bool(self._listeners[stage])

    def tenant_of(self, headers: Mapping[bytes, bytes], query: bytes = b"") -> str:
        """Return whose originals a request's are: a name for its credential, which is not kept.

        Where nothing is kept, there are no tenants.
        """
        return "" if self.retrieval is None else tenant_of(headers, self.retrieval.mint.key, query)

    def may_wait(self, body: bytes, exchange: Exchange) -> bool:
        """Say whether `run` may wait for the store, so that an event loop should leave it to a thread.

        Nothing is kept for a request whose reader cannot ask for it, and nothing looked up but in mode `cache`.
        """
        if not self.store.is_blocking:
            return False
        is_changed = self.hooks is not None or self.interceptors or self.shows_requests
        if is_changed or (exchange.mode or self.policy.mode) is Mode.CACHE:
            return True
        return self.retrieval is not None and may_be_offered(self.retrieval, body)

    def retriever(self, outcome: Outcome, tenant: str) -> Retriever:
        """Return what answers the model's calls for originals of this request. Raises ConfigError without retrieval."""
        if self.retrieval is None:
            raise ConfigError("retrieval is off")
        return Retriever(outcome.originals, self.store, tenant, self.retrieval.mint, outcome.conversation)

    def fire(self, event: PipelineEvent) -> Payload | None:
        """Tell the listeners of a stage; return the payload to go on with, changed or not.

        Each listener gets a copy of the payload of its own: what it does to it is seen only if it returns it.
        """
        for listener in self._listeners[event.stage]:
            told = event if event.payload is None else replace(event, payload=copy.deepcopy(event.payload))
            answer = self.guard.run(type(listener).__name__, partial(listener.on_pipeline_event, told), None)
            if isinstance(answer, PipelineEvent) and event.stage in _REPLACING:
                event = replace(event, payload=answer.payload)
        return event.payload

    def run(self, body: bytes, wire: Wire | None, exchange: Exchange) -> Outcome:
        """Return the body to send for a body that came, and all decisions.

        `wire` is None where the body's shape has to tell. A body that cannot be read, or any failure on the way,
        leaves the body as it is and is named in `Outcome.note`. Raises RequestError only where an interceptor
        that fails closed refuses.
        """
        start = time.perf_counter()
        try:
            payload = read(body, self.policy.max_depth)
        except BodyError as error:
            return self.unread(body, str(error))
        body, payload = self._intercepted(body, payload)
        wire = wire or recognise(payload)
        if wire is None:
            return Outcome(body, note="unknown_shape")
        rewritten = self.guard.run("pipeline", partial(self.rewrite, payload, wire, exchange), None)
        del payload  # large bodies are three times in memory without it
        sent = None if rewritten is None else self.guard.run("splice", partial(splice, body, rewritten.edits), None)
        if rewritten is None or sent is None:
            return Outcome(body, note="failed")
        return Outcome(
            body=sent,
            decisions=rewritten.decisions,
            counting=TokenCounter(exchange.model).method,
            microseconds=round((time.perf_counter() - start) * 1e6),
            metadata=rewritten.metadata,
            originals=rewritten.originals,
            offers_retrieval=rewritten.offers_retrieval,
            conversation=rewritten.conversation,
        )

    @property
    def has_policy(self) -> bool:
        """Say whether there is an interceptor that must have seen a request before it may go on."""
        return fails_closed(self.interceptors)

    def unread(self, body: bytes, note: str) -> Outcome:
        """Pass a body that cannot be read. Raises InterceptedError where a policy must have seen it."""
        if self.has_policy:
            raise InterceptedError
        return Outcome(body, note=note)

    def _intercepted(self, body: bytes, payload: Payload) -> tuple[bytes, Payload]:
        return intercepted(body, payload, self.interceptors, self.guard, self.policy.max_depth)

    def measure(self, body: bytes, wire: Wire | None, exchange: Exchange, *, sealed: bool = False) -> Outcome:
        """Count a body that is not to be compressed (bypass): every block stays, the reason is `bypass`.

        Policies hold for it too. A `sealed` body is vouched for by a signature and cannot be changed: a policy
        that would is left out or, if it fails closed, refuses. Raises InterceptedError.
        """
        try:
            payload = read(body, self.policy.max_depth)
        except BodyError as error:
            return self.unread(body, str(error))
        changed, seen = self._intercepted(body, payload)
        if not sealed:
            body, payload = changed, seen
        elif changed is not body and self.has_policy:
            raise InterceptedError
        wire = wire or recognise(payload)
        if wire is None:
            return Outcome(body, note="unknown_shape")
        exchange.wire, exchange.model = wire.name, exchange.model or _model_of(payload)
        return self.guard.run("pipeline", partial(self._measured, body, payload, wire, exchange), Outcome(body))

    def _measured(self, body: bytes, payload: Payload, wire: Wire, exchange: Exchange) -> Outcome:
        blocks = [structs.replace(block, protected=Reason.BYPASS) for block in wire.blocks(payload)]
        found = self._turn(self.lineup, NO_WISHES, exchange).conversation(None).decided(blocks)
        return Outcome(body, tuple(found.decisions), TokenCounter(exchange.model).method, "bypass")

    @property
    def answers_awaited(self) -> bool:
        """Say whether any transform wants to see whole answers."""
        return bool(self.lineup.answerers)

    def run_answer(self, body: bytes) -> bytes:
        """Return a whole JSON answer as the transforms want it; anything else, or any failure, as it came."""
        try:
            payload = read(body, self.policy.max_depth)
            current = copy.deepcopy(payload)
            for transform in self.lineup.answerers:
                current = self.guard.run(transform.name, partial(transform.apply_response, current), current)
            return splice(body, tuple(changes(payload, current)))
        except BodyError:
            return body

    def seen(self, payload: Payload) -> Payload:
        """Return JSON values as the interceptors leave them; the very same object if they change nothing.

        Raises InterceptedError.
        """
        if not self.interceptors:
            return payload
        body = self.guard.run("interception", partial(msgspec.json.encode, payload), b"")
        try:
            came = read(body, self.policy.max_depth)
        except BodyError as error:
            self.unread(body, str(error))
            return payload
        changed, values = self._intercepted(body, came)
        return payload if changed is body else values

    def run_payload(self, payload: Payload, wire: Wire, exchange: Exchange) -> tuple[Payload, Rewritten]:
        """Do the same to JSON values: return the new payload; the one given is never mutated."""
        rewritten = self.rewrite(payload, wire, exchange)
        return apply(payload, rewritten.edits), rewritten

    def rewrite(self, payload: Payload, wire: Wire, exchange: Exchange) -> Rewritten:
        """Run all stages on a payload and say what to edit in it."""
        lineup = self.lineup
        exchange.wire, exchange.model = wire.name, exchange.model or _model_of(payload)
        current = self._tell(PipelineStage.INPUT_RECEIVED, exchange, payload)
        current, wishes = wishes_of(self.hooks, current, wire, exchange.provider, self.guard)
        current = self._through_guests(current, lineup.guests)
        turn = self._turn(lineup, wishes, exchange)
        reader = turn.reader(current, wire)
        blocks = list(wire.blocks(current) if reader is None else with_questions(wire.blocks(current)))
        self._tell(PipelineStage.INPUT_CACHED, exchange, current)
        found = turn.decided(blocks, current, wire, reader)
        decisions, edits = tuple(found.decisions), found.edits
        final = apply(current, edits)
        for stage in (PipelineStage.INPUT_ROUTED, PipelineStage.INPUT_COMPRESSED, PipelineStage.INPUT_REMEMBERED):
            self._tell(stage, exchange, final, decisions)
        sent = self._tell(PipelineStage.PRE_SEND, exchange, final, decisions)
        wishes.tell(self.hooks, decisions, self.guard)
        if current is not payload or sent is not final:
            edits = list(changes(payload, sent))
        offers = reader is not None and reader.edit is not None
        observed = lineup.observed(blocks)
        return Rewritten(tuple(edits), decisions, observed, found.originals, offers, found.conversation)

    def _turn(self, lineup: Lineup, wishes: Wishes, exchange: Exchange) -> Turn:
        means = Means(self.policy, self.memory, self.guard, self.store, self.retrieval, self.clock)
        return Turn(means, lineup, wishes, exchange)

    def _tell(
        self, stage: PipelineStage, exchange: Exchange, payload: Payload, decisions: tuple[Decision, ...] = ()
    ) -> Payload:
        """Fire a stage of a request, if anyone listens; return the payload to go on with."""
        if not self._listeners[stage]:
            return payload
        tools = payload.get("tools")
        event = PipelineEvent(
            stage,
            exchange.request_id,
            exchange.provider,
            exchange.model,
            payload,
            tools=tuple(tools) if isinstance(tools, list) else (),
            headers=exchange.headers,
            decisions=decisions,
            exchange=exchange,
        )
        return self.fire(event) or payload

    def _through_guests(self, payload: Payload, guests: Sequence[Transform]) -> Payload:
        """Let foreign transforms change the payload, each on a copy of its own."""
        for guest in guests:
            answer = self.guard.run(guest.name, partial(guest.apply_request, copy.deepcopy(payload)), payload)
            payload = answer if isinstance(answer, dict) else payload
        return payload


def _model_of(payload: Payload) -> str:
    model = payload.get("model")
    return model if isinstance(model, str) else ""
