"""A callback handler that tells what each call of a model saves. It looks on: messages are never touched in it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage

from headroom.compress import CompressResult
from headroom.integrations.adapter import Adapter
from headroom.integrations.door import TOKENS, Tally
from headroom.proxy.config import ProxyConfig
from headroom_langchain.messages import turns_of
from headroom_langchain.models import Options, keeps_results, name_of
from headroom_langchain.shortener import result_of

MAX_RUNS = 1024
"""Of so many runs the results are kept, the newest."""


class HeadroomCallbackHandler(BaseCallbackHandler):
    """Measures the messages of each run of a chat model: tokens before and after, and a decision for every text.

    What a HeadroomMiddleware has shortened for the run is reported as it came out there. Any other messages are
    measured here with `config`, which is to be that of the model: then it is what a compressed model saves, and what
    any other would save. Raises ConfigError for settings that cannot be used.
    """

    def __init__(self, config: ProxyConfig | None = None) -> None:
        self._adapter = Adapter(config)
        self._tally = Tally()
        self.runs: OrderedDict[UUID, CompressResult] = OrderedDict()
        """Results by the id of their run, without `messages`."""

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],  # noqa: ARG002 - the framework's signature
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        **kwargs: Any,
    ) -> None:
        """Measure what a run is about to send."""
        options = kwargs.get("invocation_params") or {}
        for conversation in messages:
            result = self._adapter.attempt(partial(self._measured, conversation, options), None)
            if result is not None:
                self._keep(run_id, result)

    def stats(self) -> dict[str, int]:
        """Return the sums over all runs: `requests`, `tokens_before`, `tokens_after`, `tokens_saved`."""
        view = self._tally.view()
        return {name: view[name] for name in ("requests", *TOKENS)}

    def _measured(self, messages: list[BaseMessage], options: Options) -> CompressResult | None:
        found = result_of(messages)
        if found is None:
            keeps = keeps_results(None, options)
            found = self._adapter.shorten(turns_of(messages), name_of(None, options), keeps_results=keeps)
        return replace(found, messages=())

    def _keep(self, run_id: UUID, result: CompressResult) -> None:
        self.runs[run_id] = result
        if len(self.runs) > MAX_RUNS:
            self.runs.popitem(last=False)
        self._tally.add(requests=1, **{name: getattr(result, name) for name in TOKENS})
