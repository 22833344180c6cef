"""What somebody changed in a payload, found by comparison, as the fewest and smallest edits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headroom.blocks import Edit, JsonPath


def changes(before: Any, after: Any, path: JsonPath = ()) -> Iterator[Edit]:
    """Yield edits that turn `before` into `after`.

    Values that differ in type differ (1, 1.0 and true are three values). An object whose keys changed, or a list
    whose length changed, is replaced as a whole. Bounded by the depth of `before`.
    """
    if before is after:
        return
    if isinstance(before, dict) and isinstance(after, dict) and list(before) == list(after):
        for key, value in before.items():
            yield from changes(value, after[key], (*path, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, value in enumerate(before):
            yield from changes(value, after[index], (*path, index))
    elif type(before) is not type(after) or before != after:
        yield Edit(path, after)
