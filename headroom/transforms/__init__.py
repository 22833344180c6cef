"""Compressors and other transforms. Pure: no I/O, clock, environment or globals."""
