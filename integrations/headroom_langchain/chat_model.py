"""A chat model around another one, which sends what tools returned in a shorter form.

Calls go to a grafted copy of the inner model; all else is asked of the inner model itself, so that traces, caches and
token counts are those that it has without us. Serialised it is the inner model: how messages are sent is no part of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.load.serializable import SerializedConstructor, SerializedNotImplemented
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import Field

from headroom.proxy.config import ProxyConfig
from headroom_langchain.graft import compress_model
from headroom_langchain.rebound import rebound


class HeadroomChatModel(BaseChatModel):
    """Wraps a chat model. `config` is as for `compress_model`; attributes that we do not have are the inner model's.

    `settings` are fields that every chat model has, in place of the inner model's. Raises ConfigError or StoreError for
    a configuration that cannot be used.
    """

    inner: BaseChatModel
    config: ProxyConfig | None = Field(default=None, exclude=True)

    if TYPE_CHECKING:
        _led: BaseChatModel  # no field: pydantic must neither validate nor serialise it

    def __init__(self, inner: BaseChatModel, config: ProxyConfig | None = None, **settings: Any) -> None:
        of_inner = {name: getattr(inner, name) for name in BaseChatModel.model_fields}
        own: dict[str, Any] = {"inner": inner, "config": config}
        super().__init__(**{**of_inner, **settings, **own})
        vars(self)["_led"] = compress_model(inner, config)

    def __getattr__(self, name: str) -> Any:
        led = vars(self).get("_led")
        if led is None:
            raise AttributeError(name)
        return getattr(led, name)

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """Return True; whether it is, the inner model says."""
        return True

    @property
    def lc_secrets(self) -> dict[str, str]:
        """Return the inner model's: what it is made from is written with names in place of its secrets."""
        return self.inner.lc_secrets

    def to_json(self) -> SerializedConstructor | SerializedNotImplemented:
        """Return what the inner model is made from."""
        return self.inner.to_json()

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind tools as the inner model does, to this one."""
        choice = {} if tool_choice is None else {"tool_choice": tool_choice}
        return rebound(self.inner.bind_tools(tools, **choice, **kwargs), self.inner, self)

    def with_structured_output(
        self, schema: dict[str, Any] | type, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, Any]:
        """Ask for structured output as the inner model does, through this one."""
        chain = self.inner.with_structured_output(schema, include_raw=include_raw, **kwargs)
        return rebound(chain, self.inner, self)

    def get_token_ids(self, text: str) -> list[int]:
        """Return the tokens of a text, as the inner model counts them."""
        return self.inner.get_token_ids(text)

    def get_num_tokens(self, text: str) -> int:
        """Return the number of tokens of a text, as the inner model counts them."""
        return self.inner.get_num_tokens(text)

    def get_num_tokens_from_messages(self, messages: list[BaseMessage], tools: Sequence[Any] | None = None) -> int:
        """Return the number of tokens of messages as they are, not as they are sent."""
        return self.inner.get_num_tokens_from_messages(messages, **({} if tools is None else {"tools": tools}))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._led._generate(messages, stop, run_manager, **kwargs)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return await self._led._agenerate(messages, stop, run_manager, **kwargs)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        return self._led._stream(messages, stop, run_manager, **kwargs)

    def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        return self._led._astream(messages, stop, run_manager, **kwargs)

    # What LangChain asks of a model; that it is private does not matter to a model of models.

    @property
    def _llm_type(self) -> str:
        return self.inner._llm_type

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return self.inner._identifying_params

    def _of_inner(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Ask the inner model by a method's name: not every release of LangChain has all of them."""
        return getattr(self.inner, name)(*args, **kwargs)

    def _convert_input(self, model_input: LanguageModelInput) -> Any:
        return self.inner._convert_input(model_input)

    def _should_stream(self, **kwargs: Any) -> bool:
        return bool(self._of_inner("_should_stream", **kwargs))

    def _should_use_protocol_streaming(self, **kwargs: Any) -> bool:
        return bool(self._of_inner("_should_use_protocol_streaming", **kwargs))

    def _resolve_model_profile(self) -> Any:
        return self._of_inner("_resolve_model_profile")

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> Any:
        return self.inner._get_ls_params(stop=stop, **kwargs)

    def _get_invocation_params(self, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        return self.inner._get_invocation_params(stop=stop, **kwargs)

    def _get_llm_string(self, stop: list[str] | None = None, **kwargs: Any) -> str:
        return self.inner._get_llm_string(stop=stop, **kwargs)

    def _combine_llm_outputs(self, llm_outputs: list[dict[str, Any] | None]) -> dict[str, Any]:
        return self.inner._combine_llm_outputs(llm_outputs)
