"""Wire formats and vendor facts, as data where possible. No I/O."""

from headroom.providers.registry import WIRES, Wire, recognise

__all__ = ["WIRES", "Wire", "recognise"]
