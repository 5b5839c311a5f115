"""The seam between asyncio and trio, threads and contexts."""

import asyncio
import contextvars
import functools
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from lambdaframe.concurrency import Outcome, calls, in_thread, is_async_callable, on_asyncio, resume

seen: contextvars.ContextVar[str] = contextvars.ContextVar("seen", default="nothing")


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_it_knows_the_loop_it_runs_on(anyio_backend: str) -> None:
    assert on_asyncio() == (anyio_backend == "asyncio")


def test_no_loop_is_not_asyncio() -> None:
    assert not on_asyncio()


class AsyncCallable:
    async def __call__(self) -> None: ...


class SyncCallable:
    def __call__(self) -> None: ...


async def coroutine_function() -> None: ...


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (coroutine_function, True),
        (functools.partial(coroutine_function), True),
        (functools.partial(functools.partial(coroutine_function)), True),
        (AsyncCallable(), True),
        (functools.partial(AsyncCallable()), True),
        (AsyncCallable().__call__, True),
        (SyncCallable(), False),
        (lambda: None, False),
        (lambda: coroutine_function(), False),
        (print, False),
        (AsyncCallable, False),
    ],
)
def test_what_is_called_async(function: Callable[..., object], expected: bool) -> None:
    assert is_async_callable(function) is expected


# Calls in contexts


async def in_fresh_contexts(function: Callable[[Any], Coroutine[Any, Any, Any]], *arguments: Any) -> list[Any]:
    """The results of calls made one after the other, each in a copy of the context that was there at first."""
    entered: list[Any] = []
    fresh = contextvars.copy_context().copy
    outcome = Outcome()
    results: list[Any] = []
    steps = calls(function, outcome, entered.append)
    for argument in arguments:
        context = fresh()
        waiting = context.run(steps.send, argument)
        if waiting is not outcome:
            await resume(context, steps, waiting, outcome)
        results.append(outcome.value)
    assert entered == list(arguments)
    return results


@pytest.mark.parametrize("turns", [0, 1, 3])
async def test_each_call_has_a_context_of_its_own_in_all_its_steps(turns: int) -> None:
    async def call(argument: str) -> list[str]:
        values = [seen.get()]
        seen.set(argument)
        for _ in range(turns):
            await checkpoint()
            values.append(seen.get())
        return values

    seen.set("outside")
    assert await in_fresh_contexts(call, "a", "b") == [["outside", *"a" * turns], ["outside", *"b" * turns]]
    assert seen.get() == "outside"


async def test_concurrent_calls_do_not_see_each_other() -> None:
    results: dict[str, list[str]] = {}

    async def call(argument: str) -> None:
        seen.set(argument)
        results[argument] = []
        for _ in range(5):
            await checkpoint()
            results[argument].append(seen.get())

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(in_fresh_contexts, call, f"{number}a", f"{number}b")
    assert len(results) == 40
    assert all(values == [argument] * 5 for argument, values in results.items())


@pytest.mark.parametrize("late", [False, True], ids=["at once", "after waiting"])
async def test_errors_come_out_where_the_call_is(late: bool) -> None:
    async def call(argument: str) -> None:
        if late:
            await checkpoint()
        raise KeyError(argument)

    with pytest.raises(KeyError, match="a"):
        await in_fresh_contexts(call, "a")


async def test_a_cancelled_call_cleans_up_in_its_context() -> None:
    cleaned: list[str] = []

    async def call(argument: str) -> None:
        seen.set(argument)
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await checkpoint()
            cleaned.append(seen.get())

    with anyio.move_on_after(0.001) as scope:
        await in_fresh_contexts(call, "a")
    assert scope.cancelled_caught
    assert cleaned == ["a"]


async def test_what_is_thrown_in_can_be_caught_by_the_call() -> None:
    async def call(argument: str) -> str:
        with anyio.move_on_after(0.001):
            await anyio.sleep_forever()
        return argument

    assert await in_fresh_contexts(call, "a", "b") == ["a", "b"]


def test_a_closed_call_is_closed_in_its_context() -> None:
    cleaned: list[str] = []

    async def call(argument: str) -> None:
        seen.set(argument)
        try:
            await asyncio.sleep(0)
        finally:
            cleaned.append(seen.get())

    steps: Any = in_fresh_contexts(call, "a")
    steps.send(None)
    steps.close()
    assert cleaned == ["a"]


async def test_a_generator_exit_of_the_calls_own_is_an_ordinary_error() -> None:
    async def call(argument: str) -> None:
        await checkpoint()
        raise GeneratorExit

    with pytest.raises(RuntimeError, match="GeneratorExit"):
        await in_fresh_contexts(call, "a")


# Threads


async def test_a_thread_has_the_callers_context_variables() -> None:
    def look() -> tuple[str, int]:
        found = seen.get()
        seen.set("changed")
        return found, threading.get_ident()

    seen.set("the caller's")
    found, thread = await in_thread(look)()
    assert found == "the caller's"
    assert thread != threading.get_ident()
    assert seen.get() == "the caller's"


async def test_arguments_and_errors_pass_through_the_thread() -> None:
    def divide(a: int, *, by: int) -> float:
        return a / by

    run = in_thread(divide)
    assert await run(6, by=3) == 2
    with pytest.raises(ZeroDivisionError):
        await run(1, by=0)


async def test_a_cancelled_caller_does_not_wait_for_the_thread() -> None:
    let_go = threading.Event()
    try:
        with anyio.fail_after(5), anyio.move_on_after(0.01) as scope:
            await in_thread(let_go.wait)()
        assert scope.cancelled_caught
        assert not let_go.is_set()
    finally:
        let_go.set()


async def test_as_many_threads_run_as_are_asked_for() -> None:
    """More than anyio's forty: the bound is the caller's."""
    together = threading.Barrier(50, timeout=5)
    run = in_thread(together.wait)
    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(run)
