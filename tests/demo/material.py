"""Recordings that need no commands, and a relay that does damage, for tests of what is noticed."""

import inspect
import json

from headroom.demo.recordings import RECORDERS, Recording

TOOLS = {"search": "search_code", "packages": "list_packages", "program log": "get_logs", "source to edit": "read_file"}
ROWS = [{"name": f"part-{n}", "version": f"1.{n}.0", "files": 7 * n, "editable": False} for n in range(60)]


def _recording(name: str, text: str = "") -> Recording:
    text = text or (json.dumps(ROWS, indent=2) if name == "packages" else f"{name} of “here”\n" * 9)
    return Recording(f"the {name}", "this test", TOOLS.get(name, "bash"), {"what": name}, text)


MADE = {name: _recording(name) for name in RECORDERS}


LOG = "".join(
    f"2026-03-01 10:{n // 60:02d}:{n % 60:02d},{7 * n % 1000:03d} {'ERROR' if n == 307 else 'INFO':7} "
    f"app.worker job {n} took {13 * n % 97} ms on host-{n % 5}\n"
    for n in range(600)
)
SOURCE = inspect.getsource(json.decoder)
LONG = {
    **MADE,
    "program log": _recording("program log", LOG),
    "source to edit": _recording("source to edit", SOURCE),
    "edited source": _recording("edited source", SOURCE.replace("strict=True", "strict=False", 1)),
}
"""With a log of which something is left out, and a file of which most is said by reference."""


class Between:
    """Stands between client and provider as a proxy does, and changes what it was told to change."""

    def __init__(self, provider, *, body=lambda body: body, headers=(), answer=lambda chunk: chunk):
        self.provider, self.body, self.headers, self.answer = provider, body, headers, answer

    async def __call__(self, scope, receive, send):
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]

        async def replay():
            return {"type": "http.request", "body": self.body(body), "more_body": False}

        async def relay(message):
            if message["type"] == "http.response.body":
                message = {**message, "body": self.answer(message["body"])}
            await send(message)

        await self.provider({**scope, "headers": [*scope["headers"], *self.headers]}, replay, relay)
