"""The proxy with limits: requests of every route, answers that report their usage in every wire."""

from __future__ import annotations

import json
from typing import Any

from proxy.bench import request, through
from proxy.net import Answer, Client, Upstream, saying
from support.drive import Inner
from support.wires import BUILDERS, MODELS, Step

from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.providers.routes import ROUTES
from headroom.proxy.config import ProxyConfig
from headroom.proxy.limits import Limits
from headroom.proxy.meter import MeterReader
from headroom.proxy.quota import Quota
from headroom.proxy.stats import Stats
from headroom.state.counters import Counters
from headroom.state.counters_memory import MemoryCounters

JSON = (b"Content-Type", b"application/json")
PATHS = [row.example for row in ROUTES] + ["/v1/embeddings", "/v1/completions", "/anything/else"]
KEY = (b"Authorization", b"Bearer sk-one")
OTHER_KEY = (b"Authorization", b"Bearer sk-two")


def reported(given: int = 12, output: int = 3, read: int = 0, written: int = 0) -> bytes:
    """An answer that reports its usage as every provider would."""
    fresh = given - read - written
    return json.dumps(
        {
            "usage": {
                "prompt_tokens": given,
                "completion_tokens": output,
                "prompt_tokens_details": {"cached_tokens": read},
                "input_tokens": fresh,
                "output_tokens": output,
                "cache_read_input_tokens": read,
                "cache_creation_input_tokens": written,
            },
            "usageMetadata": {"promptTokenCount": given, "candidatesTokenCount": output},
        }
    ).encode()


def answering(body: bytes = b"", status: int = 200) -> Any:
    """A script that answers with this body of JSON."""
    body = body or reported()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    return saying(head + body)


def body_for(path: str, **fields: Any) -> bytes:
    """A small request for a route."""
    row = next((row for row in ROUTES if row.example == path), None)
    wire = "openai-chat" if row is None else row.wire
    return json.dumps({**BUILDERS[wire]([Step("ok")], MODELS[wire]), **fields}).encode()


def post(path: str, *headers: tuple[bytes, bytes], **fields: Any) -> bytes:
    """A request for a route as bytes."""
    return request("POST", path, body_for(path, **fields), JSON, *headers)


def asked(upstream: Upstream, *raws: bytes, **options: Any) -> list[Answer]:
    """Send requests one after another over one connection."""

    async def act(client: Client) -> list[Answer]:
        answers = []
        for raw in raws:
            await client.send(raw)
            answers.append(await client.answer())
        return answers

    return through(upstream, act, **options)


def limited(inner: Any = None, counters: Counters | None = None, clock: Any = None, **options: Any) -> Limits:
    """Limits in front of the middleware in front of an app, without a server."""
    config = ProxyConfig(optimize=False, pipeline_extensions=[MeterReader()], **options)
    quota = Quota(counters or MemoryCounters(), is_local_when_down=config.limits_when_down == "local")
    limits = Limits(config, Stats(), quota, **({} if clock is None else {"clock": clock}))
    return limits.before(HeadroomASGIMiddleware(inner or Inner(chunks=(reported(),)), config))
