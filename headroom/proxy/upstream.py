"""The way to the providers: one pooled HTTP client a process. No other module knows which client it is.

Proxies of the environment (`HTTPS_PROXY`, `NO_PROXY`) are honoured and looked up once an origin; `.netrc` is not
read, because it could put the operator's credentials in the place of the client's.
"""

from __future__ import annotations

import errno
import ssl
from collections.abc import AsyncIterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from headroom.errors import UpstreamTimeoutError, UpstreamUnreachableError
from headroom.proxy.config import ProxyConfig
from headroom.proxy.origins import Origins
from headroom.proxy.pool import PooledConnector, end_with_connection
from headroom.proxy.resolver import CheckedResolver

Body = bytes | AsyncIterable[bytes] | None
"""A request body: whole, streamed, or none."""

_IDLE_SECONDS = 60.0
_HEADER_BYTES = 65_536
_NO_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE})


class NotConnectedError(UpstreamUnreachableError):
    """No connection was made, so the upstream has seen nothing of the request."""


class NoDescriptorError(NotConnectedError):
    """No connection was made because this process or machine has no file descriptor left: ours to put right."""

    status = 503
    code = "gateway_overloaded"


class Answer:
    """An answer whose headers are there and whose body is still coming.

    `raw_headers` are the header lines as they came, `headers` reads them by name in any case. Must be closed.
    """

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status: int = response.status
        self.raw_headers: tuple[tuple[bytes, bytes], ...] = response.raw_headers
        self.headers: Mapping[str, str] = response.headers
        end_with_connection(response)

    async def read(self) -> tuple[bytes, bool]:
        """Return what has come of the body since the last call, undecoded, and whether there is more.

        Waits for at least one byte or the end. Raises `UpstreamTimeoutError` or `UpstreamUnreachableError` if the
        body does not come to its end.
        """
        content = self._response.content
        try:
            data = await content.readany()
        except TimeoutError as error:
            raise UpstreamTimeoutError("The upstream stopped in mid-answer.") from error
        except (aiohttp.ClientError, OSError) as error:
            raise UpstreamUnreachableError("The upstream broke off in mid-answer.") from error
        return data, not content.at_eof()

    def close(self) -> None:
        """Give the connection back, or close it if the body was not read to its end."""
        self._response.close()


class Upstream:
    """Sends requests as they are and returns answers undecoded. Opened at first use, closed with `aclose`.

    `resolver` takes the place of the system's; what it finds is checked like that.
    """

    def __init__(self, config: ProxyConfig, resolver: AbstractResolver | None = None) -> None:
        self._timeout = aiohttp.ClientTimeout(
            total=None,
            connect=config.connect_timeout,
            sock_connect=config.connect_timeout,
            sock_read=config.read_timeout,
        )
        self._session: aiohttp.ClientSession | None = None
        self._origins = Origins(config)
        self._resolver = resolver
        self._proxies: dict[tuple[str, str, int | None], URL | None] = {}

    @property
    def is_open(self) -> bool:
        """Whether there is a session to send with."""
        return self._session is not None and not self._session.closed

    def open(self) -> aiohttp.ClientSession:
        """Return the session of this process, made at the first call; needs a running event loop."""
        if self._session is None or self._session.closed:
            resolver = CheckedResolver(self._may_be_private, self._resolver)
            self._session = self._session_over(
                PooledConnector(limit=0, keepalive_timeout=_IDLE_SECONDS, resolver=resolver)
            )
        return self._session

    def _may_be_private(self, host: str, port: int) -> bool:
        """Say whether a host may stand in our own network: as listed by the operator, or as a proxy of theirs."""
        proxies = ((proxy.host, proxy.port) for proxy in self._proxies.values() if proxy is not None)
        return (host, port) in proxies or self._origins.may_be_private(host, port)

    def watched_by(self, middleware: aiohttp.ClientMiddlewareType) -> aiohttp.ClientSession:
        """Return another session over the same connections, whose answers a middleware sees first; to be closed."""
        connector = self.open().connector
        return self._session_over(connector, connector_owner=False, middlewares=(middleware,))

    def _session_over(self, connector: aiohttp.BaseConnector | None, **settings: Any) -> aiohttp.ClientSession:
        """Return a session that adds nothing to a request and takes nothing from an answer."""
        return aiohttp.ClientSession(
            connector=connector,
            timeout=self._timeout,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            max_line_size=_HEADER_BYTES,
            max_field_size=_HEADER_BYTES,
            **settings,
        )

    async def aclose(self) -> None:
        """Close the session and its connections."""
        if self._session is not None:
            await self._session.close()

    async def request(self, method: str, base: str, target: str, headers: list[tuple[str, str]], body: Body) -> Answer:
        """Send a request; return the answer once its headers are there. No redirect is followed.

        `target` is path and query, appended to the URL `base` as they stand.

        Raises `NotConnectedError`, `UpstreamUnreachableError` or `UpstreamTimeoutError`.
        """
        url = URL(base + target, encoded=True)
        with requesting():
            response = await self.open().request(
                method, url, headers=headers, data=body, allow_redirects=False, proxy=self.proxy_for(url)
            )
        return Answer(response)

    def proxy_for(self, url: URL) -> URL | None:
        """Return the proxy of the environment through which a URL is asked, None for the direct way."""
        key = (url.scheme, url.host or "", url.port)
        if key not in self._proxies:
            self._proxies[key] = _proxy_of_environment(*key)
        return self._proxies[key]


@contextmanager
def requesting() -> Iterator[None]:
    """Raise what goes wrong before the headers of an answer are there as an error of the upstream."""
    try:
        yield
    except TimeoutError as error:
        raise UpstreamTimeoutError("The upstream did not answer in time.") from error
    except (aiohttp.ClientConnectorError, ssl.CertificateError) as error:
        if getattr(error, "errno", None) in _NO_DESCRIPTORS:
            raise NoDescriptorError("The gateway has too many open connections at this moment.") from error
        raise NotConnectedError("The upstream could not be reached.") from error
    except (aiohttp.ClientError, OSError) as error:
        raise UpstreamUnreachableError("The upstream broke off before it answered.") from error


def _proxy_of_environment(scheme: str, host: str, port: int | None) -> URL | None:
    address = getproxies().get(scheme)
    if not address or proxy_bypass(f"{host}:{port}"):
        return None
    return URL(address)
