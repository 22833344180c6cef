"""The seams for others: put Headroom into an app, add a handler, add an interceptor."""

from __future__ import annotations

from headroom.proxy.handlers import Handler
from headroom.proxy.handlers import base as handlers
from headroom.proxy.install import install_headroom
from headroom.proxy.interceptors import base as interceptors
from headroom.proxy.interceptors.base import BaseInterceptor

__all__ = ["install_headroom", "register_handler", "register_interceptor"]


def register_handler(name: str, handler: Handler | type[Handler]) -> None:
    """Let a handler answer requests that name it: by bearer token, `X-Headroom-Upstream` or path `/<name>/v1/...`.

    Raises `ConfigError` for a name that cannot be part of a path and for objects that are no handlers.
    """
    handlers.register(name, handler)


def register_interceptor(interceptor: BaseInterceptor) -> None:
    """Run an interceptor on every request body, before the pipeline, after those registered earlier."""
    interceptors.register(interceptor)
