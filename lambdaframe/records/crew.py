"""The tasks that work on one stream: on asyncio or trio, cancelled before the deadline, left behind if need be.

asyncio's own tasks, because anyio's task group costs three times as much for each; trio is imported only when it runs.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from lambdaframe.concurrency import on_asyncio

if TYPE_CHECKING:
    import trio

CUT = 0.5
"""Seconds before the deadline at which what is in flight is cancelled."""

CUT_AGAIN = 0.35
"""Seconds before the deadline at which what goes on after that, in a ``finally`` block say, is cancelled again."""

LEFT_BEHIND = 0.25
"""Seconds before the deadline at which what goes on even then is waited for no longer, so that the answer gets out."""

CLOSE_ENOUGH = 0.001
"""Seconds by which a timer may be early: the loop's clock and the invocation's are not the same."""

Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
Remaining: TypeAlias = Callable[[], float]


class Event(Protocol):
    """asyncio's and trio's."""

    def set(self) -> object: ...
    def wait(self) -> Awaitable[object]: ...


class Crew(Protocol):
    """Tasks that all run the same work."""

    def start(self) -> None:
        """Add a task."""
        ...

    async def finish(self) -> None:
        """Start the first task, and wait until all have ended or were cut off at the deadline.

        Raises what a task raised, after the others were cancelled. When the caller is cancelled, so are the tasks.
        """
        ...

    def interrupted(self) -> bool:
        """Whether the tasks have been cancelled from outside. What they do from then on does not count."""
        ...

    def disturbed(self) -> bool:
        """Whether the task this runs in has been cancelled, from outside or by its own work."""
        ...

    async def forgive(self) -> None:
        """Take back a cancellation that the work has asked of the task it runs in."""
        ...

    def event(self) -> Event: ...


def gather_crew(work: Work, remaining: Remaining | None) -> Crew:
    """A crew for the loop that is running. ``remaining``: seconds until the deadline, None where there is none."""
    return AsyncioCrew(work, remaining) if on_asyncio() else TrioCrew(work, remaining)


class AsyncioCrew:
    """Tasks of asyncio. Cancellation is an edge: a task hears of it once, and its ``finally`` blocks may await."""

    def __init__(self, work: Work, remaining: Remaining | None) -> None:
        self._work = work
        self._remaining = remaining
        self._loop = asyncio.get_running_loop()
        self._tasks: list[asyncio.Task[None]] = []
        self._running = 0
        self._done = asyncio.Event()
        self._stopped = False
        self._failure: BaseException | None = None
        self._alarms = [(CUT, self._stop), (CUT_AGAIN, self._stop), (LEFT_BEHIND, self._done.set)]
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        if self._stopped:
            return
        self._running += 1
        # Not by loop.create_task: an eager task factory would run each worker inside the one that starts it.
        self._tasks.append(asyncio.Task(self._run(), loop=self._loop, name="lambdaframe.records"))

    async def finish(self) -> None:
        self.start()
        if self._remaining is not None:
            self._arm(self._remaining)
        try:
            await self._done.wait()
        except asyncio.CancelledError:
            self._stop()
            await self._settle()
            raise
        finally:
            if self._timer is not None:
                self._timer.cancel()
        if self._failure is not None:
            raise self._failure

    def interrupted(self) -> bool:
        return self._stopped

    def disturbed(self) -> bool:
        task = asyncio.current_task()
        return self._stopped or (task is not None and task.cancelling() > 0)

    async def forgive(self) -> None:
        task = asyncio.current_task()
        if task is None or not task.cancelling():
            return
        while task.uncancel():
            pass
        try:
            await asyncio.sleep(0)  # before 3.13 a cancellation that was not delivered yet comes all the same
        except asyncio.CancelledError:
            if self._stopped:
                raise

    def event(self) -> Event:
        return asyncio.Event()

    async def _run(self) -> None:
        try:
            await self._work()
        except GeneratorExit:
            self._stopped = True  # the loop was thrown away: there is nobody to tell
            raise
        except BaseException as exc:
            if not self._stopped:
                self._failure = exc
                self._stop()
        finally:
            if not self._stopped:
                self._running -= 1
                if not self._running:
                    self._done.set()

    def _stop(self) -> None:
        if not self._stopped:
            # From here on tasks are counted by callback: one that is cancelled before its first step never runs.
            self._stopped = True
            self._running = len(self._tasks)
            for task in self._tasks:
                task.add_done_callback(self._ended)
        for task in self._tasks:
            task.cancel()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._running -= 1
        if not self._running:
            self._done.set()

    async def _settle(self) -> None:
        """Wait for the ``finally`` blocks of what was cancelled. A second cancellation is passed on."""
        from anyio import CancelScope

        with CancelScope(shield=True):  # a cancelled scope of anyio would wake this task in every turn of the loop
            while not self._done.is_set():
                try:
                    await self._done.wait()
                except asyncio.CancelledError:
                    self._stop()

    def _arm(self, remaining: Remaining) -> None:
        seconds, action = self._alarms[0]
        left = remaining() - seconds
        if left < CLOSE_ENOUGH:
            del self._alarms[0]
            action()
            left = 0.0
        if self._alarms:
            # In a later turn of the loop, even if it is due: what was cancelled gets a chance to end.
            self._timer = self._loop.call_later(left, self._arm, remaining)


class TrioCrew:
    """Tasks of trio. Cancellation is a level: a ``finally`` block that awaits needs a shield, as ever on trio."""

    def __init__(self, work: Work, remaining: Remaining | None) -> None:
        self._work = work
        self._remaining = remaining
        self._nursery: trio.Nursery | None = None
        self._failure: BaseException | None = None

    def start(self) -> None:
        assert self._nursery is not None
        self._nursery.start_soon(self._run, self._nursery)

    async def finish(self) -> None:
        import trio

        async with trio.open_nursery() as nursery:
            if self._remaining is not None:
                nursery.cancel_scope.deadline = trio.current_time() + self._remaining() - CUT
            self._nursery = nursery
            self.start()
        await trio.lowlevel.checkpoint_if_cancelled()  # the tasks keep the caller's cancellation to themselves
        if self._failure is not None:
            raise self._failure

    def interrupted(self) -> bool:
        import trio

        return trio.current_effective_deadline() == -math.inf

    disturbed = interrupted

    async def forgive(self) -> None:
        return  # trio's tasks can't be cancelled one by one

    def event(self) -> Event:
        import trio

        return trio.Event()

    async def _run(self, nursery: "trio.Nursery") -> None:
        try:
            await self._work()
        except BaseException as exc:
            if not self.interrupted():  # by whom, the nursery knows
                self._failure = exc
                nursery.cancel_scope.cancel()
