"""How every command is run: arguments in, exit status out."""

from __future__ import annotations

import click


def run_command(command: click.Command, arguments: list[str], prog: str) -> int:
    """Run a command; return its exit status. Wrong usage is said on standard error (status 2)."""
    try:
        status = command.main(arguments, prog_name=prog, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return 130
    return status if isinstance(status, int) else 0
