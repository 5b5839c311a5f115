"""Event patterns: JSON that has the shape of the events it matches, with a list of alternatives for each field.

The language is EventBridge's, for every source. As there, values of an array are alternatives, and the conditions on
objects in an array are met by one of them; comparison is of leaves only, so that a field that holds an object does not
exist for ``exists``. Other than there, a number is compared as the number it is: 300 and 300.0 are the same.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias, cast

from lambdaframe.events.matchers import Alternatives, Existence, apart, covers, takes

Fields: TypeAlias = "Mapping[str, Alternatives | Fields]"
"""Conditions on the fields of an object, all of them to be met."""

_MISSING: Final[Any] = object()
_LIST: Final[type[Any]] = list


class Pattern:
    """What an event must be: any of ``cases``. Without a field a case is met by every event."""

    __slots__ = ("cases",)

    def __init__(self, cases: Iterable[Fields]) -> None:
        self.cases = tuple(cases)

    def matches(self, event: Any) -> bool:
        """Whether the event, any JSON value, is meant. Never raises."""
        each = _objects([event])
        return any(not case or any(_meets(case, one, each) for one in each or [{}]) for case in self.cases)

    def covers(self, other: "Pattern") -> bool:
        """Whether surely every event that ``other`` matches is matched by this one."""
        return all(any(_covers(wide, narrow) for wide in self.cases) for narrow in other.cases)

    def narrower(self, other: "Pattern") -> bool:
        """Whether it is the more specific of the two: a strict order, in which some have no place to each other."""
        return other.covers(self) and not self.covers(other)

    def apart(self, other: "Pattern") -> bool:
        """Whether surely no event is matched by both, as long as it has one value in each field, no array."""
        return all(_apart(one, another) for one in self.cases for another in other.cases)

    def same(self, other: "Pattern") -> bool:
        """Whether both surely match the same events."""
        return self.covers(other) and other.covers(self)


def _meets(fields: Fields, chosen: Mapping[str, Any], each: Sequence[Mapping[str, Any]]) -> bool:
    """Whether one object meets the conditions. ``each``: all objects that stand in its place, itself included: what
    must not exist exists in none of them."""
    for name, condition in fields.items():
        if isinstance(condition, tuple):
            if not _fits(condition, name, chosen, each):
                return False
            continue
        inside = _objects([chosen.get(name)])
        everywhere = inside if len(each) == 1 else _objects([one.get(name) for one in each])
        if not any(_meets(condition, one, everywhere) for one in inside or [{}]):
            return False
    return True


def _fits(alternatives: Alternatives, name: str, chosen: Mapping[str, Any], each: Sequence[Mapping[str, Any]]) -> bool:
    value = chosen.get(name, _MISSING)
    leaves = [value] if isinstance(value, str) else _leaves(value)
    if any(takes(matcher, leaf) for matcher in alternatives for leaf in leaves):
        return True
    return Existence.ABSENT in alternatives and not any(_leaves(one.get(name, _MISSING)) for one in each)


def _leaves(value: Any) -> list[Any]:
    """The value, or those in an array, however deep."""
    return [one for one in _flat([value]) if one is not _MISSING and not isinstance(one, dict)]


def _objects(values: list[Any]) -> list[Mapping[str, Any]]:
    """Those of the values that are objects, or in an array of them."""
    return [one for one in _flat(values) if isinstance(one, dict)]


def _flat(values: list[Any]) -> list[Any]:
    """Without arrays in it: an event may nest them deeper than Python's stack is."""
    found: list[Any] = []
    todo = values[::-1]
    while todo:
        value = todo.pop()
        if isinstance(value, _LIST):
            todo.extend(value[::-1])
        else:
            found.append(value)
    return found


def _covers(wide: Fields, narrow: Fields) -> bool:
    for name, condition in wide.items():
        other = narrow.get(name)
        if isinstance(condition, tuple):
            if not isinstance(other, tuple) or not all(any(covers(one, it) for one in condition) for it in other):
                return False
        elif other is None or isinstance(other, tuple) or not _covers(condition, other):
            return False
    return True


def _apart(one: Fields, other: Fields) -> bool:
    for name, condition in one.items():
        another = other.get(name)
        if another is None or isinstance(another, tuple) != isinstance(condition, tuple):
            continue
        if isinstance(condition, tuple):
            if all(apart(left, right) for left in condition for right in cast("Alternatives", another)):
                return True
        elif _apart(condition, cast("Fields", another)):
            return True
    return False
