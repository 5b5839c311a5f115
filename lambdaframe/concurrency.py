"""The seam between asyncio and trio, between async code and threads, and between one context and the next.

Framework code runs on both loops. anyio serves both and is imported when it is first needed, because loading it takes
longer than a cold event may.
"""

import asyncio
import inspect
import math
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import Context
from functools import partial
from types import coroutine
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def on_asyncio() -> bool:
    """Whether this code runs on asyncio's loop, rather than trio's."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def is_async_callable(function: Callable[..., object]) -> bool:
    """Whether calling it gives an awaitable: a coroutine function, a partial of one, or an object whose ``__call__``
    is one."""
    while isinstance(function, partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def in_thread(function: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """An async function that runs a blocking one in a worker thread, with the caller's context variables.

    When the caller is cancelled the thread is left to end by itself and its result is dropped: a blocked thread must
    not hold an invocation past its deadline. The callers bound how many run at once (a consumer's ``concurrency``).
    """
    from anyio import CapacityLimiter
    from anyio.to_thread import run_sync

    async def call(*args: P.args, **kwargs: P.kwargs) -> T:
        return await run_sync(partial(function, *args, **kwargs), abandon_on_cancel=True, limiter=CapacityLimiter(math.inf))

    return call


@coroutine
def in_context(context: Context, coro: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
    """Await ``coro`` with every step of it run in ``context``, without a task of its own.

    Context variables set inside stay inside. It behaves as ``await coro`` in all else: cancellation and errors pass
    through. A task would do the same at several times the cost.
    """
    step: Callable[[Any], Any] = coro.send
    value: Any = None
    while True:
        try:
            awaited = context.run(step, value)
        except StopIteration as stop:
            result: T = stop.value
            return result
        try:
            value = yield awaited
            step = coro.send
        except GeneratorExit:
            context.run(coro.close)
            raise
        except BaseException as exc:
            value = exc
            step = coro.throw
