"""Which fields say that something failed: by the field's name and its whole value, never by words within a text.

A text that merely speaks of errors, or shouts, is no failure; a status that reads `failed`, a code of 503 or a flag
`ok` that is false are.
"""

from __future__ import annotations

import re
from functools import lru_cache

_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STATES = _words(
    "status state level severity lvl loglevel outcome conclusion result results health phase condition verdict"
    " type kind reason"
)
_FAILED = _words(
    "error errors err errored fatal critical crit severe alert emergency emerg panic fail failed failure failing alarm"
    " down unhealthy degraded offline crashed crashloopbackoff imagepullbackoff oomkilled evicted timeout timedout"
    " cancelled canceled aborted rejected denied broken dead lost unreachable expired overdue blocked warn warning"
    " insufficientdata xpassed notok unavailable"
)
_CODES = frozenset({"code", "status"})
_EXITS = frozenset({"exitcode", "exitstatus", "returncode", "retcode", "rc"})
_GOOD = _words("success successful succeeded ok passed healthy valid ready available")
_BAD = _words("failed failure error errors iserror crashed timedout unhealthy exception oomkilled")
_ERRORS = _words("error errors exception exceptions traceback longrepr failure stderr errormessage")
_NOTHING = frozenset({"", "null", "none", "false", "0", "[]", "{}", "-", "n/a"})
_LONGEST = 24
_LONGEST_PATH = 80
_HTTP = re.compile(r"[45]\d\d")


class FailureField:
    """What a field of this name tells: whether one of its values means failure."""

    __slots__ = ("_codes", "_errors", "_exits", "_flags", "_states")

    def __init__(self, path: str) -> None:
        """Take the field's path; a state may stand one level below its name (`state.name`)."""
        *above, name = path.split(".")
        words = [word.lower() for word in _TOKEN.findall(name)]
        last, whole = words[-1] if words else "", "".join(words)
        self._states = not _STATES.isdisjoint([*words, *map(str.lower, above[-1:])])
        self._codes = last in _CODES
        self._exits = whole in _EXITS
        self._errors = last in _ERRORS or whole in _ERRORS
        self._flags = ("false",) * (last in _GOOD) + ("true",) * (last in _BAD or whole in _BAD)

    @property
    def tells(self) -> bool:
        """Say whether a field of this name can tell of a failure at all."""
        return self._states or self._codes or self._exits or self._errors or bool(self._flags)

    def failed(self, value: str) -> bool:
        """Say whether the value means failure."""
        if value.lower() in self._flags:
            return True
        if self._errors and value.lower() not in _NOTHING:
            return True
        if self._exits:
            return value not in _NOTHING and value.lstrip("-").isdigit()
        if self._codes and _HTTP.fullmatch(value):
            return True
        return self._states and len(value) <= _LONGEST and "".join(_TOKEN.findall(value)).lower() in _FAILED


def failure_field(path: str) -> FailureField:
    """Return what the field tells; names come again in row after row."""
    return _field(path[-_LONGEST_PATH:])


_field = lru_cache(maxsize=1024)(FailureField)
