"""The way to the providers: one pooled HTTP client a process.

Proxies of the environment (`HTTPS_PROXY`, `NO_PROXY`) are honoured and looked up once an origin; `.netrc` is not
read, because it could put the operator's credentials in the place of the client's.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterable
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from headroom.errors import UpstreamTimeoutError, UpstreamUnreachableError
from headroom.proxy.config import ProxyConfig

Body = bytes | AsyncIterable[bytes] | None
"""A request body: whole, streamed, or none."""

_IDLE_SECONDS = 60.0
_HEADER_BYTES = 65_536
_HEADER_LINES = 512


class NotConnectedError(UpstreamUnreachableError):
    """No connection was made, so the upstream has seen nothing of the request."""


class Upstream:
    """Sends requests as they are and returns answers undecoded. Opened at first use, closed with `aclose`."""

    def __init__(self, config: ProxyConfig) -> None:
        self._timeout = aiohttp.ClientTimeout(
            total=None,
            connect=config.connect_timeout,
            sock_connect=config.connect_timeout,
            sock_read=config.read_timeout,
        )
        self._session: aiohttp.ClientSession | None = None
        self._proxies: dict[tuple[str, str, int | None], URL | None] = {}

    @property
    def is_open(self) -> bool:
        """Whether there is a session to send with."""
        return self._session is not None and not self._session.closed

    def open(self) -> aiohttp.ClientSession:
        """Return the session of this process, made at the first call; needs a running event loop."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_SECONDS),
                timeout=self._timeout,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
                max_line_size=_HEADER_BYTES,
                max_field_size=_HEADER_BYTES,
                max_headers=_HEADER_LINES,
            )
        return self._session

    async def aclose(self) -> None:
        """Close the session and its connections."""
        if self._session is not None:
            await self._session.close()

    async def request(
        self, method: str, url: URL, headers: list[tuple[str, str]], body: Body
    ) -> aiohttp.ClientResponse:
        """Send a request; return the answer once its headers are there. No redirect is followed.

        Raises `NotConnectedError`, `UpstreamUnreachableError` or `UpstreamTimeoutError`.
        """
        try:
            return await self.open().request(
                method, url, headers=headers, data=body, allow_redirects=False, proxy=self._proxy(url)
            )
        except TimeoutError as error:
            raise UpstreamTimeoutError("The upstream did not answer in time.") from error
        except (aiohttp.ClientConnectorError, ssl.CertificateError) as error:
            raise NotConnectedError("The upstream could not be reached.") from error
        except (aiohttp.ClientError, OSError) as error:
            raise UpstreamUnreachableError("The upstream broke off before it answered.") from error

    def _proxy(self, url: URL) -> URL | None:
        key = (url.scheme, url.host or "", url.port)
        if key not in self._proxies:
            self._proxies[key] = _proxy_of_environment(*key)
        return self._proxies[key]


def _proxy_of_environment(scheme: str, host: str, port: int | None) -> URL | None:
    address = getproxies().get(scheme)
    if not address or proxy_bypass(f"{host}:{port}"):
        return None
    return URL(address)
