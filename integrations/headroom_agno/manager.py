"""The compression manager that agents and teams of Agno take.

    session, history ─► Agno's loop ─► manager: `compressed_content` beside `content` ─► model

Agno asks before every call of a model, in every kind of run, whether to compress, and sends `compressed_content` in
place of `content` where there is one. Agno's own manager asks a model to sum up, once enough results have gathered;
this one gives each result its short form before it is sent for the first time, and the same one ever after.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agno.compression.manager import CompressionManager
from agno.models.base import Model
from agno.models.message import Message
from agno.tools.function import Function

from headroom.ccr.tool import definition
from headroom.integrations.adapter import Adapter
from headroom.proxy.config import ProxyConfig
from headroom.state import Store
from headroom_agno.messages import is_result, results_in, size_of, turns_of

_DROPPING = ("context_management", "truncation")


class HeadroomCompressionManager(CompressionManager):
    """Lets the models of an agent or a team read what tools returned in a shorter form.

    Nothing is left out, unless with `retrieval` the agent has the manager's `retrieve_tool` among its tools, or the
    configuration names another channel. `store` keeps originals in place of the configured one. Raises ConfigError or
    StoreError for settings that cannot be used.
    """

    def __init__(
        self, config: ProxyConfig | None = None, *, store: Store | None = None, retrieval: bool = False
    ) -> None:
        super().__init__(compress_tool_results=True)
        self._adapter = Adapter(config, store=store, retrieval=retrieval)

    def should_compress(
        self,
        messages: list[Message],
        tools: object = None,  # noqa: ARG002 - Agno's signature
        model: Model | None = None,
        response_format: object = None,  # noqa: ARG002 - Agno's signature
    ) -> bool:
        """Say whether there is any result: limits in number or in tokens would change what was sent before."""
        self.model = model or self.model
        return self.compress_tool_results and any(is_result(message) for message in messages)

    async def ashould_compress(
        self,
        messages: list[Message],
        tools: object = None,
        model: Model | None = None,
        response_format: object = None,
    ) -> bool:
        """Say the same."""
        return self.should_compress(messages, tools, model, response_format)

    def compress(self, messages: list[Message], run_metrics: object = None) -> None:  # noqa: ARG002 - Agno's signature
        """Give every result in the conversation its short form, as `compressed_content`.

        Each time anew: the forms that a session brings may refer to results that are not sent any more.
        """
        texts = self._adapter.attempt(lambda: self._shortened(messages), None)
        self._adapter.attempt(lambda: self._noted(messages, texts), None)

    async def acompress(self, messages: list[Message], run_metrics: object = None) -> None:  # noqa: ARG002 - as above
        """Do the same without keeping the event loop."""
        size = self._adapter.attempt(lambda: size_of(messages), 0)
        texts = await self._adapter.attempt_aside(lambda: self._shortened(messages), None, size)
        self._adapter.attempt(lambda: self._noted(messages, texts), None)

    @property
    def retrieve_tool(self) -> Function:
        """The tool with which the model asks for what was left out; for an agent's `tools`, with `retrieval` on."""
        declared = definition("openai-chat")["function"]

        def answer(**arguments: Any) -> str:
            return self._adapter.retrieve(arguments)

        return Function(
            name=declared["name"],
            description=declared["description"],
            parameters=declared["parameters"],
            entrypoint=answer,
            skip_entrypoint_processing=True,
        )

    def get_stats(self) -> dict[str, int]:
        """Return model calls and their tokens, calls for originals, and failures."""
        return self._adapter.stats()

    def close(self) -> None:
        """Close the store, if it was opened here."""
        self._adapter.close()

    def _shortened(self, messages: Sequence[Message]) -> Sequence[str]:
        model = self.model
        name = model.id if isinstance(model, Model) else ""
        result = self._adapter.shorten(turns_of(messages), name, keeps_results=_keeps_results(model))
        return tuple(result.messages)

    def _noted(self, messages: Sequence[Message], texts: Sequence[str] | None) -> None:
        """Put the short forms beside the contents, and count the new ones as Agno does: in results and characters."""
        if texts is None:
            return
        for message, text in zip(results_in(messages), texts, strict=True):
            is_new = message.compressed_content is None
            message.compressed_content = None if text == message.content else text
            if is_new and message.compressed_content is not None:
                self._count("tool_results_compressed", 1)
                self._count("original_size", len(str(message.content)))
                self._count("compressed_size", len(text))

    def _count(self, name: str, number: int) -> None:
        self.stats[name] = self.stats.get(name, 0) + number


def _keeps_results(model: object) -> bool:
    """Say whether the model sees all results that it is sent.

    Not so where the provider may drop some by itself: `context_management` of Anthropic, `truncation` of OpenAI's
    Responses.
    """
    extra = [getattr(model, place, None) for place in ("extra_body", "request_params")]
    places = [
        {name: getattr(model, name, None) for name in _DROPPING},
        *(one for one in extra if isinstance(one, dict)),
    ]
    return all(place.get(name) in (None, "disabled") for place in places for name in _DROPPING)
