"""The elements of a JSON document in one line that hold the words of a query, verbatim as they are spelled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

MAX_DEPTH = 8
"""Levels of containers that are searched for the smallest fitting elements."""

SMALL = 400
"""Elements up to this many characters are shown whole."""

Fits = Callable[[str], bool]
"""Says whether a text in lower case is asked for."""


def fitting_elements(text: str, words: Sequence[str]) -> str | None:
    """Return the elements of an array or object that hold all of the words, else any of them.

    None if the text is no such document, or if no element fits.
    """
    kind = text.lstrip()[:1]
    if kind not in ("[", "{"):
        return None
    raw = text.strip()
    found = _shown(raw, lambda lowered: all(word in lowered for word in words), MAX_DEPTH)
    return found or _shown(raw, lambda lowered: any(word in lowered for word in words), MAX_DEPTH)


def _shown(raw: str, fits: Fits, depth: int) -> str | None:
    """Return the fitting part of one container, None if there is none."""
    if raw[:1] == "[":
        return _of_array(raw, fits, depth)
    return _of_object(raw, fits, depth)


def _of_array(raw: str, fits: Fits, depth: int) -> str | None:
    elements = _decoded(raw, list[msgspec.Raw])
    if elements is None:
        return None
    rows: list[str] = []
    hidden = shown = 0
    for number, element in enumerate(elements):
        spelled = bytes(element).decode()
        if not _holds(spelled, fits):
            continue
        rows += _gap(hidden, number, len(elements))
        rows.append(_smallest(spelled, fits, depth))
        hidden, shown = number + 1, shown + 1
    return "\n".join([*rows, *_gap(hidden, len(elements), len(elements))]) if shown else None


def _of_object(raw: str, fits: Fits, depth: int) -> str | None:
    members = _decoded(raw, dict[str, msgspec.Raw])
    if members is None:
        return None
    rows: list[str] = []
    for key, value in members.items():
        spelled = bytes(value).decode()
        name = msgspec.json.encode(key).decode()
        if fits(key.casefold()):
            rows.append(f"{name}: {spelled}")
        elif _holds(f"{name}: {spelled}", fits):
            part = _smallest(spelled, fits, depth)
            rows.append(f"{name}: {part}" if part is spelled else f"{name}:\n{part}")
    left = len(members) - len(rows)
    note = [f"[{left} of {len(members)} keys not shown]"] if left else []
    return "\n".join([*rows, *note]) if rows else None


def _smallest(spelled: str, fits: Fits, depth: int) -> str:
    """Return a small element whole; of a large container only what fits."""
    if len(spelled) <= SMALL or depth == 0 or spelled[:1] not in ("[", "{"):
        return spelled
    return _shown(spelled, fits, depth - 1) or spelled


def _holds(spelled: str, fits: Fits) -> bool:
    """Say whether an element fits as it is spelled, or as it reads once its escapes are resolved."""
    if fits(spelled.casefold()):
        return True
    if "\\" not in spelled:
        return False
    value = _decoded(spelled, Any)
    return value is not None and fits(msgspec.json.encode(value).decode().casefold())


def _decoded(raw: str, kind: Any) -> Any:
    try:
        return msgspec.json.decode(raw.encode(), type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _gap(start: int, end: int, total: int) -> list[str]:
    return [f"[elements {start + 1}-{end} of {total} not shown]"] if end > start else []
