"""`headroom mcp` as a command: its help, wrong usage, and what is said where the SDK is missing.

What it serves is tested with the SDK's clients, in the environments of `integrations/headroom_mcp`.
"""

import subprocess
import sys
from importlib.util import find_spec

import pytest
from support.processes import environment

with_sdk = pytest.mark.skipif(find_spec("mcp") is None, reason="the SDK is in environments of its own")


def mcp(*arguments, before="", **also):
    """Run the command with an empty standard input; it has to say nothing on standard output."""
    code = f"{before}\nimport sys\nfrom headroom.cli import main\nsys.exit(main({['mcp', *arguments]!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code], input=b"", capture_output=True, check=False, env=environment(**also)
    )
    return done.returncode, done.stdout, done.stderr.decode()


def test_a_missing_sdk_is_said_in_one_sentence():
    status, out, errors = mcp(before="import sys; sys.modules['mcp'] = None")
    assert (status, out) == (3, b"")
    assert errors.splitlines()[-1] == "headroom mcp: headroom_mcp needs the MCP SDK: pip install 'headroom[mcp]'"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--http", "8790"], "HOST:PORT"),
        (["--http", "127.0.0.1"], "HOST:PORT"),
        (["--http", "127.0.0.1:many"], "HOST:PORT"),
        (["--http", "127.0.0.1:80/mcp"], "HOST:PORT"),
        (["--store", "ftp://x", "--lines"], "--lines"),
        (["--config", "/nowhere/headroom.toml"], "nowhere"),
        (["surplus"], "surplus"),
    ],
)
def test_wrong_usage_is_named(arguments, said):
    status, out, errors = mcp(*arguments)
    assert (status, out) == (2, b"")
    assert said in errors
    assert "Traceback" not in errors


def test_the_help_needs_no_sdk():
    status, out, _ = mcp("--help", before="import sys; sys.modules['mcp'] = None")
    assert status == 0
    for option in (b"--http", b"--store", b"--tenant", b"--token"):
        assert option in out


@with_sdk
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--store", "ftp://x"], "not the address of a store"),
        (["--store", "sqlite:/dev/null/originals.db"], "store"),
        (["--http", "0.0.0.0:0"], "set a token"),
    ],
)
def test_what_cannot_be_served_ends_with_a_sentence(arguments, said):
    status, out, errors = mcp(*arguments)
    assert (status, out) == (1, b"")
    assert said in errors
    assert "Traceback" not in errors


@with_sdk
def test_without_a_client_it_ends():
    status, out, errors = mcp()
    assert (status, out) == (0, b"")
    assert "no store is named" in errors
