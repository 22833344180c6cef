"""Calls that no callback can rewrite, wrapped: those that are not awaited, and those given by position.

Each awaited function of LiteLLM calls its twin that is not awaited, so the wrapper of the twin sees whatever came past
the callback. What the callback has done, the wrapper finds done.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import wraps
from inspect import signature, unwrap
from threading import Lock
from types import ModuleType
from typing import Any

import litellm
import litellm.google_genai

from headroom.errors import ConfigError
from headroom.proxy.config import ProxyConfig
from headroom_litellm.calls import CONVERSATION
from headroom_litellm.logger import HeadroomLogger

Function = Callable[..., Any]

_ROWS: tuple[tuple[Function, str, str], ...] = (
    (litellm.completion, "completion", "completion"),
    (litellm.responses, "responses", "responses"),
    (litellm.anthropic_messages, "anthropic_messages_handler", "anthropic_messages"),
    (litellm.google_genai.generate_content, "generate_content", "generate_content"),
    (litellm.google_genai.generate_content_stream, "generate_content_stream", "generate_content_stream"),
)
"""A function of a module that has the one to wrap, the name of that one, and the type of its calls."""

_CALLBACKS = ("callbacks", "input_callback", "success_callback", "failure_callback")
_LISTS = (*_CALLBACKS, *(f"_async_{name}" for name in _CALLBACKS[1:]))
"""Where LiteLLM keeps callbacks: it copies those of the first list into the others."""


class _Installation:
    """What stands in LiteLLM now. It is one for the whole process, as LiteLLM's functions are."""

    def __init__(self) -> None:
        self.logger: HeadroomLogger | None = None
        self._lock = Lock()
        self._places: list[tuple[ModuleType, str, Function]] = []

    def put(self, config: ProxyConfig | None) -> HeadroomLogger:
        """Install, unless something is."""
        with self._lock:
            if self.logger is None:
                self.logger = HeadroomLogger(config)
                litellm.callbacks.append(self.logger)
                self._places.extend(self._wrapped())
            elif config is not None and config != self.logger.adapter.config:
                raise ConfigError("LiteLLM is installed with other settings; call uninstall_litellm() first")
            return self.logger

    def take_out(self) -> None:
        """Undo it."""
        with self._lock:
            logger, self.logger = self.logger, None
            if logger is None:
                return
            for module, name, original in self._places:
                setattr(module, name, original)
            self._places.clear()
            for callbacks in (getattr(litellm, name, []) for name in _LISTS):
                callbacks[:] = [one for one in callbacks if one is not logger]
            logger.adapter.close()

    def _wrapped(self) -> Iterator[tuple[ModuleType, str, Function]]:
        """Put the wrappers wherever LiteLLM holds the functions; yield where, and what stood there."""
        for known, name, call_type in _ROWS:
            # LiteLLM may lead what it exports past its Python function (LITELLM_RUST); so both of them are wrapped.
            for home in dict.fromkeys((unwrap(known).__module__, known.__module__)):
                original = getattr(sys.modules[home], name)
                wrapper = self._wrapper(original, call_type)
                for module, held in _held(original):
                    setattr(module, held, wrapper)
                    yield module, held, original

    def _wrapper(self, original: Function, call_type: str) -> Function:
        names = list(signature(original).parameters)
        key = CONVERSATION[call_type]
        position = names.index(key)

        @wraps(original)
        def short(*args: object, **kwargs: object) -> Any:
            call = {**dict(zip(names, args, strict=False)), **kwargs}
            changed = None if self.logger is None else self.logger.shortened(call, call_type)
            if changed is None:
                return original(*args, **kwargs)
            if position < len(args):
                return original(*args[:position], changed[key], *args[position + 1 :], **kwargs)
            return original(*args, **{**kwargs, **changed})

        return short


def _held(function: Function) -> Iterator[tuple[ModuleType, str]]:
    """Find the modules of LiteLLM that have a function, and the names that it has there."""
    # LiteLLM imports in threads of its own meanwhile; a copy is made at one go.
    for title, module in sys.modules.copy().items():
        if title.partition(".")[0] == "litellm" and isinstance(module, ModuleType):
            yield from ((module, name) for name, value in vars(module).copy().items() if value is function)


_INSTALLATION = _Installation()


def install_litellm(config: ProxyConfig | None = None) -> HeadroomLogger:
    """Shorten every call that this process makes through LiteLLM, awaited or not; return what does it.

    Names that were imported from litellm before (`from litellm import completion`) may be reached only where the call
    is awaited. A second call changes nothing; with other settings it raises ConfigError.
    """
    return _INSTALLATION.put(config)


def uninstall_litellm() -> None:
    """Undo it. Names that were imported in between go on working, without us."""
    _INSTALLATION.take_out()
