"""From a pattern as it is written to the pattern that is matched. Mistakes are found here, at registration.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from collections.abc import Callable, Mapping
from itertools import product
from math import inf
from typing import Any, Final

from lambdaframe.errors import ConfigurationError
from lambdaframe.events.globs import Glob, glob
from lambdaframe.events.matchers import (
    Alternatives,
    AnythingBut,
    Constant,
    Existence,
    Interval,
    Matcher,
    Network,
    is_number,
)
from lambdaframe.events.patterns import Fields, Pattern

_OBJECT: Final[type[Any]] = dict
_LIST: Final[type[Any]] = list

CASES: Final = 1000
"""How many cases the ``$or`` of one pattern may make."""


def read_pattern(written: Any, where: str) -> Pattern:
    """``where``: what it belongs to, for messages. An empty object matches every event.

    Raises ConfigurationError for what is no pattern.
    """
    if isinstance(written, _OBJECT) and not written:
        return Pattern([{}])
    return Pattern(_cases(written, _Place(where)))


class _Place:
    """Where in the pattern we are."""

    def __init__(self, where: str, path: tuple[str, ...] = ()) -> None:
        self._where = where
        self._path = path

    def __truediv__(self, name: str) -> "_Place":
        return _Place(self._where, (*self._path, name))

    def wrong(self, said: str) -> ConfigurationError:
        at = f" at '{'.'.join(self._path)}'" if self._path else ""
        return ConfigurationError(f"{self._where}: the pattern{at} {said}")


def _cases(written: Any, place: _Place) -> list[Fields]:
    if not isinstance(written, _OBJECT) or not written:
        raise place.wrong(f"is an object of fields and what they may be, not {written!r}.")
    factors: list[list[Fields]] = []
    for name, condition in written.items():
        if not isinstance(name, str):
            raise place.wrong(f"has a field {name!r}: names are texts.")
        factors.append(_factor(name, condition, place / name))
    cases: list[Fields] = [{}]
    for factor in factors:
        if len(cases) * len(factor) > CASES:
            raise place.wrong(f"has more than {CASES} cases: write several handlers.")
        cases = [_merged(one, other, place) for one, other in product(cases, factor)]
    return cases


def _factor(name: str, condition: Any, place: _Place) -> list[Fields]:
    """The cases that one field makes."""
    if name == "$or":
        if not isinstance(condition, _LIST) or len(condition) < 2:
            raise place.wrong("is a list of two patterns or more.")
        return [case for one in condition for case in _cases(one, place)]
    if isinstance(condition, _OBJECT):
        return [{name: inside} for inside in _cases(condition, place)]
    return [{name: _alternatives(condition, place)}]


def _merged(one: Fields, other: Fields, place: _Place) -> Fields:
    merged = dict(one)
    for name, condition in other.items():
        there = merged.get(name)
        if there is None:
            merged[name] = condition
        elif isinstance(there, tuple) or isinstance(condition, tuple):
            raise (place / name).wrong("is said twice, here and in '$or'.")
        else:
            merged[name] = _merged(there, condition, place / name)
    return merged


def _alternatives(written: Any, place: _Place) -> Alternatives:
    if not isinstance(written, _LIST):
        raise place.wrong(f"is a list, as in [{written!r}].")
    if not written:
        raise place.wrong("is an empty list, which nothing matches.")
    return tuple(_matcher(one, place) for one in written)


def _matcher(written: Any, place: _Place) -> Matcher:
    if not isinstance(written, _OBJECT):
        return _value(written, place)
    members: dict[Any, Any] = written
    read = _OPERATORS.get(next(iter(members), None)) if len(members) == 1 else None
    if read is None:
        raise place.wrong(f"has {dict(members)!r}: one operator of {', '.join(_OPERATORS)} is expected.")
    return read(next(iter(members.values())), place)


def _value(written: Any, place: _Place) -> Matcher:
    if isinstance(written, str):
        return Glob((written,))
    if is_number(written) and written == written and abs(written) != inf:
        return Interval(written, True, written, True)
    if written is None or isinstance(written, bool):
        return Constant(written)
    raise place.wrong(f"has {written!r}: values are texts, numbers, true, false and null.")


def _text(written: Any, place: _Place, operator: str) -> str:
    if not isinstance(written, str) or not written:
        raise place.wrong(f"has {written!r} for '{operator}', which takes a text.")
    return written


def _prefix(written: Any, place: _Place) -> Matcher:
    text, fold = _folding(written, place, "prefix")
    return glob(text, "", fold=fold)


def _suffix(written: Any, place: _Place) -> Matcher:
    text, fold = _folding(written, place, "suffix")
    return glob("", text, fold=fold)


def _folding(written: Any, place: _Place, operator: str) -> tuple[str, bool]:
    """The text, and whether it stands in ``{"equals-ignore-case": …}``."""
    inside: Any = written
    if isinstance(inside, _OBJECT) and list(inside) == ["equals-ignore-case"]:
        return _text(inside["equals-ignore-case"], place, operator), True
    return _text(inside, place, operator), False


def _ignoring_case(written: Any, place: _Place) -> Matcher:
    if not isinstance(written, str):
        raise place.wrong(f"has {written!r} for 'equals-ignore-case', which takes a text.")
    return glob(written, fold=True)


def _wildcard(written: Any, place: _Place) -> Matcher:
    text = _text(written, place, "wildcard")
    parts, at = [""], 0
    while at < len(text):
        here = text[at]
        if here == "\\":
            at += 1
            if text[at : at + 1] not in ("*", "\\"):
                raise place.wrong(f"has {text!r}: a backslash stands before '*' or a backslash.")
            parts[-1] += text[at]
        elif here != "*":
            parts[-1] += here
        elif at and not parts[-1] and len(parts) > 1:
            raise place.wrong(f"has {text!r}: one '*' after another says no more than one.")
        else:
            parts.append("")
        at += 1
    return Glob(tuple(parts))


def _exists(written: Any, place: _Place) -> Matcher:
    if not isinstance(written, bool):
        raise place.wrong(f"has {written!r} for 'exists', which takes true or false.")
    return Existence.PRESENT if written else Existence.ABSENT


def _cidr(written: Any, place: _Place) -> Matcher:
    from ipaddress import ip_network

    try:
        return Network(ip_network(_text(written, place, "cidr"), strict=False))
    except ValueError:
        raise place.wrong(f"has {written!r} for 'cidr', which takes a block such as '10.0.0.0/24'.") from None


def _numeric(written: Any, place: _Place) -> Matcher:
    """``["=", 5]``, or one or two bounds: ``[">", 0, "<=", 5]``."""
    said: list[Any] = written if isinstance(written, _LIST) else []
    pairs = dict(zip(said[::2], said[1::2], strict=False)) if all(isinstance(one, str) for one in said[::2]) else {}
    wrong = place.wrong(f"has {written!r} for 'numeric', which takes one value or range, as in ['>', 0, '<=', 5].")
    if len(said) not in {2, 4} or len(pairs) * 2 != len(said):
        raise wrong
    if not all(is_number(bound) and bound == bound and abs(bound) != inf for bound in pairs.values()):
        raise wrong
    low, high = [pairs.get(one) for one in (">", ">=")], [pairs.get(one) for one in ("<", "<=")]
    if list(pairs) == ["="]:
        return Interval(pairs["="], True, pairs["="], True)
    if not pairs.keys() <= {">", ">=", "<", "<="} or None not in low or None not in high:
        raise wrong
    least: Any = -inf if low == [None, None] else low[0] if low[1] is None else low[1]
    most: Any = inf if high == [None, None] else high[0] if high[1] is None else high[1]
    if least > most or (least == most and not (low[1] is not None and high[1] is not None)):
        raise place.wrong(f"has {written!r}: no number is in that range.")
    return Interval(least, low[1] is not None, most, high[1] is not None)


def _anything_but(written: Any, place: _Place) -> Matcher:
    """A value, a list of them, or one operator with a text or a list of them."""
    inside: Any = written
    if not isinstance(inside, _OBJECT):
        values: list[Any] = inside if isinstance(inside, _LIST) else [inside]
        if not values or not all(isinstance(one, str) or is_number(one) for one in values):
            raise place.wrong(f"has {written!r} for 'anything-but', which takes texts or numbers.")
        return AnythingBut(tuple(_value(one, place) for one in values))
    members: dict[Any, Any] = inside
    read = _LEFT_OUT.get(next(iter(members), None)) if len(members) == 1 else None
    if read is None:
        raise place.wrong(f"has {dict(members)!r} for 'anything-but': it takes {', '.join(_LEFT_OUT)} or values.")
    given = next(iter(members.values()))
    texts: list[Any] = given if isinstance(given, _LIST) and given else [given]
    return AnythingBut(tuple(read(one, place) for one in texts))


_Read = Callable[[Any, _Place], Matcher]

_LEFT_OUT: Final[Mapping[Any, _Read]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _ignoring_case,
    "wildcard": _wildcard,
}

_OPERATORS: Final[Mapping[Any, _Read]] = {
    **_LEFT_OUT,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "exists": _exists,
    "cidr": _cidr,
}
