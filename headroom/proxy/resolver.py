"""Names to addresses, once for a connection: what is checked is what is connected to.

The HTTP client connects to the addresses that this resolver returns and asks nobody again, so that a name cannot
stand for one address while it is checked and for another one afterwards (DNS rebinding).
"""

from __future__ import annotations

import socket
from collections.abc import Callable

from aiohttp import DefaultResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from headroom.errors import UpstreamRefusedError
from headroom.proxy.addresses import may_be_asked

MayBePrivate = Callable[[str, int], bool]
"""Whether host and port may stand in our own network."""


class CheckedResolver(AbstractResolver):
    """Resolves by `inner`, the system's way if not given; refuses a name with an address that it may not stand for."""

    def __init__(self, may_be_private: MayBePrivate, inner: AbstractResolver | None = None) -> None:
        self._may_be_private = may_be_private
        self._inner = inner or DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host. Raises `UpstreamRefusedError`, or OSError if there are none."""
        found = await self._inner.resolve(host, port, family)
        private = self._may_be_private(host.lower(), port)
        if not all(may_be_asked(one["host"], private=private) for one in found):
            raise UpstreamRefusedError(
                "The upstream's name stands for an address that is not public; its origin is not listed "
                "(--allow-upstream), or it is that of a metadata service."
            )
        return found

    async def close(self) -> None:
        """Close the inner resolver."""
        await self._inner.close()
