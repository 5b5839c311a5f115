"""Locks over a store: one holder at a time for a name, each with a higher fencing token than the one before.

A lock is a record like any other: acquired, extended while the block runs, released at its end. It is never completed.
"""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING
from uuid import uuid4

from lambdaframe.concurrency import on_asyncio
from lambdaframe.errors import ConfigurationError, LockTimeoutError
from lambdaframe.idempotency.counters import counters_of
from lambdaframe.idempotency.keys import digest, encoded
from lambdaframe.idempotency.lease import Lease, held_leases
from lambdaframe.idempotency.policy import HOUR, Duration
from lambdaframe.idempotency.store import Store
from lambdaframe.idempotency.transitions import SKEW_MS, Claim, Reply, Verdict
from lambdaframe.logging import get_logger
from lambdaframe.types import Clock

if TYPE_CHECKING:
    from lambdaframe.idempotency.holding import Holding

_GRANTED = (Verdict.GRANTED, Verdict.MINE)

_log = get_logger("lambdaframe.idempotency")


class Lockable:
    """What a store inherits to have ``lock``. It holds nothing."""

    __slots__ = ()

    def lock(self: Store, name: str, *, ttl: Duration = 30.0, wait: Duration | None = None) -> "Lock":
        """A lock of this name, held while a block runs: ``async with store.lock("stock", ttl=30) as lease:``.

        ``ttl``: seconds or timedelta after which others may go on when the holder has died; it is extended while the
        block runs, which may take as long as it likes. ``wait``: how long to wait for another holder, LockTimeoutError
        after that; None until a second before the invocation's deadline, which ends every wait; 0 for not at all.

        When the lock is lost the block is cancelled, and LeaseLostError comes out of the ``async with``. A lease can't
        keep out a holder that was stopped and goes on: what must never see two of them has to compare
        ``lease.fencing_token``, which is higher for each holder.

        For async code; a sync function has nothing that could be cancelled. Raises ConfigurationError for an empty
        name or a time that is none, StoreUnavailableError when the store can't be reached.
        """
        return Lock(self, name, ttl=ttl, wait=wait)


class Lock:
    """See ``Lockable.lock``. It is entered once: ask the store for another one each time.

    For stores that are not Lockable: ``Lock(store, name)``. ``clock``: where the holder's own time comes from.
    """

    def __init__(
        self, store: Store, name: str, *, ttl: Duration = 30.0, wait: Duration | None = None, clock: Clock = time
    ) -> None:
        if not isinstance(name, str) or not name:  # pyright: ignore[reportUnnecessaryIsInstance] — for those without a type checker
            raise ConfigurationError(
                f"A lock's name is a text that is not empty, such as 'stock:TE-0042', not {name!r}."
            )
        self.name = name
        self._store = store
        self._ttl = _seconds(name, "ttl", ttl, at_least=0.001)
        self._wait = math.inf if wait is None else _seconds(name, "wait", wait, at_least=0)
        self._clock = clock
        self._entered: AbstractAsyncContextManager[Lease] | None = None

    async def __aenter__(self) -> Lease:
        if self._entered is not None:
            raise RuntimeError(
                f"This lock {self.name!r} was entered before: write 'async with store.lock(…)' each time, "
                "so that every holder has a lock object of its own."
            )
        self._entered = self._held()
        return await self._entered.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        assert self._entered is not None
        return await self._entered.__aexit__(kind, error, trace)

    @asynccontextmanager
    async def _held(self) -> AsyncGenerator[Lease]:
        claim, holding = await self._acquire()
        if holding.is_over():
            await holding.end(None)
        with _lease(claim) as lease:
            try:
                async with holding.body():
                    yield lease
            except GeneratorExit:  # a coroutine that is closed can't wait; the lease ends by itself
                raise
            except BaseException as error:
                await holding.end(error)
                raise
            await holding.end(None)

    async def _acquire(self) -> "tuple[Claim, Holding]":
        from lambdaframe.idempotency.holding import Holding, Tenure
        from lambdaframe.idempotency.moves import FIRST_PAUSE, acquire, until_changed

        key = digest(b"lock", encoded(self.name))
        claim = Claim(key, uuid4().hex, "lock", round(self._ttl * 1_000), round(max(HOUR, 2 * self._ttl) * 1_000))
        tenure = Tenure(self._ttl, self._clock)
        start, pause = tenure.now(), FIRST_PAUSE
        asked, reply = start, await acquire(self._store, claim)
        if reply.verdict not in _GRANTED:
            _check_whether_own(self.name, reply)
        while reply.verdict not in _GRANTED:
            patience = self._patience(reply, asked.monotonic - start.monotonic)
            pause = await until_changed(self._store, key, pause, patience)
            asked, reply = tenure.now(), await acquire(self._store, claim)
        counters = counters_of(self._store)
        counters.acquired += 1
        counters.takeovers += reply.took_over
        tenure.begin(asked, reply)
        claim = claim.granted(reply.entry.gen)
        return claim, Holding(self._store, self.name, claim, tenure)

    def _patience(self, reply: Reply, waited: float) -> float:
        """Seconds until it is worth to try again, at most. Raises LockTimeoutError when there is no time left."""
        from lambdaframe.idempotency.moves import FIRST_PAUSE, LAST_SECOND, remaining

        left = min(self._wait - waited, remaining() - LAST_SECOND)
        if left <= 0:
            counters_of(self._store).conflicts += 1
            raise LockTimeoutError(self.name, round(waited, 3))
        # A holder that has died tells nobody.
        free = (reply.entry.lease_until + SKEW_MS + 1 - reply.now) / 1_000
        return min(left, max(free, FIRST_PAUSE))


class _LockLease(Lease):
    """``task``: the one that holds the lock."""

    __slots__ = ("task",)

    def __init__(self, key: str, owner: str, fencing_token: int, task: object) -> None:
        super().__init__(key, owner, fencing_token)
        self.task = task


@contextmanager
def _lease(claim: Claim) -> Generator[Lease]:
    """The lease, in force in the block."""
    outer = held_leases.get()
    lease = _LockLease(claim.key, claim.owner, claim.gen, _this_task())
    held_leases.set((*outer, lease))
    try:
        yield lease
    except BaseException as error:
        if outer and lease.without_effect is error:
            # ``no_effect_yet`` speaks of the operation around the lock.
            outer[-1].without_effect = error
        raise
    finally:
        held_leases.set(tuple(held for held in held_leases.get() if held is not lease))


def _check_whether_own(name: str, refusal: Reply) -> None:
    """Raises RuntimeError for a lock that this very task holds: it would wait for itself."""
    for lease in held_leases.get():
        if isinstance(lease, _LockLease) and lease.owner == refusal.entry.owner:
            if lease.task == _this_task():
                raise RuntimeError(
                    f"This code holds the lock {name!r} already and would wait for itself: give one of the two "
                    "another name, or take the lock once, further out."
                )
            _log.warning("Waiting for a lock that the code holds that has started this task", lock=name)


def _this_task() -> object:
    if on_asyncio():
        return asyncio.current_task()
    from anyio import get_current_task

    return get_current_task()


def _seconds(name: str, option: str, duration: Duration, *, at_least: float) -> float:
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if not at_least <= seconds < math.inf:
        kind = "a positive number of seconds" if at_least else "a number of seconds, 0 or more,"
        raise ConfigurationError(f"lock {name!r}: {option} is {kind} or a timedelta, not {duration!r}.")
    return float(seconds)
