"""The middleware that `agent.add_middleware(InvokeModelStage, ...)` takes.

    agent.messages ─► Strands: deep copies ─► middleware: copies of those whose text changes ─► model

It runs inside the agent's event loop, around every call of the model: for `agent(...)`, `invoke_async` and
`stream_async` alike. An exception in it would end the run.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Any

from strands.middleware import InvokeModelContext, MiddlewareNext, TypedEvent
from strands.models import Model
from strands.tools import PythonAgentTool
from strands.types.tools import ToolResult, ToolUse

from headroom.ccr.tool import definition
from headroom.integrations.adapter import Adapter
from headroom.proxy.config import ProxyConfig
from headroom.state import Store
from headroom_strands.messages import size_of, turns_of, with_returned

_DROPPING = ("context_management", "truncation")


def headroom_middleware(
    config: ProxyConfig | None = None, *, store: Store | None = None, retrieval: bool = False
) -> HeadroomMiddleware:
    """Return middleware that shortens what tools returned on its way to the model.

    Nothing is left out, unless with `retrieval` the agent has the middleware's `retrieve_tool` among its tools, or the
    configuration names another channel. `store` keeps originals in place of the configured one. Raises ConfigError or
    StoreError for settings that cannot be used.
    """
    return HeadroomMiddleware(Adapter(config, store=store, retrieval=retrieval))


class HeadroomMiddleware:
    """Shortens tool results in what a model is asked; whatever fails in it, the model is asked as it would have been.

    One may serve several agents.
    """

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    async def __call__(
        self, context: InvokeModelContext, next_fn: MiddlewareNext[InvokeModelContext, TypedEvent]
    ) -> AsyncGenerator[TypedEvent, None]:
        """Pass on the events of the model, which is called with the short messages."""
        size = self._adapter.attempt(lambda: size_of(context.messages), 0)
        short = await self._adapter.attempt_aside(lambda: self._shortened(context), context, size)
        async for event in next_fn(short):
            yield event

    @property
    def retrieve_tool(self) -> PythonAgentTool:
        """The tool with which the model asks for what was left out; for an agent's `tools`, with `retrieval` on."""
        spoken = definition("anthropic")

        def answer(use: ToolUse, **_: object) -> ToolResult:
            text = self._adapter.retrieve(use["input"])
            return {"toolUseId": use["toolUseId"], "status": "success", "content": [{"text": text}]}

        spec = {"json": spoken["input_schema"]}
        return PythonAgentTool(
            spoken["name"],
            {"name": spoken["name"], "description": spoken["description"], "inputSchema": spec},
            answer,
        )

    def get_stats(self) -> dict[str, int]:
        """Return model calls and their tokens, calls for originals, and failures."""
        return self._adapter.stats()

    def close(self) -> None:
        """Close the store, if it was opened here."""
        self._adapter.close()

    def _shortened(self, context: InvokeModelContext) -> InvokeModelContext:
        settings = _settings_of(context.model)
        messages = context.messages
        keeps_results = all(value in (None, "disabled") for value in _dropping(settings))
        result = self._adapter.shorten(turns_of(messages), _name_in(settings), keeps_results=keeps_results)
        return context.replace(messages=with_returned(messages, result.messages))


def _settings_of(model: Model) -> Mapping[str, Any]:
    """Return a model's configuration: its name and what goes into its requests."""
    settings = model.get_config()
    return settings if isinstance(settings, Mapping) else {}


def _name_in(settings: Mapping[str, Any]) -> str:
    name = settings.get("model_id")
    return name if isinstance(name, str) else ""


def _dropping(settings: Mapping[str, Any]) -> Iterator[object]:
    """Yield the settings by which a provider may drop results by itself, wherever a model keeps its parameters.

    They are `context_management` of Anthropic and `truncation` of OpenAI's Responses.
    """
    for key, value in settings.items():
        if key in _DROPPING:
            yield value
        elif isinstance(value, Mapping):
            yield from (value[name] for name in _DROPPING if name in value)
