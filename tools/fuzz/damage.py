"""Damage by chance: JSON written otherwise or wrongly, bytes flipped and cut. The same seed does the same damage."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

ODD_VALUES = (
    *("null", "true", "false", "0", "-0", "1.0", "1E5", "1e-7", "1e400", "-1", "9" * 40, "0.1000", "NaN", "Infinity"),
    *('""', '"x"', '"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"\\u0000"', '"a\\/b"', '"\\x"', "'x'", '"'),
    *("[]", "{}", "[[]]", "[null]", "[0, 1.5]", '{"": 0}', '{"type": "text"}', '{"type": 1, "text": "x"}', "/* */"),
)
"""Values that stand where something else is expected; some are no JSON."""

ODD_KEYS = ("", "type", "role", "content", "text", "name", "id", "index", "input", "parts", "output", "\u0000", "é")

_ODD_BYTES = (
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\r",
    b"\n",
    b"\r\n",
    b"\n\n",
    b'"',
    b"\\",
    b":",
    b",",
)
_SPACE = ("", "", "", " ", "\n", "\t ", "\r\n  ")
_DEPTHS = (2, 30, 510, 3_000)
_MOST_PIECES = 24


class Writer:
    """Writes JSON values as text. With the chance `rate`, each value, member or element is damaged."""

    def __init__(self, r: Random, rate: float) -> None:
        self._r = r
        self._rate = rate
        self._is_ascii = r.random() < 0.5
        self._space = r.choice(_SPACE)

    def write(self, value: Any) -> str:
        """Return a value as text; it need not be valid any more."""
        if self._r.random() < self._rate:
            return self._damaged(value)
        return self._plain(value)

    def _plain(self, value: Any) -> str:
        if isinstance(value, dict):
            return "{" + self._joined([f"{self._string(key)}:{self.write(one)}" for key, one in value.items()]) + "}"
        if isinstance(value, list):
            return "[" + self._joined([self.write(one) for one in value]) + "]"
        return self._string(value) if isinstance(value, str) else json.dumps(value)

    def _string(self, text: str) -> str:
        return json.dumps(text, ensure_ascii=self._is_ascii)

    def _joined(self, parts: list[str]) -> str:
        if parts and self._r.random() < self._rate:
            _shuffled(self._r, parts, lambda: f"{json.dumps(self._r.choice(ODD_KEYS))}:{self._r.choice(ODD_VALUES)}")
        return self._space + f",{self._space}".join(parts)

    def _damaged(self, value: Any) -> str:
        kind = self._r.randrange(6)
        if kind == 0:
            return self._r.choice(ODD_VALUES)
        if kind == 1:
            depth = self._r.choice(_DEPTHS)
            return "[" * depth + self._plain(value) + "]" * depth
        if kind == 2:
            return self._string(self._plain(value))
        if kind == 3:
            return f'[{self._plain(value)}, {{"type": "text", "text": {self._plain(value)}}}]'
        return self._odd_string(value) if isinstance(value, str) else self._plain(value)

    def _odd_string(self, text: str) -> str:
        """Return a string spelled otherwise, or another one."""
        kind = self._r.randrange(3)
        if kind == 0:
            return '"' + "".join(f"\\u{unit:04X}" for unit in _utf16(text[:400])) + '"'
        if kind == 1:
            return self._string(text).replace("/", "\\/")
        return self._string(damaged_text(self._r, text))


def _utf16(text: str) -> list[int]:
    data = text.encode("utf-16-le", "surrogatepass")
    return [low | high << 8 for low, high in zip(data[::2], data[1::2], strict=True)]


def _shuffled(r: Random, parts: list[Any], made: Callable[[], Any]) -> None:
    """Leave one out, put one twice or elsewhere, or put a new one in."""
    at, kind = r.randrange(len(parts)), r.randrange(4)
    if kind == 0:
        del parts[at]
    elif kind == 1:
        parts.insert(r.randrange(len(parts) + 1), parts[at])
    elif kind == 2:
        parts.insert(r.randrange(len(parts)), parts.pop(at))
    else:
        parts.insert(at, made())


def damaged_text(r: Random, text: str) -> str:
    """Return a text with lines gone, doubled, moved or broken."""
    lines = text.split("\n")
    for _ in range(r.choice((1, 1, 2, 8))):
        if lines:
            _shuffled(
                r, lines, lambda: r.choice(lines)[: r.randrange(40)] + chr(r.choice((0, 9, 13, 27, 133, 8232, 65279)))
            )
    return "\n".join(lines)


def damaged_bytes(r: Random, data: bytes) -> bytes:
    """Return bytes with a few flipped, cut out, doubled or put in."""
    damaged = bytearray(data)
    for _ in range(r.choice((1, 1, 2, 5))):
        at, kind, length = r.randrange(len(damaged) + 1), r.randrange(5), r.choice((1, 2, 9, 200))
        if kind == 0:
            del damaged[at : at + length]
        elif kind == 1:
            damaged[at:at] = damaged[at : at + length]
        elif kind == 2:
            damaged[at:at] = r.choice(_ODD_BYTES)
        elif kind == 3 and at < len(damaged):
            damaged[at] ^= 1 << r.randrange(8)
        elif r.random() < 0.3:
            del damaged[at:]
    return bytes(damaged)


def pieces(r: Random, data: bytes) -> list[bytes]:
    """Return bytes cut at places of chance; now and then into single bytes, or with empty pieces between."""
    if len(data) < 400 and r.random() < 0.1:
        return [data[at : at + 1] for at in range(len(data))] or [b""]
    places = sorted(r.randrange(len(data) + 1) for _ in range(r.randrange(_MOST_PIECES)))
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


def written(r: Random, value: Any) -> bytes:
    """Return a value as JSON bytes that are damaged in one way, in several, or not at all."""
    rate = r.choice((0.0, 0.002, 0.002, 0.01, 0.05))
    data = Writer(r, rate).write(value).encode("utf-8", "surrogatepass")
    return damaged_bytes(r, data) if r.random() < 0.15 else data
