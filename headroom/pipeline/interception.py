"""Interceptors: policies over the whole request body that run before anything else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Protocol

from headroom.blocks import Payload
from headroom.errors import RequestError
from headroom.pipeline.guard import Guard
from headroom.wire.changes import changes
from headroom.wire.document import read
from headroom.wire.splice import splice


class Interceptor(Protocol):
    """Changes or refuses a request body. With `fail_closed` a failure refuses the request."""

    @property
    def fail_closed(self) -> bool:
        """Whether a failure refuses the request."""
        ...

    def intercept(self, payload: Payload) -> Payload:
        """Return the body to go on with."""
        ...


class InterceptedError(RequestError):
    """A request cannot go on as a policy that fails closed wants it."""

    status = 403
    code = "refused_by_policy"

    def __init__(self) -> None:
        super().__init__("The request was refused by a policy of this gateway.")


def fails_closed(interceptors: Iterable[Interceptor]) -> bool:
    """Say whether any of the policies must have seen a request before it may go on."""
    return any(getattr(one, "fail_closed", False) for one in interceptors)


def intercepted(
    body: bytes, payload: Payload, interceptors: Sequence[Interceptor], guard: Guard, max_depth: int
) -> tuple[bytes, Payload]:
    """Run the interceptors in order; what they change is spliced into the body at once.

    So a failure later on falls back to the intercepted body, never behind a policy. Raises InterceptedError.
    """
    for interceptor in interceptors:
        run = partial(_passed, interceptor, body, payload, max_depth)
        found = guard.run(type(interceptor).__name__, run, None)
        if found is not None:
            body, payload = found
        elif fails_closed([interceptor]):
            raise InterceptedError
    return body, payload


def _passed(interceptor: Interceptor, body: bytes, payload: Payload, max_depth: int) -> tuple[bytes, Payload]:
    """Return body and payload as one interceptor leaves them. It is given values of its own, so `payload` stays."""
    edits = tuple(changes(payload, interceptor.intercept(read(body, max_depth))))
    if not edits:
        return body, payload
    body = splice(body, edits)
    return body, read(body, max_depth)
