"""Keys that are to be found nowhere, the forms in which they could be, and a proxy process that is given them."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

KINDS = (
    *("authorization", "basic", "signature", "x-api-key", "x-goog-api-key", "api-key", "cookie", "proxy-authorization"),
    *("x-amz-security-token", "x-amz-credential", "query", "query-token", "subprotocol", "token", "wrong-token"),
    *("operator", "marker-key", "upstream-value", "body-key"),
)
KEYS = {kind: f"canary{number:02d}{hashlib.md5(kind.encode()).hexdigest()}" for number, kind in enumerate(KINDS)}
"""One key for each way in which one gets into the gateway."""

_DIGESTS = ("sha256", "sha1", "md5", "sha512", "blake2b")
_LAUNCHER = (
    "import atexit, logging, runpy; logging.basicConfig(level=logging.DEBUG); "
    "atexit.register(logging.getLogger('headroom.proxy').debug, 'logged to the end'); "
    "runpy.run_module('headroom.cli', run_name='__main__', alter_sys=True)"
)
"""`headroom` with everything logged that any library logs."""


def forms_of(key: str) -> Iterator[tuple[str, bytes]]:
    """Yield every form in which a key, or something from which it is known again, could stand somewhere."""
    plain = key.encode()
    yield "plain", plain
    yield "reversed", plain[::-1]
    yield "hex", plain.hex().encode()
    yield "utf-16", key.encode("utf-16-le")
    for shift in range(3):  # base64 of a text that has the key at any place in it
        padded = b"x" * shift + plain
        whole = len(padded) // 3 * 3
        start = 4 if shift else 0
        yield f"base64 +{shift}", b64encode(padded[:whole])[start:]
        yield f"base64url +{shift}", urlsafe_b64encode(padded[:whole])[start:]
    for name in _DIGESTS:
        digest = hashlib.new(name, plain).digest()
        yield name, digest[:16]
        yield f"{name} hex", digest.hex()[:32].encode()
        yield f"{name} base64", b64encode(digest)[:20]


def found_in(places: dict[str, bytes], key: str) -> list[tuple[str, str]]:
    """Return place and form of each occurrence of a key."""
    lowered = {place: (held, held.lower()) for place, held in places.items()}
    return [
        (place, form)
        for form, needle in forms_of(key)
        for place, (held, low) in lowered.items()
        if needle in held or needle in low
    ]


class Process:
    """A proxy that runs; `said` are the files that it writes its output to."""

    def __init__(self, process: asyncio.subprocess.Process, said: Path, port: int) -> None:
        self.process = process
        self.port = port
        self.said = said


@asynccontextmanager
async def talkative(folder: Path, *arguments: str, **environment: str) -> AsyncIterator[Process]:
    """Run `headroom proxy` in Python's development mode with all logging on; its output goes to files in the folder."""
    command = [sys.executable, "-X", "dev", "-c", _LAUNCHER, "proxy", "--port", "0", *arguments]
    known = {name: value for name, value in os.environ.items() if not name.startswith("HEADROOM_")}
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=out, stderr=err, env={**known, "PYTHONPATH": os.pathsep.join(sys.path), **environment}
        )
    try:
        yield Process(process, folder, await _port(process, folder))
        process.terminate()
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _port(process: asyncio.subprocess.Process, folder: Path) -> int:
    async with asyncio.timeout(30):
        while True:
            assert process.returncode is None, (folder / "stderr").read_text()
            for line in (folder / "stdout").read_text().splitlines():
                if line.startswith("listening on "):
                    return int(line.rsplit(":", 1)[1])
            await asyncio.sleep(0.05)
