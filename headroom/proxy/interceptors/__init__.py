"""Policies on whole request bodies, run before the pipeline. A new one is a file, and a line here to be had by name."""

from headroom.proxy.interceptors.astgrep import AstGrep
from headroom.proxy.interceptors.base import BaseInterceptor
from headroom.proxy.interceptors.redact_email import RedactEmail

__all__ = ["SHIPPED", "AstGrep", "BaseInterceptor", "RedactEmail"]

SHIPPED: dict[str, type[BaseInterceptor]] = {"astgrep": AstGrep, "redact_email": RedactEmail}
"""Interceptors that run if their name is chosen (`--interceptor NAME`)."""
