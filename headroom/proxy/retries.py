"""When a request that was not accepted is sent again, and how long to wait before.

Only failed connects and answers that say "not now" count, only before a byte was relayed. A budget that is shared
by all requests keeps repeats below a fifth of the traffic, so that an overloaded upstream is not pushed further.
"""

from __future__ import annotations

from collections.abc import Mapping

RETRIED = frozenset({429, 502, 503, 529})
"""Statuses that say that the request was not taken up."""

LONGEST_PAUSE = 5.0
"""Seconds; an upstream that asks for more is relayed, and the client decides."""

_FIRST_PAUSE = 0.25
_EARNED = 0.2
_MOST = 10.0


class Retries:
    """Decides on repeats; one object serves all requests of a process."""

    def __init__(self, max_attempts: int) -> None:
        self._max_attempts = max_attempts
        self._budget = _MOST

    def began(self) -> None:
        """Note a new request; each earns a share of a repeat."""
        self._budget = min(_MOST, self._budget + _EARNED)

    def pause(self, attempt: int, status: int, headers: Mapping[str, str]) -> float | None:
        """Return the seconds to wait before sending again, None if the answer stands.

        `attempt` counts from 0; `status` is 0 if no connection was made.
        """
        if attempt >= self._max_attempts or self._budget < 1:
            return None
        if status and (status not in RETRIED or headers.get("x-should-retry", "").lower() == "false"):
            return None
        seconds = _asked_for(headers, _FIRST_PAUSE * 2.0**attempt)
        if seconds > LONGEST_PAUSE:
            return None
        self._budget -= 1
        return seconds


def _asked_for(headers: Mapping[str, str], default: float) -> float:
    """Read `retry-after` in seconds (RFC 9110, 10.2.3); a date means more than we wait."""
    value = headers.get("retry-after")
    if value is None:
        return default
    try:
        seconds = float(value)
    except ValueError:
        return LONGEST_PAUSE + 1
    return seconds if seconds >= 0 else LONGEST_PAUSE + 1
