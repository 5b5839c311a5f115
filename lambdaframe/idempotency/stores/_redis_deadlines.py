"""Time limits for many short waits: one timer that looks at all of them now and then.

``asyncio.timeout`` sets a timer for each, and costs a tenth of a short call over a local network. A wait that nearly
always ends at once can do with a limit that comes a little late.
"""

import asyncio
from types import TracebackType


class Deadlines:
    """The time limits of one event loop's waits. ``tick``: seconds by which they may be late."""

    def __init__(self, tick: float) -> None:
        self._tick = tick
        self._loop = asyncio.get_running_loop()
        self._open: set[Limit] = set()
        self._timer: asyncio.TimerHandle | None = None

    def within(self, seconds: float) -> "Limit":
        """``with deadlines.within(2):`` raises TimeoutError when the block takes longer than that."""
        return Limit(self, self._loop.time() + seconds)

    def watch(self, limit: "Limit") -> None:
        self._open.add(limit)
        if self._timer is None:
            self._timer = self._loop.call_later(self._tick, self._look)

    def forget(self, limit: "Limit") -> None:
        self._open.discard(limit)

    def _look(self) -> None:
        now = self._loop.time()
        for limit in [limit for limit in self._open if limit.at <= now]:
            limit.expire()
        self._timer = self._loop.call_later(self._tick, self._look) if self._open else None


class Limit:
    """One limit, of one task."""

    __slots__ = ("_cancelling", "_deadlines", "_expired", "_task", "at")

    def __init__(self, deadlines: Deadlines, at: float) -> None:
        self._deadlines = deadlines
        self._expired = False
        self.at = at

    def expire(self) -> None:
        """Cancel the task; the block's end makes a TimeoutError of it."""
        self._deadlines.forget(self)
        self._expired = True
        self._task.cancel()

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._cancelling = task.cancelling()
        self._deadlines.watch(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._deadlines.forget(self)
        # As asyncio.timeout does it: a cancellation from outside that came in between goes on.
        if self._expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error
