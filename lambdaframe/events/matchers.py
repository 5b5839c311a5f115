"""What one field of an event may be: the operators of EventBridge's event patterns, as data.

Three questions are asked of them: whether a value fits; whether all that fits one fits another, so that the first is
narrower; whether nothing fits both. The last two are asked at registration, and answer yes only when it is sure.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from lambdaframe.events.globs import Glob, apart_globs, covers_glob, takes_text

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network


class Interval(NamedTuple):
    """Numbers from ``low`` to ``high``; ``with_low``, ``with_high``: the end itself, too."""

    low: Any
    with_low: bool
    high: Any
    with_high: bool


class Constant(NamedTuple):
    """True, false or null."""

    value: bool | None


class Network(NamedTuple):
    """IP addresses of a CIDR block, as texts."""

    block: "IPv4Network | IPv6Network"


class AnythingBut(NamedTuple):
    """A value, of whatever kind, that none of these takes."""

    these: "tuple[Matcher, ...]"


class Existence(Enum):
    """Any value, or none at all."""

    PRESENT = 1
    ABSENT = 2


Matcher: TypeAlias = Glob | Interval | Constant | Network | AnythingBut | Existence

Alternatives: TypeAlias = tuple[Matcher, ...]
"""Any of these."""


def is_number(value: object) -> bool:
    """Whether it is a number: a bool is none."""
    from decimal import Decimal

    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def takes(matcher: Matcher, value: Any) -> bool:
    """Whether a field's value fits: text, number, true, false or null."""
    if isinstance(matcher, Glob):
        return isinstance(value, str) and takes_text(matcher, value)
    if isinstance(matcher, Interval):
        return is_number(value) and _within(matcher, value)
    if isinstance(matcher, Constant):
        return value is matcher.value
    if isinstance(matcher, AnythingBut):
        return not any(takes(one, value) for one in matcher.these)
    if isinstance(matcher, Network):
        return isinstance(value, str) and _in_block(matcher, value)
    return matcher is Existence.PRESENT


def _within(interval: Interval, value: Any) -> bool:
    above = value >= interval.low if interval.with_low else value > interval.low
    return bool(above and (value <= interval.high if interval.with_high else value < interval.high))


def _in_block(network: Network, text: str) -> bool:
    from ipaddress import ip_address

    try:
        return ip_address(text) in network.block
    except ValueError:
        return False


def covers(wide: Matcher, narrow: Matcher) -> bool:
    """Whether surely every value that fits ``narrow`` fits ``wide``."""
    if isinstance(narrow, Existence) or isinstance(wide, Existence):
        return narrow is wide or (wide is Existence.PRESENT and narrow is not Existence.ABSENT)
    if isinstance(wide, AnythingBut):
        if isinstance(narrow, AnythingBut):
            return all(any(covers(left_out, one) for left_out in narrow.these) for one in wide.these)
        return all(apart(one, narrow) for one in wide.these)
    if isinstance(narrow, AnythingBut):
        return False
    if isinstance(wide, Glob) and isinstance(narrow, Glob):
        return covers_glob(wide, narrow)
    if isinstance(wide, Network):
        return _covers_block(wide, narrow)
    if isinstance(wide, Interval) and isinstance(narrow, Interval):
        return _ends(wide)[0] <= _ends(narrow)[0] and _ends(narrow)[1] <= _ends(wide)[1]
    return wide == narrow


def _covers_block(wide: Network, narrow: Matcher) -> bool:
    if isinstance(narrow, Network):
        one: Any = narrow.block
        return one.version == wide.block.version and bool(one.subnet_of(wide.block))
    return isinstance(narrow, Glob) and _is_exact(narrow) and _in_block(wide, narrow.parts[0])


def _ends(interval: Interval) -> tuple[tuple[Any, int], tuple[Any, int]]:
    """Both ends, to be compared: an end that is left out is a little further in."""
    return (interval.low, 0 if interval.with_low else 1), (interval.high, 0 if interval.with_high else -1)


def _is_exact(matcher: Glob) -> bool:
    """Whether it takes one text only."""
    return len(matcher.parts) == 1 and not matcher.fold


def apart(one: Matcher, other: Matcher) -> bool:
    """Whether surely no value fits both."""
    if isinstance(one, Existence) or isinstance(other, Existence):
        return (one is Existence.ABSENT) != (other is Existence.ABSENT)
    if isinstance(one, AnythingBut) or isinstance(other, AnythingBut):
        if isinstance(other, AnythingBut):
            one, other = other, one
        assert isinstance(one, AnythingBut)
        return not isinstance(other, AnythingBut) and any(covers(left_out, other) for left_out in one.these)
    if isinstance(one, Network) or isinstance(other, Network):
        return _apart_blocks(one, other)
    if isinstance(one, Glob) and isinstance(other, Glob):
        return apart_globs(one, other)
    if isinstance(one, Interval) and isinstance(other, Interval):
        return _ends(one)[0] > _ends(other)[1] or _ends(other)[0] > _ends(one)[1]
    return one != other


def _apart_blocks(one: Matcher, other: Matcher) -> bool:
    if isinstance(other, Network):
        one, other = other, one
    assert isinstance(one, Network)
    if isinstance(other, Network):
        block: Any = other.block
        return block.version != one.block.version or not block.overlaps(one.block)
    return not isinstance(other, Glob) or (_is_exact(other) and not _in_block(one, other.parts[0]))
