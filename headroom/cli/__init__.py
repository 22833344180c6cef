"""The `headroom` command: a list of subcommands, each in its own module, imported when it is called.

A command module has `run(arguments: list[str], prog: str) -> int`, which returns the exit status.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import NamedTuple


class Command(NamedTuple):
    """One subcommand: its name, the module that runs it, and what it does in a few words."""

    name: str
    module: str
    summary: str


COMMANDS = (
    Command("proxy", "headroom.cli.proxy", "Run the proxy."),
    Command("compress", "headroom.cli.compress", "Compress a file of messages and report what was done."),
    Command("retrieve", "headroom.cli.retrieve", "Print what was left out of a tool output, byte for byte."),
    Command("mcp", "headroom.cli.mcp", "Serve texts and originals to an MCP client, as tools."),
    Command("stats", "headroom.cli.stats", "Print what a running proxy has counted."),
    Command("doctor", "headroom.cli.doctor", "Check the installation, and what becomes of a known conversation."),
    Command("bench", "headroom.cli.bench", "Measure what would be saved on your own files."),
    Command("demo", "headroom.cli.demo", "Show what is saved, offline, with outputs of this machine."),
)


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return the exit status (2: wrong usage, 3: an extra is missing)."""
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_help())
        return 0
    if arguments[0] in ("-V", "--version"):
        from headroom import __version__  # noqa: PLC0415 - the package costs more than the command

        print(f"headroom {__version__}")
        return 0
    command = next((c for c in COMMANDS if c.name == arguments[0]), None)
    if command is None:
        print(f"headroom: no command {arguments[0]!r}; see `headroom --help`", file=sys.stderr)
        return 2
    return _run(command, arguments[1:])


def _run(command: Command, arguments: list[str]) -> int:
    try:
        module = import_module(command.module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("headroom"):
            raise
        print(f"headroom {command.name} needs {error.name}: pip install 'headroom[proxy]'", file=sys.stderr)
        return 3
    status: int = module.run(arguments, f"headroom {command.name}")
    return status


def _help() -> str:
    width = max(len(command.name) for command in COMMANDS)
    lines = [f"  {command.name:<{width}}  {command.summary}" for command in COMMANDS]
    return "\n".join(
        [
            "usage: headroom COMMAND [OPTIONS]",
            "",
            *lines,
            "",
            "  --help on any command lists its options; --version prints the version.",
        ]
    )
