"""What is said where something is missing."""

import subprocess
import sys

import pytest
from support.processes import environment

from headroom_mcp.tests.test_contract import HAS_SEAM


def said(code):
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("missing", "wanted", "sentence"),
    [
        ("mcp", "HeadroomTools", "headroom_mcp needs the MCP SDK: pip install 'headroom[mcp]'"),
        ("fastmcp.server.middleware", "HeadroomMCPMiddleware", "needs FastMCP: pip install 'headroom[mcp]' fastmcp"),
    ],
)
def test_a_missing_framework_is_said_in_one_sentence(missing, wanted, sentence):
    status, _, errors = said(f"import sys; sys.modules[{missing!r}] = None\nfrom headroom_mcp import {wanted}")
    assert status == 1
    assert errors.strip().splitlines()[-1].endswith(sentence)


def test_the_server_needs_no_fastmcp():
    code = (
        "import sys; sys.modules['fastmcp'] = None\nfrom headroom_mcp import create_server; print(create_server().name)"
    )
    assert said(code)[:2] == (0, "headroom\n")


def test_the_command_needs_nothing_of_the_proxys_extra():
    code = """
import sys
for name in ("aiohttp", "brotli", "fastapi", "prometheus_client", "websockets", "zstandard"):
    sys.modules[name] = None
from headroom.cli import main
from headroom.proxy.config import ProxyConfig
from headroom_mcp import HeadroomTools
from headroom_mcp.serving import http_app
http_app(HeadroomTools(), ProxyConfig())
sys.exit(main(["mcp"]))
"""
    assert said(code)[:2] == (0, "")


@pytest.mark.skipif(HAS_SEAM, reason="this release has the seam")
def test_release_1_of_the_sdk_is_said_to_have_no_middleware():
    status, _, errors = said("from headroom_mcp import HeadroomServerMiddleware")
    assert status == 1
    assert "needs the MCP SDK 2 or later" in errors


def test_what_is_not_there_is_no_attribute():
    import headroom_mcp

    with pytest.raises(AttributeError, match="nothing"):
        _ = headroom_mcp.nothing
