"""From a consumer's function to a coroutine function of the record: no more layers than it needs, because it runs for
each record."""

from collections.abc import Awaitable, Callable, Coroutine
from inspect import isawaitable, iscoroutinefunction
from typing import Any, TypeAlias

from lambdaframe.concurrency import in_thread, is_async_callable
from lambdaframe.records.plan import Plan, itself
from lambdaframe.records.record import Record

RecordCall: TypeAlias = Callable[[Record, tuple[Any, ...]], Awaitable[Any]]
"""A consumer function after binding: called with the record and the function's validated arguments."""

Guard: TypeAlias = Callable[[RecordCall], RecordCall]
"""Wraps the call: it may leave it out, or answer in its place."""

Call: TypeAlias = Callable[[Any], Coroutine[Any, Any, Any]]
"""Called with the record, or with the stream."""


def make_call(function: Callable[..., Any], plan: Plan, guard: Guard | None, timeout: float | None) -> Call:
    """``timeout``: seconds. The guard is outside of it, so that it sees a TimeoutError rather than a cancellation."""
    asynchronous = is_async_callable(function)
    if asynchronous and guard is None and timeout is None and plan.needs is None and not plan.by_name:
        if plan.readers == (itself,) and iscoroutinefunction(function):
            return function
        if len(plan.readers) == 1:
            (read,) = plan.readers
            return lambda record: function(read(record))
        return lambda record: function(*plan.bind(record))

    if plan.needs is not None:
        from lambdaframe.records.dependencies import depending

        bound = depending(function, plan.names, plan.needs, asynchronous=asynchronous)
    else:
        bound = _awaited(function, plan) if asynchronous else _threaded(function, plan)
    if timeout is not None:
        from lambdaframe.records.timeouts import timed

        bound = timed(bound, timeout)
    if guard is not None:
        bound = guard(bound)

    async def call(record: Record) -> Any:
        return await bound(record, plan.bind(record))

    return call


def _awaited(function: Callable[..., Any], plan: Plan) -> RecordCall:
    def call(record: Record, arguments: tuple[Any, ...]) -> Awaitable[Any]:
        made: Awaitable[Any] = (
            function(**dict(zip(plan.names, arguments, strict=True))) if plan.by_name else function(*arguments)
        )
        return made

    return call


def _threaded(function: Callable[..., Any], plan: Plan) -> RecordCall:
    run = in_worker_thread(function)

    async def call(record: Record, arguments: tuple[Any, ...]) -> Any:
        if plan.by_name:
            return await run(**dict(zip(plan.names, arguments, strict=True)))
        return await run(*arguments)

    return call


def in_worker_thread(function: Callable[..., Any]) -> Callable[..., Coroutine[Any, Any, Any]]:
    """The function in a thread; and what it returns on the loop, if that is still to be awaited."""

    def boxed(*args: Any, **kwargs: Any) -> tuple[Any]:
        return (function(*args, **kwargs),)

    threaded = in_thread(boxed)

    async def run(*args: Any, **kwargs: Any) -> Any:
        (result,) = await threaded(*args, **kwargs)
        # It may come from a plain wrapper around an async function, which has not run yet.
        return await result if isawaitable(result) else result

    return run
