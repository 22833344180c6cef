"""Interceptors: they see the whole request body before the pipeline and may return another.

For policies: redaction, PII removal, additions. An interceptor that fails is skipped, unless it says `fail_closed`:
then the request is refused.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, ClassVar

from headroom.blocks import Payload
from headroom.transforms.base import Transform


class BaseInterceptor(ABC):
    """Turns a request body into another, as JSON values."""

    fail_closed: ClassVar[bool] = False
    """Whether a request is refused if this interceptor raises, or cannot see it."""
    transforms: ClassVar[tuple[Transform, ...]] = ()
    """What this interceptor asks of the pipeline: transforms that run before the others while it is there.

    For what a changed body cannot say: to leave something out so that the model can get it back.
    """

    @abstractmethod
    def intercept(self, payload: Payload) -> Payload:
        """Return the body to go on with: `payload` itself, or a changed copy. The input must not be mutated."""


_interceptors: list[BaseInterceptor] = []


def register(interceptor: BaseInterceptor) -> None:
    """Run an interceptor on every request from now on, after those registered before; once, however often named."""
    if all(known is not interceptor for known in _interceptors):
        _interceptors.append(interceptor)


def unregister(interceptor: BaseInterceptor) -> None:
    """Stop running an interceptor; unknown ones are ignored."""
    _interceptors[:] = [known for known in _interceptors if known is not interceptor]


def registered() -> tuple[BaseInterceptor, ...]:
    """Return the registered interceptors in the order in which they run."""
    return tuple(_interceptors)


class Interceptors(Sequence[BaseInterceptor]):
    """An app's own interceptors, then the registered ones as they are at the time of each request."""

    def __init__(self, own: Sequence[BaseInterceptor] = ()) -> None:
        self._own = tuple(own)

    def __iter__(self) -> Iterator[BaseInterceptor]:
        return chain(self._own, (known for known in registered() if known not in self._own))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, index: Any) -> Any:
        return tuple(self)[index]
