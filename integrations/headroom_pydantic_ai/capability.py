"""The capability: it stands where a request's messages are settled and the agent's history no longer depends on them.

    history ─► other capabilities, history processors ─► HeadroomCapability: copies of messages ─► model

Since release 2.54 that is `before_model_request`, behind all others. Before it, what that hook returns becomes the
history; there, `wrap_model_request` is the place: it runs later, and what it passes on goes to the model alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from typing import Any

from pydantic_ai import RunContext, Tool, capabilities
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import ModelRequestContext
from pydantic_ai.toolsets import AbstractToolset, FunctionToolset

from headroom.ccr.tool import definition
from headroom.integrations.adapter import Adapter
from headroom.proxy.config import ProxyConfig
from headroom.state import Store
from headroom_pydantic_ai.messages import Transcript

_RELEASE = tuple(int(number) for number in version("pydantic-ai-slim").split(".")[:2])
_DROPPING = ("context_management", "truncation")


class HeadroomCapability(AbstractCapability[Any]):
    """Lets an agent's model read what tools returned in a shorter form; the agent's history keeps it whole.

    With `retrieval` more is left out, and the agent gets one more tool, `headroom_retrieve`, with which the model asks
    for an original. `store` keeps originals in place of the configured one. Raises ConfigError or StoreError for
    settings that cannot be used.
    """

    def __init__(
        self, config: ProxyConfig | None = None, *, store: Store | None = None, retrieval: bool = False
    ) -> None:
        super().__init__()
        self._adapter = Adapter(config, store=store, retrieval=retrieval)
        self._toolset = FunctionToolset[Any]([_tool(self._adapter)], id="headroom") if retrieval else None

    if _RELEASE >= (2, 54):

        async def before_model_request(
            self, ctx: RunContext[Any], request_context: ModelRequestContext
        ) -> ModelRequestContext:
            """Put shorter messages into a request."""
            return await self._shortened(request_context, ctx)

        def get_ordering(self) -> capabilities.CapabilityOrdering:
            """Stand next to the model: what others do to the messages is done, what they keep of them is whole."""
            return capabilities.CapabilityOrdering(position="innermost")

    else:

        async def wrap_model_request(
            self,
            ctx: RunContext[Any],
            *,
            request_context: ModelRequestContext,
            handler: Callable[[ModelRequestContext], Awaitable[ModelResponse]],
        ) -> ModelResponse:
            """Call the model with shorter messages."""
            return await handler(await self._shortened(request_context, ctx))

    def get_toolset(self) -> AbstractToolset[Any] | None:
        """Return the tool with which the model asks for originals, None without `retrieval`."""
        return self._toolset

    @classmethod
    def get_serialization_name(cls) -> str | None:
        """Return None: what it takes are objects, which cannot be written into an agent's specification."""
        return None

    def stats(self) -> dict[str, int]:
        """Return what was saved so far; see `Adapter.stats`."""
        return self._adapter.stats()

    def close(self) -> None:
        """Close the store, if it was opened here."""
        self._adapter.close()

    async def _shortened(self, request: ModelRequestContext, ctx: RunContext[Any]) -> ModelRequestContext:
        transcript = self._adapter.attempt(partial(Transcript, request.messages), None)
        if transcript is None:
            return request

        def short() -> ModelRequestContext:
            model = getattr(request, "model", ctx.model)  # a request of the oldest releases does not say
            kept = _keeps_results(request.messages, request.model_settings, getattr(model, "settings", None))
            result = self._adapter.shorten(transcript.turns, model.model_name, keeps_results=kept)
            return replace(request, messages=transcript.with_returned(result.messages))

        return await self._adapter.attempt_aside(short, request, transcript.size)


def _keeps_results(messages: list[ModelMessage], *settings: Mapping[str, Any] | None) -> bool:
    """Say whether the model sees all results that it is sent.

    Not so where the provider may drop some by itself: `context_management` of Anthropic and OpenAI, `truncation` of
    OpenAI's Responses, both under the prefix of their provider or in `extra_body`; nor what stands before a summary.
    """
    if any(part.part_kind == "compaction" for message in messages for part in message.parts):
        return False
    given = [one for one in settings if one]
    extra = [body for one in given if isinstance(body := one.get("extra_body"), Mapping)]
    values = (value for one in (*given, *extra) for key, value in one.items() if key.endswith(_DROPPING))
    return all(value in (None, "disabled") for value in values)


def _tool(adapter: Adapter) -> Tool[Any]:
    """Return the tool with which the model asks for originals, as every request declares it."""
    declared = definition("openai-chat")["function"]

    def answer(**arguments: Any) -> str:
        return adapter.retrieve(arguments)

    return Tool.from_schema(answer, declared["name"], declared["description"], declared["parameters"])
