"""What goes on in the background while a lease is held: beats that extend it, and looks at the clock.

A block that ends before its first beat pays for a timer alone on asyncio. trio has no timers without a task, so there
it is a task group from the start.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import TypeAlias, TypeVar

from lambdaframe.concurrency import cancelled_error, on_asyncio

T = TypeVar("T")

Beat: TypeAlias = Callable[[], Awaitable[bool]]
"""Extends the lease; False when there is nothing left to extend."""

Job: TypeAlias = Callable[[], Awaitable[None]]

Look: TypeAlias = Callable[[], float | None]
"""Looks at the clock, and says in how many seconds to look again; None for never. It does not block."""


async def sleep(seconds: float) -> None:
    """On asyncio and trio alike."""
    if on_asyncio():
        await asyncio.sleep(seconds)
    else:
        import anyio

        await anyio.sleep(seconds)


async def with_heartbeat(call: Callable[[], Awaitable[T]], beat: Beat, every: float) -> T:
    """Await ``call`` and meanwhile ``beat`` once every so many seconds. No beat outlives the call."""
    async with beside(partial(_beats, beat, every), every):
        return await call()


def beside(job: Job, after: float, look: Look | None = None) -> AbstractAsyncContextManager[None]:
    """Run ``job`` beside a block, from so many seconds after its start until its end, and ``look`` as often as it says.

    What the block raises comes out as it is; the job must not raise. Neither outlives the block.
    """
    return _Timers(job, after, look) if on_asyncio() else _in_task_group(job, after, look)


async def _beats(beat: Beat, every: float) -> None:
    while await beat():
        await sleep(every)


class _Timers:
    """``beside`` on asyncio."""

    __slots__ = ("_after", "_job", "_look", "_looking", "_loop", "_task", "_timer")

    def __init__(self, job: Job, after: float, look: Look | None) -> None:
        self._job = job
        self._after = after
        self._look = look
        self._task: asyncio.Task[None] | None = None
        self._looking: asyncio.Handle | None = None

    async def __aenter__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(self._after, self._begin)
        if self._look is not None:
            self._looking = self._loop.call_soon(self._again)

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._timer.cancel()
        if self._looking is not None:
            self._looking.cancel()
        if self._task is not None:
            self._task.cancel()
            if kind is not GeneratorExit:  # a coroutine that is closed can't wait
                await asyncio.wait([self._task])

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._run())

    async def _run(self) -> None:
        await self._job()

    def _again(self) -> None:
        # A timer, no task: when a process that was stopped goes on, timers come before what the block waited for.
        seconds = self._look() if self._look is not None else None
        self._looking = None if seconds is None else self._loop.call_later(seconds, self._again)


@asynccontextmanager
async def _in_task_group(job: Job, after: float, look: Look | None) -> AsyncGenerator[None]:
    from anyio import create_task_group

    async def later() -> None:
        await sleep(after)
        await job()

    async def looking() -> None:
        while look is not None and (seconds := look()) is not None:
            await sleep(seconds)

    failures: list[BaseException] = []
    try:
        async with create_task_group() as group:
            group.start_soon(later)
            group.start_soon(looking)
            try:
                yield
            except BaseException as exc:
                failures.append(exc)  # raised outside, so that no ExceptionGroup is made of it
            finally:
                group.cancel_scope.cancel()
    except cancelled_error():
        # What the block raised comes first: of two cancellations, too, because it may matter which one it was.
        if not failures:
            raise
    if failures:
        raise failures.pop()
