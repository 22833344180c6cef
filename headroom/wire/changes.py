"""What somebody changed in a payload, found by comparison, as the fewest and smallest edits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from headroom.blocks import Edit, JsonPath


def changes(before: Any, after: Any, path: JsonPath = ()) -> Iterator[Edit]:
    """Yield edits that turn `before` into `after`.

    Values that differ in type differ (1, 1.0 and true are three values). A list that grew at its end is appended
    to; an object whose keys changed, or a list that shrank, is replaced as a whole. Bounded by the depth of
    `before`.
    """
    if before is after:
        return
    steps = _shared_steps(before, after)
    if steps is not None:
        for step in steps:
            yield from changes(before[step], after[step], (*path, step))
        if isinstance(before, list):
            yield from (Edit(path, value, append=True) for value in after[len(before) :])
    elif type(before) is not type(after) or isinstance(before, (dict, list)) or before != after:
        yield Edit(path, after)


def _shared_steps(before: Any, after: Any) -> Iterable[Any] | None:
    """Return the steps into two containers of the same form; None if they are none, or not of the same form."""
    if isinstance(before, dict) and isinstance(after, dict) and list(before) == list(after):
        return before
    if isinstance(before, list) and isinstance(after, list) and len(before) <= len(after) and (before or not after):
        return range(len(before))
    return None
