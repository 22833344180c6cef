"""A provider that says what it is told, whole or streamed as it is asked, and keeps what it got."""

import asyncio
import json
import re
import threading

from ccr.scripts import Call, Said, stream, whole

from headroom.providers.routes import route_of

_HANDLE = re.compile(rb"hash=([0-9a-f]{24})")


def asking(name="headroom_retrieve", number=1):
    """Return a call for the original behind the first handle in what the model was sent."""
    return lambda handle: Call(f"call_{number}", name, json.dumps({"hash": handle}))


class ScriptedProvider:
    """An ASGI app. Each request is answered by the next of `script`: an answer, or (status, body) of an error.

    While `goes_on` is not set, an answer stops behind its first piece.
    """

    def __init__(self):
        self.play()

    def play(self, *script):
        self.script = list(script)
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.bodies = []
        self.headers = []

    async def __call__(self, scope, receive, send):
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            body, more = body + message["body"], message["more_body"]
        self.bodies.append(body)
        self.headers.append(dict(scope["headers"]))
        status, kind, chunks = self._answer(scope, body)
        headers = [(b"content-type", kind), (b"x-request-id", b"req_1"), (b"retry-after", b"0")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await asyncio.to_thread(self.goes_on.wait)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _answer(self, scope, body):
        said = self.script.pop(0)
        if isinstance(said, tuple):
            return said[0], b"application/json", [json.dumps(said[1]).encode()]
        route = route_of("POST", scope["path"])
        said = _with_handle(said, body)
        if json.loads(body).get("stream") or route.name == "gemini.stream":
            return 200, b"text/event-stream", stream(route.wire, said)
        return 200, b"application/json", [whole(route.wire, said)]


def _with_handle(said, body):
    """Fill in the handle that the model has seen, as a model does that asks for it."""
    found = _HANDLE.search(body)
    handle = found[1].decode() if found else ""
    return Said(tuple(part(handle) if callable(part) else part for part in said.parts), said.number, said.is_cut)
