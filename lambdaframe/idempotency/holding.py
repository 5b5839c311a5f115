"""Holding a lock: its lease is extended in the background, and when it is lost the holder is cancelled.

A lease is believed in for two thirds of its time, counted from before the request that began it was sent, by whichever
of two clocks says that more time has passed: the monotonic one stands still while some machines sleep, the other may
be set back. The store lets nobody else in before the whole lease and the skew are over. So the holder is cancelled
well before anybody can follow it, unless it was stopped, or does not let the loop run.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from lambdaframe.concurrency import cancelled_error, despite_cancellation, on_asyncio
from lambdaframe.errors import LeaseLostError
from lambdaframe.idempotency.counters import counters_of
from lambdaframe.idempotency.heartbeat import beside, sleep
from lambdaframe.idempotency.moves import SHIELD, surely
from lambdaframe.idempotency.store import Store
from lambdaframe.idempotency.transitions import SKEW_MS, Claim, Reply, Verdict
from lambdaframe.logging import get_logger
from lambdaframe.types import Clock

if TYPE_CHECKING:
    from anyio import CancelScope

EXTENDED = 1 / 3
"""The part of a lease after which it is extended."""
BELIEVED = 2 / 3
"""The part of a lease after which it is lost, if it could not be extended."""
RETRIED = 1 / 30
"""The part of a lease between two tries to extend it, and between two looks at the clocks."""
LONGEST_UNSEEN = 1.0
"""Seconds between two looks at the clocks, at most."""

_TAKEN = "somebody else has taken it over"
_STOPPED = "its lease ended before it was extended: the process was stopped, its loop was blocked, or the store is slow"
_UNREACHABLE = "its lease could not be extended in time"

_log = get_logger("lambdaframe.idempotency")


class Stamp(NamedTuple):
    """A moment by both clocks, in seconds."""

    monotonic: float
    wall: float


class Tenure:
    """What a holder knows of its lease. ``seconds``: how long it is, from each extension."""

    __slots__ = ("_begun", "_clock", "_lease_until", "seconds")

    def __init__(self, seconds: float, clock: Clock) -> None:
        self.seconds = seconds
        self._clock = clock

    def now(self) -> Stamp:
        """This moment."""
        return Stamp(self._clock.monotonic(), self._clock.time())

    def begin(self, asked: Stamp, reply: Reply) -> None:
        """The lease was granted or extended by this reply, to a request of that moment."""
        self._begun = asked
        self._lease_until = reply.entry.lease_until

    def left(self, part: float) -> float:
        """Seconds until this part of the lease is over; negative afterwards."""
        now = self.now()
        return part * self.seconds - max(now.monotonic - self._begun.monotonic, now.wall - self._begun.wall)

    def had_been_released(self, claim: Claim, refusal: Reply) -> bool:
        """Whether a release was refused because it had been granted before, and that reply got lost."""
        entry = refusal.entry
        if entry.gen == claim.gen:
            return entry.state == "F" and entry.owner == claim.owner
        # There is a later holder. By the store's clock nobody could take over yet: it came after the release.
        return entry.gen > claim.gen and refusal.now <= self._lease_until + SKEW_MS


class Holding:
    """One lock that was granted. ``claim`` has its generation, ``tenure`` has begun."""

    def __init__(self, store: Store, name: str, claim: Claim, tenure: Tenure) -> None:
        self._store = store
        self._name = name
        self._claim = claim
        self._tenure = tenure
        self._scope = _cancel_scope()
        self._ended = False
        self._reason: str | None = None
        self._cause: Exception | None = None

    def is_over(self) -> bool:
        """Whether the lease was too old when it came."""
        return self._look() is None

    @asynccontextmanager
    async def body(self) -> AsyncGenerator[None]:
        """Extend the lease while the block runs. When it is lost the block is cancelled, and ends here."""
        async with beside(self._extend, max(0.0, self._tenure.left(EXTENDED)), self._look):
            with self._scope:
                try:
                    yield
                finally:
                    self._ended = True

    async def end(self, error: BaseException | None) -> None:
        """Release the lock. ``error``: what the body raised, but for the cancellation of ours.

        Raises LeaseLostError when the lock was lost and there is no error to go on with; a note tells it otherwise.
        """
        if self._reason is not None or isinstance(error, cancelled_error()):
            await despite_cancellation(self._release, SHIELD)
        else:
            await surely(self._release)
        if self._reason is None:
            return
        counters_of(self._store).lost += 1
        lost = LeaseLostError(f"The lock {self._name!r} is lost: {self._reason}.")
        if error is None:
            raise lost from self._cause
        error.add_note(str(lost))

    async def _extend(self) -> None:
        while self._reason is None:
            asked = self._tenure.now()
            pause = RETRIED * self._tenure.seconds
            try:
                reply = await self._store.extend(self._claim)
            except Exception as exc:
                if self._cause is None:
                    _log.warning("The lock could not be extended; trying again", lock=self._name, exc_info=True)
                self._cause = exc
            else:
                if reply.verdict is not Verdict.GRANTED:
                    self._lose(_TAKEN)
                if self._reason is not None or self._ended:
                    return
                self._cause = None
                self._tenure.begin(asked, reply)
                pause = max(self._tenure.left(EXTENDED), pause)
            await sleep(pause)

    def _look(self) -> float | None:
        if self._ended:  # then the store has the word
            return None
        left = self._tenure.left(BELIEVED)
        if left <= 0:
            self._lose(_STOPPED if self._cause is None else _UNREACHABLE, self._cause)
        return None if self._reason is not None else min(left, RETRIED * self._tenure.seconds, LONGEST_UNSEEN)

    async def _release(self) -> None:
        try:
            reply = await self._store.release(self._claim)
        except Exception as exc:
            _log.warning("The lock could not be released; it ends with its lease", lock=self._name, exc_info=True)
            if self._tenure.left(1) <= 0:
                self._lose(_UNREACHABLE, exc)
            return
        if reply.verdict is Verdict.GRANTED:
            counters_of(self._store).released += 1
        elif not self._tenure.had_been_released(self._claim, reply):
            self._lose(_TAKEN)

    def _lose(self, reason: str, cause: Exception | None = None) -> None:
        if self._reason is None:
            self._reason, self._cause = reason, cause
            self._scope.cancel()


class EdgeScope:
    """A cancel scope for asyncio that cancels its block once, as ``asyncio.timeout`` does, and not each await of the
    clean-up as well. A cancellation from elsewhere passes."""

    __slots__ = ("_before", "_cancelled", "_task")

    def __init__(self) -> None:
        self._task: asyncio.Task[object] | None = None
        self._cancelled = False

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        self._before = 0 if self._task is None else self._task.cancelling()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        task, self._task = self._task, None
        if task is None or not self._cancelled:
            return False
        return task.uncancel() <= self._before and isinstance(error, asyncio.CancelledError)

    def cancel(self) -> None:
        """Cancel the block, from another task or a timer. Call it once. Nothing happens outside of the block."""
        if self._task is not None:
            self._cancelled = True
            self._task.cancel()


def _cancel_scope() -> "EdgeScope | CancelScope":
    if on_asyncio():
        return EdgeScope()
    from anyio import CancelScope

    return CancelScope()
