"""Objects told by earlier ones: `{"...":"A","id":7}` is the object marked `"#":"A"`, with another `id`.

An object is marked where it stands first, whole, if others with the same keys follow; those give only what
differs. A field that stands within addresses of its object changes there too: if A has `"login":"ann"` and
`"url":"https://x.org/ann"`, then `{"...":"A","login":"bob"}` has `"url":"https://x.org/bob"`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from headroom.transforms.coding.budget import Budget
from headroom.transforms.coding.json_text import CONTAINERS, Pairs, Value, children, text_of
from headroom.transforms.coding.references import References, Template, template_for

Shape = tuple[str, ...]
"""The keys of an object, in order."""

_LEAST_KEYS = 3
_MAX_CHANGED = 0.67
_REMEMBERED = 4
_LEAST_SOURCE = 3
_LONGEST_ADDRESS = 400
_COST_OF_MEMBER = 8


@dataclass(frozen=True, slots=True)
class Marks:
    """The two keys that carry our marks; longer ones where the original uses these itself."""

    label: str = "#"
    like: str = "..."

    @classmethod
    def unused_in(cls, shapes: Iterable[Shape]) -> Marks:
        """Return marks that are no keys of objects of these shapes."""
        keys = {key for shape in shapes for key in shape}
        marks = cls()
        while marks.label in keys or marks.like in keys:
            marks = cls(marks.label + "#", marks.like + ".")
        return marks


def shapes_in(value: Value) -> Counter[Shape]:
    """Count the objects within a value by their keys."""
    shapes: Counter[Shape] = Counter()
    stack = [value]
    while stack:
        node = stack.pop()
        if type(node) is dict:
            shapes[tuple(node)] += 1
        elif type(node) is Pairs:
            shapes[tuple([key for key, _ in node])] += 1
        stack += [inner for inner in children(node) if type(inner) in CONTAINERS]
    return shapes


class Prototype:
    """An object that others are told by."""

    def __init__(self, node: dict[str, Value]) -> None:
        self.node = node

    @cached_property
    def addresses(self) -> dict[str, Template]:
        """The addresses of the object as templates over its other fields."""
        texts = {key: text for key, item in self.node.items() if (text := text_of(item)) and ">" not in key}
        sources = {key: text for key, text in texts.items() if len(text) >= _LEAST_SOURCE}
        references = References(texts)
        found: dict[str, Template] = {}
        for key in sorted(texts, key=lambda name: len(texts[name])):
            text = texts[key]
            if type(self.node[key]) is not str or ":" not in text or len(text) > _LONGEST_ADDRESS:
                continue
            known = {name: other for name, other in sources.items() if len(other) < len(text)}
            template = Template(template_for(text, known) or "", references)
            if template.names and template.fill(texts) == text:
                found[key] = template
                sources.pop(key, None)
        return found

    def with_fields(self, given: dict[str, Value], budget: Budget | None = None) -> dict[str, Value]:
        """Return the object with these fields, addresses adapted. Raises ValueError on a spent budget."""
        result = self.node | given
        if given:
            for key, template in self.addresses.items():
                if key not in given and not given.keys().isdisjoint(template.names):
                    texts = {name: text_of(result[name]) for name in template.names}
                    if budget is not None:
                        budget.spend(sum([len(texts[name]) for name in template.names]))
                    result[key] = template.fill(texts)
        return result

    def differences(self, node: dict[str, Value], changed: list[str]) -> list[str]:
        """Return the fewest keys from which `with_fields` makes `node`; in `changed` the two are different."""
        told = {key: node[key] for key in changed if key not in self.addresses}
        adapted = self.with_fields(told)
        return [key for key in node if key in told or (key in self.addresses and adapted[key] != node[key])]


@dataclass(slots=True)
class _Numbered:
    """An object with numbered members: equal values have equal numbers."""

    node: dict[str, Value]
    members: list[Any]
    numbers: tuple[int, ...]


@dataclass(slots=True)
class _Written:
    """An object as it was written, and the objects told by it."""

    prototype: Prototype
    numbers: tuple[int, ...]
    members: dict[str, Value]
    order: int
    followers: list[dict[str, Value]] = field(default_factory=list)


class Teller:
    """Rewrites one value; `references` counts the objects told by others."""

    def __init__(self, value: Value) -> None:
        """Prepare to rewrite this value."""
        shapes = shapes_in(value)
        self._value = value
        self._has_families = any(count > 1 and len(keys) >= _LEAST_KEYS for keys, count in shapes.items())
        self.marks = Marks.unused_in(shapes)
        self.references = 0
        self._numbers: dict[object, int] = {}
        self._families: dict[Shape, list[_Written]] = {}
        self._count = 0

    def told(self) -> Value:
        """Return the value with objects told by earlier ones."""
        if not self._has_families:
            return self._value
        result = self._write(self._numbered(self._value)[0])
        everyone = sorted((one for family in self._families.values() for one in family), key=lambda one: one.order)
        for one in everyone:
            if not one.followers:
                del one.members[self.marks.label]
        for index, one in enumerate(one for one in everyone if one.followers):
            one.members[self.marks.label] = _name(index)
            for follower in one.followers:
                follower[self.marks.like] = _name(index)
            self.references += len(one.followers)
        return result

    def _numbered(self, value: Value) -> tuple[Any, int]:
        """Return the value with its objects numbered, and the number of the value itself."""
        kind = type(value)
        if kind is list:
            items, numbers = self._numbered_all(value)
            return items, self._number((kind, *numbers))
        if kind is dict:
            items, numbers = self._numbered_all(value.values())
            return _Numbered(value, items, numbers), self._number((*value, numbers))
        return value, self._number((kind, repr(value)) if kind is Pairs else value)

    def _numbered_all(self, values: Iterable[Value]) -> tuple[list[Any], tuple[int, ...]]:
        """Return the values with their objects numbered, and their own numbers."""
        known = self._numbers
        items, numbers = [], []
        for value in values:
            if type(value) in CONTAINERS:
                item, number = self._numbered(value)
            else:
                item, number = value, known.setdefault(value, len(known))
            items.append(item)
            numbers.append(number)
        return items, tuple(numbers)

    def _number(self, key: object) -> int:
        return self._numbers.setdefault(key, len(self._numbers))

    def _write(self, value: Any) -> Value:
        if type(value) is list:
            return [self._write(item) for item in value]
        if type(value) is not _Numbered:
            return value
        keys = tuple(value.node)
        if len(keys) < _LEAST_KEYS:
            return {key: self._write(item) for key, item in zip(keys, value.members, strict=True)}
        family = self._families.setdefault(keys, [])
        written: dict[str, Value] = {self.marks.label: ""}
        given = self._follow(value, family, written)
        for key, item in zip(keys, value.members, strict=True):
            if key in given:
                written[key] = self._write(item)
        if given and len(family) < _REMEMBERED:
            self._count += 1
            family.append(_Written(Prototype(value.node), value.numbers, written, self._count))
        else:
            del written[self.marks.label]
        return written

    def _follow(self, value: _Numbered, family: list[_Written], written: dict[str, Value]) -> frozenset[str]:
        """Tell the object by the one of its family that it is most like; return the keys that are to be given."""
        nearest, changed = None, list(value.node)
        for one in family:
            pairs = zip(value.node, one.numbers, value.numbers, strict=True)
            different = [key for key, old, new in pairs if old != new]
            if len(different) < len(changed) or nearest is None:
                nearest, changed = one, different
        if nearest is not None:
            changed = nearest.prototype.differences(value.node, changed)
            if len(changed) <= _MAX_CHANGED * len(value.node):
                written[self.marks.like] = ""
                nearest.followers.append(written)
                return frozenset(changed)
        return frozenset(value.node)


def _name(index: int) -> str:
    """Return the label of the index: A to Z, then A1 to Z1, and so on."""
    turn, letter = divmod(index, 26)
    return chr(ord("A") + letter) + (str(turn) if turn else "")


class Listener:
    """Restores a value that a `Teller` has rewritten."""

    def __init__(self, marks: Marks, budget: Budget) -> None:
        self._marks, self._budget = marks, budget
        self._labelled: dict[str, Prototype] = {}

    def untold(self, value: Value) -> Value:
        """Return the value as it was. Raises ValueError if a label is missing or the budget is spent."""
        result = self._expanded(value)
        self._weigh(result)
        return result

    def _expanded(self, value: Value) -> Value:
        if type(value) is list:
            return [self._expanded(item) for item in value]
        if type(value) is not dict:
            return value
        members = {key: self._expanded(item) for key, item in value.items()}
        label, like = members.pop(self._marks.label, None), members.pop(self._marks.like, None)
        if like is not None:
            prototype = self._labelled.get(like) if type(like) is str else None
            if prototype is None or not members.keys() <= prototype.node.keys():
                raise ValueError("like an object that is not there")
            members = prototype.with_fields(members, self._budget)
        if type(label) is str:
            self._labelled[label] = Prototype(members)
        return members

    def _weigh(self, value: Value) -> None:
        """Spend the budget on the whole value, in which objects may stand many times."""
        stack = [value]
        while stack:
            node = stack.pop()
            inner = children(node)
            self._budget.spend(len(node) if type(node) is str else _COST_OF_MEMBER * len(inner))
            stack.extend(inner)
