"""Edits on JSON values: the object twin of `wire.splice`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from headroom.blocks import Edit, JsonPath, Payload


def apply(payload: Payload, edits: Iterable[Edit]) -> Payload:
    """Return the payload with the edits made; containers on the way are copied, the rest is shared.

    The input is never mutated; without edits it is returned as it is.
    """
    fresh: dict[int, Any] = {}
    root: Any = payload
    for edit in edits:
        root = _set(root, edit.path, edit.value, fresh)
    result: Payload = root
    return result


def _set(root: Any, path: JsonPath, value: Any, fresh: dict[int, Any]) -> Any:
    """Set `value` at `path`, copying each container once; `fresh` keeps our copies alive and known."""
    if not path:
        return value
    root = node = _own(root, fresh)
    for key in path[:-1]:
        node[key] = _own(node[key], fresh)
        node = node[key]
    node[path[-1]] = value
    return root


def _own(node: Any, fresh: dict[int, Any]) -> Any:
    if id(node) in fresh:
        return node
    copy = node.copy()
    fresh[id(copy)] = copy
    return copy
