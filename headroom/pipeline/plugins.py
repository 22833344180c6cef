"""Plug-ins that the operator chooses by name: shipped interceptors, and what installed distributions offer.

Nothing runs because it is installed. What is chosen must be there and must load: a start without a policy that was
asked for would be worse than none, so each failure here is a ConfigError. What fails later, on a request, is left out
by the guard. Each name stands for one object in a process, however many pipelines use it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from headroom.errors import ConfigError
from headroom.pipeline.guard import demanded
from headroom.pipeline.stages import PipelineExtension
from headroom.proxy.interceptors import SHIPPED, BaseInterceptor

PIPELINE = "headroom.pipeline_extension"
"""Entry points of observers: a class or an object with `on_pipeline_event(event)`."""
PROXY = "headroom.proxy_extension"
"""Entry points of additions to the proxy: a function `install(app, config)`, or a module or object with one."""


def interceptors_of(chosen: Iterable[Any]) -> list[BaseInterceptor]:
    """Return interceptors, those given by name as shipped. Raises ConfigError for an unknown name."""
    return [_shipped(one) if isinstance(one, str) else one for one in chosen]


def extensions_of(chosen: Iterable[Any]) -> list[PipelineExtension]:
    """Return observers, those given by name from their entry points. Raises ConfigError if one cannot be had."""
    return [_observer(one) if isinstance(one, str) else one for one in chosen]


@cache
def installer_of(name: str) -> Callable[[Any, Any], object]:
    """Return `install(app, config)` of a proxy extension. Raises ConfigError if it cannot be had."""
    found = _loaded(PROXY, name)
    install: Callable[[Any, Any], object] = getattr(found, "install", found)
    if not callable(install):
        raise ConfigError(f"the proxy extension {name!r} has no function install(app, config)")
    return install


@cache
def _shipped(name: str) -> BaseInterceptor:
    made: BaseInterceptor = _chosen("interceptor", name, SHIPPED)()
    return made


@cache
def _observer(name: str) -> PipelineExtension:
    found = _loaded(PIPELINE, name)
    made = demanded(f"the extension {name!r}", found) if isinstance(found, type) else found
    if not isinstance(made, PipelineExtension):
        raise ConfigError(f"the pipeline extension {name!r} has no method on_pipeline_event(event)")
    return made


def _loaded(group: str, name: str) -> Any:
    known: dict[str, EntryPoint] = {one.name: one for one in entry_points(group=group)}
    point = _chosen(group.removeprefix("headroom.").replace("_", " "), name, known)
    return demanded(f"the extension {name!r} ({point.value})", point.load)


def _chosen(kind: str, name: str, known: Mapping[str, Any]) -> Any:
    if name not in known:
        raise ConfigError(f"there is no {kind} {name!r}; known are: {', '.join(sorted(known)) or 'none'}")
    return known[name]
