"""Bytes: where a value stands in a JSON body, how to replace it, and server-sent events. No I/O."""
