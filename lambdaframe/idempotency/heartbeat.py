"""Extending a lease in the background while an operation runs.

A call that ends within a third of its lease pays for a timer alone on asyncio. trio has no timers without a task, so
there it is a task group from the start.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

from lambdaframe.concurrency import on_asyncio

T = TypeVar("T")

Beat: TypeAlias = Callable[[], Awaitable[bool]]
"""Extends the lease; False when there is nothing left to extend."""


async def sleep(seconds: float) -> None:
    """On asyncio and trio alike."""
    if on_asyncio():
        await asyncio.sleep(seconds)
    else:
        import anyio

        await anyio.sleep(seconds)


async def with_heartbeat(call: Callable[[], Awaitable[T]], beat: Beat, every: float) -> T:
    """Await ``call`` and meanwhile ``beat`` once every so many seconds. No beat outlives the call."""
    return await (_on_asyncio if on_asyncio() else _in_task_group)(call, beat, every)


async def _beats(beat: Beat, every: float) -> None:
    while await beat():
        await sleep(every)


async def _on_asyncio(call: Callable[[], Awaitable[T]], beat: Beat, every: float) -> T:
    loop = asyncio.get_running_loop()
    started: list[asyncio.Task[None]] = []

    def begin() -> None:
        started.append(loop.create_task(_beats(beat, every)))

    timer = loop.call_later(every, begin)
    try:
        return await call()
    finally:
        timer.cancel()
        for task in started:
            task.cancel()
            await asyncio.wait([task])


async def _in_task_group(call: Callable[[], Awaitable[T]], beat: Beat, every: float) -> T:
    from anyio import create_task_group

    async def later() -> None:
        await sleep(every)
        await _beats(beat, every)

    failures: list[BaseException] = []
    async with create_task_group() as group:
        group.start_soon(later)
        try:
            return await call()
        except BaseException as exc:
            failures.append(exc)  # raised outside, so that no ExceptionGroup is made of it
        finally:
            group.cancel_scope.cancel()
    raise failures.pop()
