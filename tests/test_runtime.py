"""The runtime: one loop, one lifespan, deadlines."""

import asyncio
import gc
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import pytest
from blockbuster import BlockBuster

from lambdaframe.errors import LifespanError
from lambdaframe.runtime import DeadlineExceededError, Runtime
from lambdaframe.types import Receive, Scope, Send


async def no_lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    raise NotImplementedError(scope["type"])


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    runtime = Runtime(no_lifespan)
    yield runtime
    runtime.close()


class Lifespan:
    """An application that counts, and fails at its first ``failures`` start-ups."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.seen: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "lifespan"
        await receive()
        self.seen.append("startup")
        if len(self.seen) <= self.failures:
            await send({"type": "lifespan.startup.failed", "message": "no database"})
            return
        scope["state"]["pool"] = "pool"
        await send({"type": "lifespan.startup.complete"})
        assert (await receive())["type"] == "lifespan.shutdown"
        self.seen.append("shutdown")
        await send({"type": "lifespan.shutdown.complete"})


def test_one_start_up_for_any_number_of_starts() -> None:
    app = Lifespan()
    runtime = Runtime(app)
    for _ in range(3):
        runtime.start()
    assert app.seen == ["startup"]
    assert runtime.state == {"pool": "pool"}
    runtime.close()
    runtime.close()
    assert app.seen == ["startup", "shutdown"]


def test_a_failed_start_up_is_tried_again() -> None:
    app = Lifespan(failures=2)
    runtime = Runtime(app)
    for _ in range(2):
        with pytest.raises(LifespanError, match="no database"):
            runtime.start()
    runtime.start()
    assert app.seen == ["startup"] * 3
    runtime.close()


def test_an_application_without_lifespan_is_fine(runtime: Runtime) -> None:
    runtime.start()
    assert runtime.state == {}


def test_a_forgotten_runtime_shuts_down() -> None:
    app = Lifespan()
    runtime = Runtime(app)
    runtime.start()
    del runtime
    gc.collect()
    assert app.seen == ["startup", "shutdown"]


def test_a_runtime_that_is_forgotten_inside_another_loop_shuts_down(blocking_calls_fail: BlockBuster) -> None:
    for function in blocking_calls_fail.functions.values():
        function.can_block_in("lambdaframe/runtime.py", "_shut_down")  # the collector can't wait any other way
    app = Lifespan()
    runtimes = [Runtime(app)]
    runtimes[0].start()

    async def forget() -> None:
        runtimes.clear()
        gc.collect()

    asyncio.run(forget())
    assert app.seen == ["startup", "shutdown"]


def test_all_runs_share_one_loop_and_no_context(runtime: Runtime) -> None:
    variable: ContextVar[int] = ContextVar("variable", default=0)

    async def work() -> tuple[Any, int]:
        before = variable.get()
        variable.set(1)
        return asyncio.get_running_loop(), before

    runs = [runtime.run(work()) for _ in range(3)]
    assert len({id(loop) for loop, _ in runs}) == 1
    assert [before for _, before in runs] == [0, 0, 0]


def test_tasks_that_outlive_a_run_go_on_in_the_next(runtime: Runtime) -> None:
    """A module-level client may keep a reader task: it must not be cancelled between invocations."""
    turn: asyncio.Future[str] | None = None
    tasks: list[asyncio.Task[str]] = []

    async def wait(future: asyncio.Future[str]) -> str:
        return await future

    async def first() -> None:
        nonlocal turn
        turn = asyncio.get_running_loop().create_future()
        tasks.append(asyncio.create_task(wait(turn)))

    async def second() -> str:
        assert turn is not None
        turn.set_result("done")
        return await tasks[0]

    runtime.run(first())
    assert runtime.run(second()) == "done"


def test_work_is_cancelled_at_its_deadline_and_cleans_up(runtime: Runtime) -> None:
    cleaned: list[str] = []

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append("yes")

    with pytest.raises(DeadlineExceededError):
        runtime.run(hang(), soft=0.01, hard=5)
    assert cleaned == ["yes"]


def test_work_that_ignores_its_cancellation_is_left_behind(
    runtime: Runtime, capsys: pytest.CaptureFixture[str]
) -> None:
    release = asyncio.Event()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    with pytest.raises(DeadlineExceededError):
        runtime.run(stubborn(), soft=0.01, hard=0.02)
    assert "left behind" in capsys.readouterr().out
    release.set()

    async def settled() -> int:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others)
        return 1

    assert runtime.run(settled()) == 1


def test_a_cancellation_of_the_works_own_is_not_the_deadline(runtime: Runtime) -> None:
    async def cancels_itself() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        runtime.run(cancels_itself(), soft=60, hard=60)


def test_it_is_not_for_use_inside_a_loop(runtime: Runtime) -> None:
    async def work() -> None: ...

    async def inside() -> None:
        runtime.run(work())

    with pytest.raises(RuntimeError, match="synchronous code"):
        asyncio.run(inside())
