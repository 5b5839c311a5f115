"""Captured events with parts dropped, nulled, retyped, nested, lengthened or spoiled: whatever JSON can say.

``json.loads``, which Lambda's runtime uses, also gives lone surrogates, integers of any size, infinities and NaN.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from hypothesis import strategies as st

from lambdaframe_adapters._json import ARRAY, OBJECT

Way: TypeAlias = tuple[Any, ...]
"""The keys and indices that lead to a part of an event."""


def places(value: Any, way: Way = ()) -> Iterator[Way]:
    """The way to every part below the value."""
    steps: Any = value if isinstance(value, OBJECT) else range(len(value)) if isinstance(value, ARRAY) else ()
    for step in steps:
        yield (*way, step)
        yield from places(value[step], (*way, step))


def _deep(levels: int) -> Any:
    value: Any = "bottom"
    for _ in range(levels):
        value = [value]
    return value


ODD_TEXTS: Final = [
    *("", " ", "\0", "\r\nx-injected: 1", "\ud800", "a\udfffb", "\x85", "\u2028", "é", "😀", "İ", "\u017f", "\u212a"),
    *("..", "/", "//", "/../", "/%2e%2e/", "/a/%00", "%", "%zz", "%ff", "/%ff", "*", "?", "#", "/?a", "/#a", "\\"),
    *("a:b:c", "[::1]", "[::1", "host:", "host:99999", ":80", "@", "-1", "0", "99999999999999999999", "nan", "1e999"),
    *("!!!", "YQ", "YQ==YQ==", "YQ=\n=", "====", "2.0", "1.0", "9.9", "true", "null", "{}", "[" * 5000),
    *("a" * 20_000, "é" * 10_000, "/" * 10_000, "%61" * 5_000, "=&" * 5_000, ",".join("a" * 5_000)),
]
ODD_NUMBERS: Final = [0, -1, 2**31, 2**63, -(2**64), 10**400, 0.5, -0.0, 1e308, float("inf"), float("nan")]
ODD_SHAPES: Final[list[Any]] = [
    *(None, True, False, {}, [], {"": None}, {"": ""}, [None], [[]], [{}], [""], {"\ud800": "\ud800"}, _deep(500)),
    *({"host": ["a", "b"]}, {"Host": None, "host": "x"}, ["a"] * 1000, {f"k{n}": "v" for n in range(1000)}),
]

oddities: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(ODD_SHAPES),
    st.sampled_from(ODD_TEXTS),
    st.sampled_from(ODD_NUMBERS),
    st.text(max_size=8),
    st.lists(st.none() | st.text(max_size=4) | st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=4), st.none() | st.text(max_size=4) | st.integers(), max_size=3),
)


def _retyped(value: Any) -> Any:
    """The same said in another type."""
    if isinstance(value, str):
        return float(value) if value.isdecimal() else list(value[:50])
    if isinstance(value, OBJECT):
        return list(value.items())
    if isinstance(value, ARRAY):
        return {str(index): one for index, one in enumerate(value)}
    return str(value)


def _lengthened(value: Any) -> Any:
    if isinstance(value, str):
        return value * (1 + 10_000 // max(1, len(value)))
    if isinstance(value, ARRAY):
        return value * (1 + 1_000 // max(1, len(value)))
    if isinstance(value, OBJECT) and len(value) < 100:
        return value | {f"{key}-{n}": copy.deepcopy(one) for n in range(20) for key, one in value.items()}
    return 10**400


def _recased(value: Any) -> Any:
    if isinstance(value, str):
        return value.swapcase()
    if isinstance(value, OBJECT):
        return {key.swapcase(): one for key, one in value.items()} | value
    return value


CHANGES: Final[Mapping[str, Callable[[Any], Any]]] = {
    "null": lambda value: None,
    "retype": _retyped,
    "nest in a list": lambda value: [value],
    "nest in an object": lambda value: {"value": value},
    "lengthen": _lengthened,
    "recase": _recased,
    "empty": lambda value: type(value)() if isinstance(value, (str, ARRAY, OBJECT)) else 0,
    "surrogate": lambda value: f"{value}\ud800",
    "line break": lambda value: f"{value}\r\nx-injected: 1",
    "NUL": lambda value: f"{value}\0",
}


@st.composite
def mutated(draw: st.DrawFn, event: Any) -> Any:
    """A copy of the event with one to four parts changed."""
    changed = copy.deepcopy(event)
    for _ in range(draw(st.integers(1, 4))):
        ways = list(places(changed))
        if not ways:
            break
        *way, last = draw(st.sampled_from(ways))
        part: Any = changed
        for step in way:
            part = part[step]
        how = draw(st.sampled_from(["drop", "replace", "add", *CHANGES]))
        if how == "drop":
            del part[last]
        elif how == "replace":
            part[last] = copy.deepcopy(draw(oddities))
        elif how == "add":
            new = copy.deepcopy(draw(oddities))
            if isinstance(part, OBJECT):
                part[draw(st.sampled_from(ODD_TEXTS) | st.text(max_size=5))] = new
            else:
                part.insert(last, new)
        else:
            part[last] = CHANGES[how](part[last])
    return changed
