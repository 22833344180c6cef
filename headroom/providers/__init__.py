"""Wire formats and vendor facts, as data where possible. No I/O."""

from headroom.providers.registry import WIRES, recognise
from headroom.providers.wire import Usage, Wire

__all__ = ["WIRES", "Usage", "Wire", "recognise"]
