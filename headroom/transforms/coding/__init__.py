"""Encodings that several compressors share: each a pure pair of functions, one that writes and one that reads."""
