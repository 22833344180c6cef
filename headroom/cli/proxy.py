"""`headroom proxy`: every option is made from its field of `ProxyConfig`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args, get_origin

import click
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from headroom.cli.running import run_command
from headroom.errors import ConfigError, StoreError
from headroom.proxy.config import ProxyConfig

_REPEATED = (tuple, list, dict)
_RETIRED = ("--llmlingua", "--no-llmlingua")
_INSTEAD = "compression by a model is the business of the extra headroom[ml]."


def run(arguments: list[str], prog: str) -> int:
    """Run the proxy with the options of the command line; what is not given comes from the environment."""
    options: list[click.Parameter] = [
        _option(name, field) for name, field in ProxyConfig.model_fields.items() if not field.exclude
    ]
    help_text = "Run the proxy until it is told to stop (Ctrl-C drains)."
    command = click.Command("proxy", callback=_proxy, params=options, help=help_text)
    return run_command(command, _without_retired(arguments), prog)


def _proxy(**given: Any) -> int:
    typed = {name: value for name, value in given.items() if value not in (None, ())}
    try:
        config = ProxyConfig(**typed)
    except ConfigError as error:
        raise click.UsageError(str(error)) from error
    from headroom.proxy import server  # noqa: PLC0415 - the help needs no server

    try:
        return server.run(config)
    except (ConfigError, StoreError) as error:
        raise click.ClickException(str(error)) from error


def _without_retired(arguments: list[str]) -> list[str]:
    """Return the arguments without flags that have had their time, and their values; one line tells of them."""
    kept: list[str] = []
    retired = dict.fromkeys(one.partition("=")[0] for one in arguments if one.startswith(_RETIRED))
    if retired:
        click.echo(f"{', '.join(retired)}: retired and without effect; {_INSTEAD}", err=True)
    after_retired = False
    for one in arguments:
        is_flag = one.startswith("-")
        is_retired = one.startswith(_RETIRED)
        if not is_retired and (is_flag or not after_retired):
            kept.append(one)
        after_retired = is_retired and "=" not in one
    return kept


def _option(name: str, field: FieldInfo) -> click.Option:
    """Return the option of a field. Lists and mappings are repeated; what is wrong in a value, the field knows."""
    said = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    flag = "--" + name.replace("_", "-")
    if field.annotation is bool:
        flag = f"{flag}/--no-{name.replace('_', '-')}"
    kind = get_origin(field.annotation)
    default = field.get_default(call_default_factory=True)
    shown = f" [default: {default}]" if default not in ((), {}, [], None) else ""
    return click.Option(
        [*dict.fromkeys([str(said.get("flag", flag)), flag]), name],
        type=_type(field),
        default=None,
        multiple=kind in _REPEATED,
        help=f"{field.description}{shown}",
        metavar=str(said.get("form", "TEXT")) if kind in _REPEATED else None,
    )


def _type(field: FieldInfo) -> Any:
    if get_origin(field.annotation) in _REPEATED:
        return str
    if {SecretStr, Path} & {field.annotation, *get_args(field.annotation)}:
        return str
    words = [one for one in get_args(field.annotation) if isinstance(one, str)]
    return click.Choice(words) if words else field.annotation
