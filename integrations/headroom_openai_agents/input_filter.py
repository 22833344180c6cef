"""The filter that `RunConfig(call_model_input_filter=...)` takes.

    session, history ─► runner ─► filter: copies of the items whose text changes ─► model

The SDK calls it before every call of a model, in every kind of run, with the items of the conversation in the shape
of the Responses API, whatever API the model speaks. An exception in a filter would end the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from agents import FunctionTool, TResponseInputItem
from agents.run import CallModelData, ModelInputData
from agents.tool_context import ToolContext

from headroom.blocks import Payload
from headroom.ccr.tool import definition
from headroom.integrations.adapter import Adapter
from headroom.proxy.config import ProxyConfig
from headroom.state import Store

_WIRE = "openai-responses"


def headroom_input_filter(
    config: ProxyConfig | None = None, *, store: Store | None = None, retrieval: bool = False
) -> HeadroomInputFilter:
    """Return a filter that shortens what tools returned on its way to the model.

    Nothing is left out, unless with `retrieval` the agent has the filter's `retrieve_tool` among its tools, or the
    configuration names another channel. Raises ConfigError or StoreError for settings that cannot be used.
    """
    return HeadroomInputFilter(Adapter(config, store=store, retrieval=retrieval))


class HeadroomInputFilter:
    """Shortens tool outputs in a model's input; whatever fails in it, the model gets the input as it is."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    async def __call__(self, data: CallModelData[Any]) -> ModelInputData:
        """Return the input to send. Items that change are copies; all others are the very objects."""
        given = data.model_data
        items, model = given.input, _model_name(data.agent.model)
        size = self._adapter.attempt(lambda: _size(items), 0)
        short = await self._adapter.attempt_aside(lambda: self._shortened(items, model), items, size)
        return ModelInputData(input=short, instructions=given.instructions)

    @property
    def retrieve_tool(self) -> FunctionTool:
        """The tool with which the model asks for what was left out; for an agent's `tools`, with `retrieval` on."""
        spoken = definition(_WIRE)

        async def answer(_: ToolContext[Any], arguments: str) -> str:
            return self._adapter.retrieve(arguments)

        return FunctionTool(
            name=spoken["name"],
            description=spoken["description"],
            params_json_schema={**spoken["parameters"], "additionalProperties": False},
            on_invoke_tool=answer,
            strict_json_schema=False,
        )

    def get_stats(self) -> dict[str, int]:
        """Return model calls and their tokens, calls for originals, and failures."""
        return self._adapter.stats()

    def close(self) -> None:
        """Close the store, if it was opened here."""
        self._adapter.close()

    def _shortened(self, items: list[TResponseInputItem], model: str) -> list[TResponseInputItem]:
        body: Payload = {"model": model, "input": items}
        result = self._adapter.shorten_body(body, model)
        return cast("list[TResponseInputItem]", result.messages["input"])


def _model_name(model: object) -> str:
    """Return the name of an agent's model, which is a name, an object that has one, or not chosen."""
    name = model if isinstance(model, str) else getattr(model, "model", "")
    return name if isinstance(name, str) else ""


def _size(items: Sequence[TResponseInputItem]) -> int:
    """Return the number of characters that tools returned."""
    outputs = (item.get("output") for item in items if isinstance(item, dict))
    return sum(len(output) if isinstance(output, str) else len(str(output)) for output in outputs if output)
