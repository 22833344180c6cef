"""Interceptors: policies over the whole request body that run before anything else."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol

from headroom.blocks import Payload
from headroom.errors import RequestError
from headroom.pipeline.guard import Guard
from headroom.wire.changes import changes
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
    """An interceptor that fails closed could not pass the request."""

    status = 403
    code = "refused_by_policy"


def intercepted(
    body: bytes, payload: Payload, interceptors: Sequence[Interceptor], guard: Guard
) -> tuple[bytes, Payload]:
    """Run the interceptors in order; what they change is spliced into the body at once.

    So a failure later on falls back to the intercepted body, never behind a policy. Raises InterceptedError.
    """
    current = copy.deepcopy(payload)
    for interceptor in interceptors:
        given = copy.deepcopy(current)
        answer: Any = guard.run(type(interceptor).__name__, partial(interceptor.intercept, given), None)
        if isinstance(answer, dict):
            current = answer
        elif getattr(interceptor, "fail_closed", False):
            raise InterceptedError("The request was refused by a policy of this gateway.")
    return splice(body, tuple(changes(payload, current))), current
