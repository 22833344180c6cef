"""Transports of both libraries that say what they are told, and ways to send a request through ours in front of them."""

import asyncio
import json
from importlib import import_module
from importlib.util import find_spec

import pytest
from ccr.scripts import Call, said, stream, whole

from headroom.integrations.httpx import AsyncHeadroomTransport, HeadroomTransport
from headroom.pipeline import PipelineStage
from headroom.proxy.config import ProxyConfig
from support.retrieval import handles_in, long_sample
from support.wires import Step, body_of, encoded, outputs_of

LIBRARIES = [import_module(name) for name in ("httpx", "httpx2") if find_spec(name)]
URL = "http://provider.test/v1/chat/completions"
OUTPUT = long_sample("long_log")
BODY = encoded(body_of("openai-chat", [Step(OUTPUT)], tools=True))
LARGE = encoded(body_of("openai-chat", [Step(long_sample("long_log", seed)) for seed in range(8)], tools=True))
SHORT = b'{"model": "gpt-5",  "messages": [{"role": "user", "content": "hi"}], "temperature": 1.0}'
JSON = {"content-type": "application/json"}
EVENTS = {"content-type": "text/event-stream"}
CONFIG = ProxyConfig(marker_key="key")


class Chunks:
    """The body of an answer. Tells what was read of it, and whether it was closed."""

    def __init__(self, chunks):
        self.chunks = list(chunks)
        self.taken = 0
        self.closed = False

    def _given(self, chunk):
        self.taken += 1
        if isinstance(chunk, Exception):
            raise chunk
        return chunk

    def __iter__(self):
        for chunk in self.chunks:
            yield self._given(chunk)

    async def __aiter__(self):
        for chunk in self.chunks:
            await asyncio.sleep(0)
            yield self._given(chunk)

    def close(self):
        self.closed = True

    async def aclose(self):
        self.closed = True


class Scripted:
    """A transport of a library, sync and async: answers with what is told next, or raises it."""

    def __init__(self, library, *script):
        self.library = library
        self.script = list(script)
        self.requests = []
        self.responses = []
        self.streams = []
        self.is_closed = False

    def _answer(self, request):
        self.requests.append(request)
        told = self.script.pop(0)
        if isinstance(told, Exception):
            raise told
        status, headers, chunks = told
        kinds = (Chunks, self.library.SyncByteStream, self.library.AsyncByteStream)
        body = type("Body", kinds, {})(chunks)
        self.streams.append(body)
        extensions = {"http_version": b"HTTP/1.1", "reason_phrase": b"Fine"}
        self.responses.append(self.library.Response(status, headers=headers, stream=body, extensions=extensions))
        return self.responses[-1]

    def handle_request(self, request):
        request.read()
        return self._answer(request)

    async def handle_async_request(self, request):
        await request.aread()
        await asyncio.sleep(0)
        return self._answer(request)

    def close(self):
        self.is_closed = True

    async def aclose(self):
        self.is_closed = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.aclose()


class Sync:
    """Sends a request through the transport and reads the whole answer."""

    @staticmethod
    def send(inner, request, config=CONFIG, **settings):
        transport = HeadroomTransport(inner, config, **settings)
        response = transport.handle_request(request)
        try:
            response.read()
        finally:
            response.close()
        return response, transport.get_stats()


class Awaited:
    """The same, awaited."""

    @staticmethod
    def send(inner, request, config=CONFIG, **settings):
        async def send():
            transport = AsyncHeadroomTransport(inner, config, **settings)
            response = await transport.handle_async_request(request)
            try:
                await response.aread()
            finally:
                await response.aclose()
            return response, transport.get_stats()

        return asyncio.run(send())


each_library = pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
each_way = pytest.mark.parametrize("way", [Sync, Awaited], ids=["sync", "async"])


def post(library, body=BODY, url=URL, **headers):
    given = {**JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return library.Request("POST", url, headers=given, content=body, extensions={"timeout": {"read": 7.0}})


def answer(*parts, number=1):
    return 200, JSON, [whole("openai-chat", said(*parts, number=number))]


def sent_output(request):
    return outputs_of("openai-chat", json.loads(request.content))[0]


def asking(inner):
    """Return an answer that asks for what was left out of the request that came last."""
    [handle] = handles_in(sent_output(inner.requests[-1]))
    return said(Call("call_1", arguments=json.dumps({"hash": handle})))


class Retrieving(Scripted):
    """Asks for the original first, then goes on as told."""

    def __init__(self, library, *script, streamed=False):
        super().__init__(library, None, *script)
        self.streamed = streamed

    def _answer(self, request):
        if self.script[0] is None:
            self.requests.append(request)
            told = asking(self)
            self.requests.pop()
            form = stream("openai-chat", told) if self.streamed else [whole("openai-chat", told)]
            self.script[0] = (200, EVENTS if self.streamed else JSON, form)
        return super()._answer(request)


class Recorder:
    """Keeps with which error each request ended."""

    stages = frozenset({PipelineStage.RESPONSE_RECEIVED})

    def __init__(self):
        self.errors = []

    def on_pipeline_event(self, event):
        self.errors.append(event.exchange.error)


def text_of(response):
    return response.json()["choices"][0]["message"]["content"]
