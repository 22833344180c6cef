"""Compress, cache, retrieve: what is left out can be asked for again, byte for byte."""
