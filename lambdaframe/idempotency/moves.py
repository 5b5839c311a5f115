"""A store's moves as callers make them: none is left half done by a cancellation, and how to wait for another's.

A move that is interrupted by a cancellation is made once more: every move may be repeated, and the store tells whether
the first one had arrived. So a lease that was granted to nobody is released, and a result that is known is recorded.
"""

import math
import random
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from lambdaframe.concurrency import cancelled_error, despite_cancellation
from lambdaframe.idempotency.heartbeat import sleep
from lambdaframe.idempotency.store import Notifying, Store
from lambdaframe.idempotency.transitions import Claim, Reply, Verdict
from lambdaframe.invocation import current

T = TypeVar("T")

FIRST_PAUSE = 0.01
LONGEST_PAUSE = 0.2
"""Seconds between two looks at a running attempt: doubling from the first to the longest, with jitter."""
LAST_SECOND = 1.0
"""A caller stops waiting this many seconds before its own deadline, so that it can still answer."""
LONGEST_WATCH = 5.0
"""Seconds until a caller looks again at an attempt whose end it would be told."""
SHIELD = 0.3
"""Seconds that a cancelled call may take to leave its record as it should be."""


def remaining() -> float:
    """Seconds until the invocation's deadline; infinity where there is none."""
    invocation = current.get(None)
    return math.inf if invocation is None else invocation.remaining()


async def acquire(store: Store, claim: Claim) -> Reply:
    """The store's ``acquire``. Cancelled, it leaves nothing behind: it may have been granted all the same."""
    try:
        return await store.acquire(claim)
    except cancelled_error():
        await despite_cancellation(partial(_hand_back, store, claim), SHIELD)
        raise


async def surely(move: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Make this move. Cancelled, it is made all the same."""
    try:
        return await move()
    except cancelled_error():
        await despite_cancellation(move, SHIELD)
        raise


async def until_changed(store: Store, key: str, pause: float, seconds: float) -> float:
    """Wait until the other attempt at this key may have ended, at most so many seconds. Gives the next ``pause``."""
    if isinstance(store, Notifying) and await store.changed(key, min(seconds, LONGEST_WATCH)):
        return FIRST_PAUSE
    await sleep(min(pause * random.uniform(0.5, 1.5), seconds))  # noqa: S311 — jitter, no secret
    return min(2 * pause, LONGEST_PAUSE)


async def _hand_back(store: Store, claim: Claim) -> None:
    reply = await store.acquire(claim)
    if reply.verdict in {Verdict.GRANTED, Verdict.MINE}:
        await store.release(claim.granted(reply.entry.gen))
