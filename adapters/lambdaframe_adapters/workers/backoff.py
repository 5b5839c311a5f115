"""How long to wait before another try: longer each time, never the same for all.

https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
"""

import random
from collections.abc import Callable

Chance = Callable[[], float]
"""Gives a number from 0 to 1, such as ``random.random``."""


def backoff(attempt: int, *, first: float, longest: float, chance: Chance = random.random) -> float:
    """Seconds before try number ``attempt`` + 1, where ``attempt`` (1 and up) have failed.

    Between half of it and all of it: ``first``, doubled for each attempt but the first, and at most ``longest``.
    """
    whole = min(longest, first * 2.0 ** min(max(attempt, 1) - 1, 32))
    return whole * (0.5 + 0.5 * chance())
