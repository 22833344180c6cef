"""The way to a Redis or Valkey server: never waited for longer than a second, left alone for a while if it is away."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from headroom.errors import ConfigError, StoreError
from headroom.state.workspace import SECRET_BYTES

_TIMEOUT_SECONDS = 0.9
_REST_SECONDS = 1.0
"""How long a server that does not answer is left alone: a request that asks often waits once, not every time."""


class RedisLink:
    """A pool of connections to one server. Raises ConfigError for an address that cannot be read."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.client = _client(url)
        self._clock = clock
        self._resting_until = clock()
        self._closed = False

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask the server; what goes wrong is a `StoreError`."""
        if self._closed:
            raise StoreError("the store is closed")
        if self._clock() < self._resting_until:
            raise StoreError("Redis did not answer a moment ago")
        try:
            yield
        except redis.RedisError as error:
            if isinstance(error, (redis.ConnectionError, redis.TimeoutError)):
                self._resting_until = self._clock() + _REST_SECONDS
            raise StoreError(f"Redis failed: {error}") from error

    def secret(self, key: bytes) -> bytes:
        """Return the secret under a key, 32 random bytes: the same ones for everybody who uses this server.

        A server that keeps nothing over its restarts makes a new one then.
        """
        with self.asking():
            self.client.set(key, secrets.token_bytes(SECRET_BYTES), nx=True)
            secret = self.client.get(key)
        if not isinstance(secret, bytes) or len(secret) != SECRET_BYTES:
            raise ConfigError(f"the secret {key.decode()} in Redis has not {SECRET_BYTES} bytes: remove it (DEL)")
        return secret

    def close(self) -> None:
        """Close the connections; whoever asks after this is refused."""
        self._closed = True
        self.client.close()


def _client(url: str) -> redis.Redis:
    try:
        return redis.Redis.from_url(
            url,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            # A connection that broke since its last use is worth one more try. If it broke after a claim was granted,
            # that is claimed twice: too much rather than too little. A server that is silent is not asked again.
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        )
    except ValueError as error:
        raise ConfigError("the address of the Redis store cannot be read; it is redis://HOST:PORT/DB") from error
