"""The proxy as a process of its own: it starts, is reached, and its failure to start is told."""

import subprocess
import sys

import pytest

from headroom.demo import proxy_process as module
from headroom.demo.link import Link
from headroom.demo.provider import OfflineProvider, running


def test_the_proxy_starts_on_a_free_port_and_stops_with_the_block(tmp_path):
    with running(OfflineProvider()) as provider:
        with module.proxy_process(provider, tmp_path) as url, Link(url) as link:
            assert link.ask("GET", "/livez", {}).status == 200
        with pytest.raises(ConnectionRefusedError), Link(url):
            pass


@pytest.mark.parametrize(
    ("program", "told"),
    [("raise SystemExit('no such option')", "no such option"), ("pass", "without a word")],
)
def test_what_it_printed_is_told_if_it_does_not_start(program, told):
    command = [sys.executable, "-c", program]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, **pipes) as process, pytest.raises(module.ProxyDownError, match=told):
        module.address_of(process)
