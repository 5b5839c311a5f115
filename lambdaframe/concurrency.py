"""The seam between asyncio and trio, between async code and threads, and between one context and the next.

Framework code runs on both loops. anyio serves both and is imported when it is first needed, because loading it takes
longer than a cold event may.
"""

import asyncio
import inspect
import math
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import asynccontextmanager, nullcontext, suppress
from contextvars import Context
from functools import partial
from types import coroutine
from typing import Any, ParamSpec, TypeAlias, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")

_LAST_STEPS = 0.01
"""Seconds for what was given up to end by itself. What does not is left behind."""


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


def is_generator_callable(function: Callable[..., object]) -> bool:
    """Whether calling it gives a generator, sync or async: a generator function, a partial of one, or an object whose
    ``__call__`` is one."""
    while isinstance(function, partial):
        function = function.func
    call: Any = function if inspect.isroutine(function) else type(function).__call__
    return inspect.isgeneratorfunction(call) or inspect.isasyncgenfunction(call)


def in_thread(function: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """An async function that runs a blocking one in a worker thread, with the caller's context variables.

    When the caller is cancelled the thread is left to end by itself and its result is dropped: a blocked thread must
    not hold an invocation past its deadline. The callers bound how many run at once (a consumer's ``concurrency``).
    """
    from anyio import CapacityLimiter
    from anyio.to_thread import run_sync

    async def call(*args: P.args, **kwargs: P.kwargs) -> T:
        return await run_sync(
            partial(function, *args, **kwargs), abandon_on_cancel=True, limiter=CapacityLimiter(math.inf)
        )

    return call


@asynccontextmanager
async def time_limit(seconds: float, error: Exception) -> AsyncGenerator[Callable[[], None]]:
    """Cancel the block after so many seconds, and raise ``error`` instead. Gives a function that lifts the limit."""
    if on_asyncio():
        # Its own timeout rather than anyio's: that would cancel every await of the clean-up as well.
        timeout = asyncio.timeout(seconds)
        try:
            async with timeout:
                yield lambda: timeout.reschedule(None)
        except TimeoutError as exc:
            if timeout.expired():
                raise error from exc
            raise
        return
    from anyio import move_on_after

    with move_on_after(seconds) as scope:
        yield partial(setattr, scope, "deadline", math.inf)
    if scope.cancelled_caught:
        raise error


def cancelled_error() -> type[BaseException]:
    """What is raised where the running task is cancelled."""
    if not on_asyncio():
        from anyio import get_cancelled_exc_class

        with suppress(RuntimeError):  # a coroutine that is closed when its loop has ended
            return get_cancelled_exc_class()
    return asyncio.CancelledError


async def despite_cancellation(work: Callable[[], Coroutine[Any, Any, object]], seconds: float) -> None:
    """Do the last thing of a task that was cancelled, and is perhaps cancelled again; for so many seconds at most. What
    it raises is dropped, because the cancellation goes on."""
    if not on_asyncio():
        from anyio import move_on_after

        with suppress(Exception), move_on_after(seconds, shield=True):
            await work()
        return
    # A task of its own, because asyncio may cancel one again and again, as ``Runtime`` does at the deadline. Against
    # that anyio's shield is no help; it is one against anyio's scopes, of which there are none while it is not loaded.
    loop = asyncio.get_running_loop()
    task = loop.create_task(_dropping_errors(work))
    anyio = sys.modules.get("anyio")
    with nullcontext() if anyio is None else anyio.CancelScope(shield=True):
        for patience in (seconds, _LAST_STEPS):
            limit = loop.time() + patience
            while not task.done() and (left := limit - loop.time()) > 0:
                with suppress(asyncio.CancelledError):
                    await asyncio.wait((task,), timeout=left)
            task.cancel()


async def _dropping_errors(work: Callable[[], Coroutine[Any, Any, object]]) -> None:
    with suppress(Exception):
        await work()


# Many calls, each in a context of its own
#
# A task for each call would give it a context, at 4 µs a call. Driving each call's coroutine by hand with
# ``context.run(coro.send, None)`` costs 0.35 µs, most of it for the StopIteration that carries the result out. So the
# calls are made inside one generator that lives on: each step of it runs in the context of the call that it is at, and
# a call that ends is a plain yield. That costs 0.15 µs.

Steps: TypeAlias = Generator[Any, Any, None]


class Outcome:
    """What ``calls`` yields when a call has ended. ``value``: what the call returned."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: Any = None


def calls(
    function: Callable[[Any], Coroutine[Any, Any, Any]], outcome: Outcome, enter: Callable[[Any], object]
) -> Steps:
    """Make one call of the coroutine function for each argument sent in, after ``enter``, which is given the same.

        waiting = context.run(steps.send, argument)
        if waiting is not outcome:
            await resume(context, steps, waiting, outcome)

    Then ``outcome.value`` is the result. What the function raises comes out of either line, and ends the generator.
    """
    steps = _calls(function, outcome, enter)
    next(steps)
    return steps


def _make_calls(
    function: Callable[[Any], Generator[Any, Any, Any]], outcome: Outcome, enter: Callable[[Any], object]
) -> Steps:
    argument = yield outcome
    while True:
        enter(argument)
        outcome.value = yield from function(argument)
        argument = yield outcome


# With this flag a generator may ``yield from`` coroutines, which type checkers do not know.
_calls = cast(
    "Callable[[Callable[[Any], Coroutine[Any, Any, Any]], Outcome, Callable[[Any], object]], Steps]",
    coroutine(_make_calls),
)


@coroutine
def resume(context: Context, steps: Steps, waiting: Any, outcome: Outcome) -> Generator[Any, Any, None]:
    """Wait for the end of a call that did not end at once: every further step of it runs in its context, too.

    Cancellation and errors pass through, in both directions, as they do through ``await``.
    """
    while waiting is not outcome:
        try:
            sent = yield waiting
            step: Callable[[Any], Any] = steps.send
        except GeneratorExit:
            context.run(steps.close)
            raise
        except BaseException as exc:
            sent, step = exc, steps.throw
        try:
            waiting = context.run(step, sent)
        except GeneratorExit as exc:  # of the function's own making: nobody is closing us
            raise RuntimeError("The function raised GeneratorExit") from exc
