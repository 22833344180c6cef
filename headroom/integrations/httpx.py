"""The door for programs that speak to a provider through an `httpx` or `httpx2` client.

    httpx.Client(transport=HeadroomTransport(httpx.HTTPTransport()))
    openai.OpenAI(http_client=openai_http_client())
    genai.Client(http_options=genai_http_options())
    AnySDK(http_client=shortening(the_client_it_would_use))

Requests get shorter on their way, calls for originals are answered on the way back. Neither library is imported here:
a transport works with the one that its requests are of.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from headroom.errors import ConfigError
from headroom.integrations.door import Door
from headroom.integrations.passage import library_of
from headroom.integrations.sdk import fronted
from headroom.integrations.transport import AsyncHeadroomTransport, HeadroomTransport

if TYPE_CHECKING:
    from headroom.proxy.config import ProxyConfig
    from headroom.state import Store


def shortening(http_client: Any, config: ProxyConfig | None = None, *, store: Store | None = None) -> Any:
    """Return an HTTP client of the same library, sync or async, that sends through this one what is shorter.

    Connections, limits, proxies, redirects, hooks and credentials are those of the client given; closing one closes
    both. `config` and `store` are as in `Door`. Raises ConfigError for a client of another library.
    """
    if library_of(http_client) is None:
        raise ConfigError(f"{type(http_client).__name__} is no client of httpx or httpx2")
    return fronted(http_client, Door(config, store=store), is_owner=True)


def openai_http_client(config: ProxyConfig | None = None, *, store: Store | None = None) -> Any:
    """Return what `openai.OpenAI(http_client=...)` takes: the client that it would use, shortening."""
    return shortening(_of_sdk("openai").DefaultHttpxClient(), config, store=store)


def openai_async_http_client(config: ProxyConfig | None = None, *, store: Store | None = None) -> Any:
    """Return the same for `openai.AsyncOpenAI`."""
    return shortening(_of_sdk("openai").DefaultAsyncHttpxClient(), config, store=store)


def anthropic_http_client(config: ProxyConfig | None = None, *, store: Store | None = None) -> Any:
    """Return what `anthropic.Anthropic(http_client=...)` takes: the client that it would use, shortening."""
    return shortening(_of_sdk("anthropic").DefaultHttpxClient(), config, store=store)


def anthropic_async_http_client(config: ProxyConfig | None = None, *, store: Store | None = None) -> Any:
    """Return the same for `anthropic.AsyncAnthropic`."""
    return shortening(_of_sdk("anthropic").DefaultAsyncHttpxClient(), config, store=store)


def genai_http_options(
    config: ProxyConfig | None = None, *, store: Store | None = None, http_options: Any = None
) -> Any:
    """Return what `genai.Client(http_options=...)` takes: the two clients that it would use, shortening.

    `http_options` are options of your own (`HttpOptions` or a dictionary); they are kept, and a client in them is used.
    Async requests go through the client returned here, not through aiohttp. The SDK leaves clients that it is given
    open: close `options.httpx_client` and `options.httpx_async_client`.
    """
    genai = _of_sdk("google.genai", "google-genai")
    given = genai.types.HttpOptions.model_validate(http_options or {})
    # The key is sent nowhere: this client only says which HTTP clients the SDK makes, and keeps them open.
    sdk = genai.Client(api_key="none", vertexai=False, http_options=given)
    own = (sdk._api_client._httpx_client, sdk._api_client._async_httpx_client)
    fronts = [shortening(one, config, store=store) for one in own]
    for front in fronts:
        front.keeps_open = sdk
    return given.model_copy(update=dict(zip(("httpx_client", "httpx_async_client"), fronts, strict=True)))


def _of_sdk(name: str, package: str = "") -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        package = package or name
        raise ConfigError(f"this needs the package {package}: pip install {package}") from error


__all__ = [
    "AsyncHeadroomTransport",
    "HeadroomTransport",
    "anthropic_async_http_client",
    "anthropic_http_client",
    "genai_http_options",
    "openai_async_http_client",
    "openai_http_client",
    "shortening",
]
