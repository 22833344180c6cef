"""The order in which transforms run: the list's own, bent only where a transform declares a constraint."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from headroom.errors import ConfigError
from headroom.transforms.base import Transform


def in_order(transforms: Sequence[Transform]) -> tuple[Transform, ...]:
    """Sort by `before` and `after`; the list's order breaks ties. Raises ConfigError if they contradict."""
    places = {transform.name: place for place, transform in enumerate(transforms)}
    sorter: TopologicalSorter[int] = TopologicalSorter(dict.fromkeys(range(len(transforms)), ()))
    for place, transform in enumerate(transforms):
        for name in transform.after:
            if name in places:
                sorter.add(place, places[name])
        for name in transform.before:
            if name in places:
                sorter.add(places[name], place)
    try:
        sorter.prepare()
    except CycleError as error:
        names = " -> ".join(transforms[place].name for place in error.args[1])
        raise ConfigError(f"transforms: before and after contradict each other: {names}") from None
    return tuple(transforms[place] for place in _by_place(sorter))


def _by_place(sorter: TopologicalSorter[int]) -> list[int]:
    """Of the transforms that may come next always take the one that stands first in the list."""
    ready: list[int] = []
    done: list[int] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()])
        done.append(ready.pop(0))
        sorter.done(done[-1])
    return done
