"""Large blocks are given back to the system when they are freed, whatever was freed before."""

import subprocess
import sys

import pytest
from support.processes import environment

# A large block that is freed teaches glibc to keep the next ones; every other one is held on to, so that there are holes.
_SCRIPT = """
from pathlib import Path
from headroom.proxy.allocator import return_large_blocks

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

{call}
del (first := [bytes(b"x") * 30_000_000])[:]
before = resident()
blocks = [b"x" * 2_000_000 for _ in range(100)]
full = resident()
blocks = blocks[::10]
print(full - before, resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the allocator of other systems is theirs")
def test_what_large_bodies_took_is_given_back_when_they_are_done():
    script = _SCRIPT.format(call="return_large_blocks()")
    printed = subprocess.run([sys.executable, "-c", script], env=environment(), capture_output=True, check=True).stdout
    full, left = map(float, printed.split())
    assert full > 190
    assert left < 40
