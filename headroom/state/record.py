"""How an entry is addressed, and how its value lies at rest: short where that helps, and never wrong."""

from __future__ import annotations

import hashlib
import zlib

DIGEST_BYTES = 16
OVERHEAD_BYTES = 400
"""What an entry costs besides its value, on average: address, digest, place in the indexes."""

_WORTH_PACKING = 1024
_FASTEST = 1
_PLAIN, _ZLIB = b"\0", b"\1"


def address_of(tenant: str, kind: str, key: str) -> bytes:
    """Return the one spelling of an entry's place, tenant first.

    The parts are netstrings (https://cr.yp.to/proto/netstrings.txt): whatever they hold, no two places are spelled
    alike, so no choice of key reaches into another tenant.
    """
    return b"".join(_netstring(part.encode("utf-8", "surrogatepass")) for part in (tenant, kind, key))


def digest_of(address: bytes, value: bytes) -> bytes:
    """Return the digest of a value at its place: a value that strays to another place does not fit there."""
    digest = hashlib.blake2b(_netstring(address), digest_size=DIGEST_BYTES)
    digest.update(value)
    return digest.digest()


def pack(value: bytes) -> bytes:
    """Return the value as it is kept: one byte that names the form, then the form."""
    if len(value) > _WORTH_PACKING:
        packed = zlib.compress(value, _FASTEST)
        if len(packed) < len(value):
            return _ZLIB + packed
    return _PLAIN + value


def unpack(address: bytes, digest: bytes, packed: bytes) -> bytes | None:
    """Return the value that was packed, or None if that is not what was kept here."""
    form, value = packed[:1], packed[1:]
    if form == _ZLIB:
        try:
            value = zlib.decompress(value)
        except zlib.error:
            return None
    elif form != _PLAIN:
        return None
    return value if digest_of(address, value) == digest else None


def cost_of(packed: bytes) -> int:
    """Return the bytes that an entry is counted with."""
    return OVERHEAD_BYTES + len(packed)


def _netstring(part: bytes) -> bytes:
    return b"%d:%s," % (len(part), part)
