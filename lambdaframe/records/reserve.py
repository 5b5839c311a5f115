"""How much time is kept in reserve before the deadline."""

import math
from collections.abc import Callable
from typing import NamedTuple

from lambdaframe.invocation import Invocation

RESERVE = 1.0
"""Seconds before the deadline from which on nothing more is started, at least."""

RESERVE_FACTOR = 1.5
"""… or this many times what the slowest record so far has taken, if that is more."""


class Limit(NamedTuple):
    """A clock, the deadline by it and the seconds until then; without a deadline there is no clock."""

    clock: Callable[[], float] | None
    deadline: float
    remaining: Callable[[], float] | None

    def latest(self, slowest: float) -> float:
        """When the last record may start, if the slowest has taken so many seconds."""
        return self.deadline - max(RESERVE, RESERVE_FACTOR * slowest)


def limit(invocation: Invocation | None) -> Limit:
    """The limit of an invocation."""
    if invocation is None or invocation.deadline is None:
        return Limit(None, math.inf, None)
    # For each record remaining() would cost three times as much as its clock.
    clock = invocation.clock
    return Limit(clock.monotonic, invocation.deadline, invocation.remaining)
