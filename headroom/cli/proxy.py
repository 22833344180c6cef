"""`headroom proxy`: every option is made from its field of `ProxyConfig`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any, get_origin

import typer
from pydantic.fields import FieldInfo

from headroom.errors import ConfigError
from headroom.proxy.config import ProxyConfig


def run(arguments: list[str], prog: str) -> int:
    """Run the proxy with the options of the command line; what is not given comes from the environment."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(help="Run the proxy until it is told to stop (Ctrl-C drains).")(_command())
    try:
        status = app(arguments, prog_name=prog, standalone_mode=True)
    except SystemExit as end:
        status = end.code
    return status if isinstance(status, int) else 0


def _command() -> Callable[..., int]:
    """Return a function whose parameters are the options."""

    def proxy(**given: Any) -> int:
        try:
            return _serve(ProxyConfig(**{name: value for name, value in given.items() if value not in (None, [])}))
        except ConfigError as error:
            print(f"headroom proxy: {error}", file=sys.stderr)
            raise typer.Exit(2) from error

    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=_option(name, field), annotation=_kind(field))
        for name, field in ProxyConfig.model_fields.items()
        if not field.exclude
    ]
    proxy.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return proxy


def _serve(config: ProxyConfig) -> int:
    from headroom.proxy import server  # noqa: PLC0415 - the help needs no server

    status = server.run(config)
    if status:
        raise typer.Exit(status)
    return status


def _option(name: str, field: FieldInfo) -> Any:
    default = field.get_default(call_default_factory=True)
    shown = f" [default: {default}]" if default not in ((), {}, None) else ""
    flag = "--" + name.replace("_", "-")
    names = f"{flag}/--no-{name.replace('_', '-')}" if field.annotation is bool else flag
    kind = get_origin(field.annotation)
    metavar = "PATH=WIRE..." if kind is dict else "TEXT..." if kind is tuple else None
    return typer.Option(None, names, help=f"{field.description}{shown}", show_default=False, metavar=metavar)


def _kind(field: FieldInfo) -> Any:
    """Return the type that the command line parses: lists are repeated options, so are mappings."""
    if get_origin(field.annotation) in (tuple, dict):
        return list[str] | None
    return field.annotation | None  # type: ignore[operator]
