"""Headroom for LiteLLM: a callback for its proxy and its awaited calls, a wrapper for the calls that no callback sees.

The proxy names the callback in its configuration: `litellm_settings: callbacks: headroom_litellm.callback`.
"""

from __future__ import annotations

from functools import cache

try:
    import litellm as _framework  # noqa: F401 - asked for here, so that its absence is said in one sentence
except ImportError as e:
    raise ImportError("headroom_litellm needs LiteLLM: pip install 'headroom[litellm]'") from e

from headroom_litellm.install import install_litellm, uninstall_litellm
from headroom_litellm.logger import HeadroomLogger

__all__ = ["HeadroomLogger", "callback", "install_litellm", "uninstall_litellm"]

callback: HeadroomLogger
"""A logger with the settings of the environment (`HEADROOM_*`), made when it is first asked for."""


def __getattr__(name: str) -> HeadroomLogger:
    if name == "callback":
        return _callback()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@cache
def _callback() -> HeadroomLogger:
    return HeadroomLogger()
