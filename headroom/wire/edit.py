"""Edits on JSON values: the object twin of `wire.splice`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from headroom.blocks import Edit, Payload


def apply(payload: Payload, edits: Iterable[Edit]) -> Payload:
    """Return the payload with the edits made; containers on the way are copied, the rest is shared.

    The input is never mutated; without edits it is returned as it is.
    """
    fresh: dict[int, Any] = {}
    root: Any = payload
    for edit in edits:
        root = _set(root, edit, fresh)
    result: Payload = root
    return result


def _set(root: Any, edit: Edit, fresh: dict[int, Any]) -> Any:
    """Make one edit, copying each container on the way once; `fresh` keeps our copies alive and known."""
    path = edit.path
    if not path:
        return edit.value
    root = node = _own(root, fresh)
    for key in path[:-1]:
        node[key] = _own(node[key], fresh)
        node = node[key]
    node[path[-1]] = [*node[path[-1]], edit.value] if edit.append else edit.value
    return root


def _own(node: Any, fresh: dict[int, Any]) -> Any:
    if id(node) in fresh:
        return node
    copy = node.copy()
    fresh[id(copy)] = copy
    return copy
