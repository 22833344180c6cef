"""Clients of provider SDKs, led through the transport: the same client again, whose requests get shorter on their way.

A client keeps its own HTTP client, with its connections, limits, proxies, redirects, hooks and credentials: the HTTP
client that the SDK gets instead only builds and sends through it. Nothing is imported here; the SDKs are told apart
by what they hold.

    SDK ─► HTTP client in front ─► HeadroomTransport ─► the SDK's own HTTP client, as a transport
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from headroom.integrations.door import Door
from headroom.integrations.passage import library_of
from headroom.integrations.transport import AsyncHeadroomTransport, HeadroomTransport

_WISHES = "headroom.send"
"""Key of a request's extensions under which stands how the SDK wants it sent: `auth`, `follow_redirects`."""

_DEPTH = 2
"""How deep in a google-genai client parts hold the API client: `client.aio.models`."""


_SESSIONS = (("_aiohttp_sessions", dict), ("_aiohttp_session", lambda: None))
"""Where a google-genai client holds what else it sends through; who has it, closes it at the end of its life."""


def seam_of(client: Any) -> Callable[[Door], Any] | None:
    """Return what makes a client like this one whose requests go through a door; None if it has no place for that.

    Known are clients that take `copy(http_client=...)` (OpenAI, Anthropic and their variants) and google-genai's.
    The client given must stay open as long as the other is used: its connections are used.
    """
    if library_of(getattr(client, "_client", None)) and callable(getattr(client, "copy", None)):
        return lambda door: client.copy(http_client=fronted(client._client, door))
    interface = getattr(client, "_api_client", None)
    if library_of(getattr(interface, "_httpx_client", None)):
        return lambda door: _exchanged(client, interface, _google_interface(interface, door), _DEPTH)
    return None


def fronted(http: Any, door: Door, *, is_owner: bool = False) -> Any:
    """Return an HTTP client of the same library that sends through the door, and behind it through this one.

    An owner closes both when it is closed.
    """
    library = library_of(http)
    sync, awaited = _fronts(library)
    return (sync if isinstance(http, library.Client) else awaited)(http, door, is_owner=is_owner)


def _google_interface(interface: Any, door: Door) -> Any:
    """Return google-genai's API client with other HTTP clients, which it takes for the user's own."""
    twin = copy.copy(interface)
    twin._httpx_client = fronted(interface._httpx_client, door)
    given = {"httpx_client": twin._httpx_client}
    if interface._async_httpx_client is not None:
        twin._async_httpx_client = given["httpx_async_client"] = fronted(interface._async_httpx_client, door)
    twin._http_options = interface._http_options.model_copy(update=given)
    for name, none in _SESSIONS:
        if name in vars(twin):
            setattr(twin, name, none())
    return twin


def _exchanged(part: Any, old: Any, new: Any, depth: int) -> Any:
    """Return a copy of a part of a client in which, as deep as it is held, one object stands for another."""
    twin = copy.copy(part)
    for name, value in vars(part).items():
        if value is old:
            setattr(twin, name, new)
        elif depth and any(held is old for held in getattr(value, "__dict__", {}).values()):
            setattr(twin, name, _exchanged(value, old, new, depth - 1))
    return twin


class _Front:
    """An HTTP client that builds its requests as another one does, and sends them through a transport to that one."""

    _base: Any
    """The client class of the library that this one derives from."""

    def __init__(self, own: Any, door: Door, *, is_owner: bool) -> None:
        self._own = own
        self._door = door if is_owner else None
        self._base.__init__(self, transport=self._through(door), timeout=own.timeout, trust_env=False)

    def _through(self, door: Door) -> Any:
        """Return the way to the client behind."""
        return HeadroomTransport(_Own(self._own), door=door)

    @property
    def is_closed(self) -> bool:
        return bool(self._own.is_closed)

    def build_request(self, *given: Any, **named: Any) -> Any:
        return self._own.build_request(*given, **named)

    def send(self, request: Any, *, stream: bool = False, **wishes: Any) -> Any:
        """Send a request. Credentials, redirects and hooks are the business of the client behind."""
        request.extensions = {**request.extensions, _WISHES: wishes}
        return self._base.send(self, request, stream=stream, auth=None, follow_redirects=False)

    def close(self) -> None:
        """Leave the client behind open, unless it is ours: it is the SDK's, and may be in use without us."""
        if self._door is not None:
            self._door.close()
            self._own.close()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _AsyncFront(_Front):
    """The same, awaited."""

    def _through(self, door: Door) -> Any:
        return AsyncHeadroomTransport(_AsyncOwn(self._own), door=door)

    async def aclose(self) -> None:
        if self._door is not None:
            self._door.close()
            await self._own.aclose()

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


@lru_cache(maxsize=2)
def _fronts(library: Any) -> tuple[type[Any], type[Any]]:
    """Return the clients in front, sync and async, as a library and the SDKs take them: they insist on its types."""
    sync, awaited = library.Client, library.AsyncClient
    return type("Client", (_Front, sync), {"_base": sync}), type(
        "AsyncClient", (_AsyncFront, awaited), {"_base": awaited}
    )


class _Own:
    """The SDK's own HTTP client as a transport."""

    def __init__(self, http: Any) -> None:
        self._http = http

    def handle_request(self, request: Any) -> Any:
        response = self._http.send(request, stream=True, **request.extensions.get(_WISHES, {}))
        return _unread(response)


class _AsyncOwn:
    """The same, awaited."""

    def __init__(self, http: Any) -> None:
        self._http = http

    async def handle_async_request(self, request: Any) -> Any:
        response = await self._http.send(request, stream=True, **request.extensions.get(_WISHES, {}))
        return _unread(response)


def _unread(response: Any) -> Any:
    """Return an answer whose stream can be read, also if a hook of the client has read it already."""
    if not response.is_stream_consumed:
        return response
    coded = (b"content-encoding", b"content-length", b"transfer-encoding")
    headers = [pair for pair in response.headers.raw if pair[0].lower() not in coded]
    return library_of(response).Response(
        response.status_code, headers=headers, content=response.content, extensions=response.extensions
    )
