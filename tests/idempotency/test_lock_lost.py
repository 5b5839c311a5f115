"""Losing a lock: when it is noticed, what the holder sees of it, and what comes out; in virtual time."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdaframe.concurrency import cancelled_error, on_asyncio
from lambdaframe.errors import LeaseLostError, StoreUnavailableError
from lambdaframe.idempotency.runner import run_once
from lambdaframe.idempotency.transitions import SKEW_MS, Claim, Reply
from tests.idempotency.lock_stores import FaultyStore, crash
from tests.idempotency.test_runner import operation
from tests.idempotency.virtual_time import VirtualClock, stop_the_process, virtual_backend


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return virtual_backend(request.param)


LONG = 10_000.0
"""Seconds that nothing here lasts."""

on_asyncio_only = pytest.mark.parametrize("anyio_backend", [virtual_backend("asyncio")])


@pytest.fixture
def store() -> FaultyStore:
    return FaultyStore(VirtualClock())


async def lose(store: FaultyStore, body: Callable[[], Awaitable[object]], ttl: float = 30.0) -> LeaseLostError:
    """Run the body under a lock, and give the error that says it was lost."""
    with pytest.raises(LeaseLostError) as caught:
        async with store.lock(ttl=ttl):
            await body()
    # Nothing of the cancellation is left.
    assert not on_asyncio() or not getattr(asyncio.current_task(), "cancelling", int)()
    await anyio.sleep(1)
    return caught.value


# When


async def test_taken_over(store: FaultyStore) -> None:
    """The store has forgotten the lock, as a cache does after a failure: it is noticed at the next extension."""

    async def body() -> None:
        store.forget()
        await anyio.sleep(LONG)

    assert str(await lose(store, body)) == "The lock 'stock' is lost: somebody else has taken it over."
    assert anyio.current_time() == pytest.approx(10 + 1)
    assert (store.counters.lost, store.counters.released) == (1, 0)


@pytest.mark.parametrize("fault", ["down", "hanging"])
async def test_a_store_that_stays_unreachable(fault: str, store: FaultyStore) -> None:
    """The holder is gone before anybody else can come: a third of the lease, and the skew, earlier."""
    start, ended = anyio.current_time(), list[float]()

    async def body() -> None:
        await anyio.sleep(12)
        setattr(store, fault, 3_600)
        try:
            await anyio.sleep(LONG)
        finally:
            ended.append(anyio.current_time() - start)

    lost = await lose(store, body)
    assert str(lost).startswith("The lock 'stock' is lost: its lease")
    assert isinstance(lost.__cause__, StoreUnavailableError if fault == "down" else type(None))
    assert ended == [pytest.approx(10 + 20)]
    setattr(store, fault, 0)
    async with store.lock():
        assert anyio.current_time() - start == pytest.approx(10 + 30 + SKEW_MS / 1_000, abs=0.3)


@pytest.mark.parametrize("fault", ["down", "slow"])
async def test_a_store_that_comes_back_in_time(
    fault: str, store: FaultyStore, capsys: pytest.CaptureFixture[str]
) -> None:
    async with store.lock(ttl=30):
        await anyio.sleep(5)
        for _ in range(3):
            setattr(store, fault, 5)
            await anyio.sleep(8.5)
            setattr(store, fault, 0)
            await anyio.sleep(31)
    assert (store.counters.lost, store.counters.released) == (0, 1)
    warnings = capsys.readouterr().out.count("could not be extended; trying again")  # one for each time it was down
    assert 1 <= warnings <= 3 if fault == "down" else warnings == 0


async def test_a_process_that_was_stopped(store: FaultyStore) -> None:
    """Its lease is long over when it goes on. It does not come far."""
    steps = 0

    async def body() -> None:
        nonlocal steps
        stop_the_process(3_600)
        while steps < 100:
            await anyio.lowlevel.checkpoint()
            steps += 1

    assert "the process was stopped" in str(await lose(store, body))
    assert steps <= 1


@pytest.mark.parametrize("ttl", [30, 3_600])
async def test_a_machine_that_was_asleep(ttl: float, store: FaultyStore) -> None:
    """Only the wall clock tells: the timers think that no time has passed."""
    start = anyio.current_time()

    async def body() -> None:
        await anyio.sleep(5.5)
        store.clock.set += 3_600
        await anyio.sleep(LONG)

    await lose(store, body, ttl)
    assert anyio.current_time() - start <= 5.5 + 1 + 1


async def test_a_machine_that_fell_asleep_while_the_store_was_asked(store: FaultyStore) -> None:
    async def body() -> None:
        store.hanging = 3_600
        await anyio.sleep(12)
        store.clock.set += 3_600
        await anyio.sleep(LONG)

    await lose(store, body)
    assert anyio.current_time() <= 12 + 1 + 0.3 + 1


@pytest.mark.parametrize("seconds", [-3_600, -1, 5])
async def test_a_clock_that_was_set_is_no_loss(seconds: float, store: FaultyStore) -> None:
    async with store.lock():
        await anyio.sleep(1)
        store.clock.set += seconds
        await anyio.sleep(8)


async def test_a_lease_that_comes_too_late_is_given_back(store: FaultyStore) -> None:
    store.slow = 21
    with pytest.raises(LeaseLostError, match="the store is slow"):
        async with store.lock(ttl=30):
            pytest.fail("it has no time left")
    assert store.entry().state == "F"


async def test_a_clock_that_was_set_back_hides_nothing(store: FaultyStore) -> None:
    async def body() -> None:
        await anyio.sleep(1)
        store.clock.set -= 3_600
        store.hanging = 3_600
        await anyio.sleep(LONG)

    await lose(store, body)
    assert anyio.current_time() <= 20 + 0.3 + 1


async def test_who_was_told_to_end_keeps_nobody_waiting(store: FaultyStore) -> None:
    """However long it takes: the lease is not extended any more, although the store is back."""

    async def body() -> None:
        store.down = True
        try:
            await anyio.sleep(LONG)
        finally:
            with anyio.CancelScope(shield=True):
                store.down = False
                async with store.lock("another"):
                    await anyio.sleep(5)

    await lose(store, body)
    assert store.extended == []


# Who blocks the loop is not cancelled. The store knows whether it was alone.


async def block_the_loop(store: FaultyStore, *, heir: bool) -> None:
    async with store.lock(ttl=30):
        stop_the_process(31.5)
        if heir:
            await crash(store)


async def test_a_late_end_is_fine_while_nobody_came(store: FaultyStore) -> None:
    await block_the_loop(store, heir=False)
    assert (store.counters.lost, store.counters.released) == (0, 1)


async def test_a_late_end_is_told_when_somebody_came(store: FaultyStore) -> None:
    with pytest.raises(LeaseLostError, match="somebody else has taken it over"):
        await block_the_loop(store, heir=True)
    assert (store.counters.lost, store.entry().owner, store.entry().state) == (1, "dead", "R")


@pytest.mark.parametrize("late", [False, True])
async def test_an_end_that_the_store_can_t_be_told(
    late: bool, store: FaultyStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was done under the lock is done. Whether it was alone is known as long as the lease runs."""

    async def body() -> None:
        async with store.lock(ttl=30):
            if late:
                stop_the_process(30)
            store.down = True

    if late:
        with pytest.raises(LeaseLostError, match="could not be extended in time") as caught:
            await body()
        assert isinstance(caught.value.__cause__, StoreUnavailableError)
    else:
        await body()
    assert "could not be released" in capsys.readouterr().out
    assert store.counters.lost == late


# What the holder sees


@on_asyncio_only
async def test_it_is_cancelled_once_and_may_clean_up(store: FaultyStore) -> None:
    seen: list[str] = []

    async def body() -> None:
        store.forget()
        try:
            await asyncio.sleep(LONG)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        finally:
            await asyncio.sleep(100)
            seen.append("cleaned up")

    await lose(store, body)
    assert seen == ["cancelled", "cleaned up"]


async def test_who_does_not_care_is_told_at_the_end(store: FaultyStore) -> None:
    async def body() -> None:
        store.forget()
        with anyio.CancelScope(), pytest.raises(cancelled_error()):
            await anyio.sleep(LONG)

    await lose(store, body)


async def test_an_error_at_the_same_time_goes_on_with_a_note(store: FaultyStore) -> None:
    async def body() -> None:
        async with store.lock():
            try:
                await forget(store)
            finally:
                raise ValueError("mine")

    with pytest.raises(ValueError, match="mine") as caught:
        await body()
    assert caught.value.__notes__ == ["The lock 'stock' is lost: somebody else has taken it over."]
    assert store.counters.lost == 1


async def child_of_a_task_group(cancelled: list[str]) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(forever, cancelled)
        group.start_soon(forever, cancelled)


async def host_of_a_task_group(cancelled: list[str]) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(forever, cancelled)
        await forever(cancelled)


async def in_a_scope(cancelled: list[str]) -> None:
    with anyio.CancelScope(), anyio.move_on_after(math.inf):
        await host_of_a_task_group(cancelled)


async def in_asyncio_s_task_group(cancelled: list[str]) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(forever(cancelled))
        await forever(cancelled)


async def in_asyncio_s_timeout(cancelled: list[str]) -> None:
    async with asyncio.timeout(3_600):
        await asyncio.gather(forever(cancelled), forever(cancelled))


async def forever(cancelled: list[str]) -> None:
    try:
        await anyio.sleep(LONG)
    finally:
        cancelled.append("cancelled")


@pytest.mark.parametrize("body", [child_of_a_task_group, host_of_a_task_group, in_a_scope])
async def test_scopes_and_groups_inside(body: Callable[[list[str]], Awaitable[None]], store: FaultyStore) -> None:
    await check_inside(body, store)


@on_asyncio_only
@pytest.mark.parametrize("body", [in_asyncio_s_task_group, in_asyncio_s_timeout])
async def test_asyncio_s_own_inside(body: Callable[[list[str]], Awaitable[None]], store: FaultyStore) -> None:
    await check_inside(body, store)


async def check_inside(body: Callable[[list[str]], Awaitable[None]], store: FaultyStore) -> None:
    cancelled: list[str] = []

    async def all_of_it() -> None:
        store.forget()
        await body(cancelled)

    await lose(store, all_of_it)
    assert cancelled == ["cancelled", "cancelled"]


async def test_scopes_and_groups_outside(store: FaultyStore) -> None:
    outcomes: list[str] = []

    async def one() -> None:
        with anyio.CancelScope():
            await lose(store, partial(forget, store))
        outcomes.append("lost")

    async with anyio.create_task_group() as group, anyio.create_task_group():
        group.start_soon(one)
        with anyio.fail_after(3_600):
            await one()
    assert outcomes == ["lost", "lost"]


async def forget(store: FaultyStore) -> None:
    store.forget()
    await anyio.sleep(LONG)


async def test_a_nested_lock_that_is_lost_is_not_the_outer_one(store: FaultyStore) -> None:
    async with store.lock("outer"):
        await lose(store, partial(forget, store))
        await anyio.sleep(100)
    assert (store.counters.acquired, store.counters.lost, store.counters.released) == (2, 1, 1)


async def test_two_nested_locks_lost_at_once(store: FaultyStore) -> None:
    """To the inner one the other's loss is a cancellation from outside."""

    async def body() -> None:
        async with store.lock("outer"), store.lock():
            store.forget("outer")
            await forget(store)

    with pytest.raises(LeaseLostError, match="'outer' is lost"):
        await body()
    assert store.counters.lost == 2


# Cancelled from outside at the same time


class Meanwhile(FaultyStore):
    """When a lease is extended: calls ``hook``, then says that it is lost."""

    hook: Callable[[], object]

    async def extend(self, claim: Claim) -> Reply:
        self.hook()
        self.forget()
        return await super().extend(claim)


async def spin_for_a_while() -> None:
    """Always in a step, never waiting for anything."""
    await anyio.sleep(9.999)
    while anyio.current_time() < 20:
        stop_the_process(0.0001)
        await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("body", [anyio.sleep_forever, spin_for_a_while])
async def test_a_cancelled_scope_stays_a_cancelled_scope(
    body: Callable[[], Awaitable[None]], store: FaultyStore
) -> None:
    both = Meanwhile(store.clock)
    with anyio.CancelScope() as outer:
        both.hook = outer.cancel
        async with both.lock():
            await body()
    assert outer.cancelled_caught
    await anyio.sleep(1)
    assert both.counters.lost == 1


@on_asyncio_only
async def test_a_scope_cancelled_just_after_the_loss_stays_one(store: FaultyStore) -> None:
    """asyncio makes one exception of both, and it is not the scope's."""
    both, now, reached = Meanwhile(store.clock), asyncio.Event(), list[str]()
    both.hook = now.set

    async def cancel_later() -> None:
        await now.wait()
        outer.cancel()

    task = asyncio.create_task(cancel_later())
    with anyio.CancelScope() as outer:
        async with both.lock():
            await forever(reached)
    assert outer.cancelled_caught
    await task
    assert (reached, both.counters.lost) == (["cancelled"], 1)


@on_asyncio_only
@pytest.mark.parametrize("first", ["outer", "loss"])
async def test_a_cancelled_task_stays_a_cancelled_task(first: str, store: FaultyStore) -> None:
    both, now = Meanwhile(store.clock), asyncio.Event()

    async def body() -> None:
        async with both.lock():
            await asyncio.sleep(LONG)

    async def cancel_later() -> None:
        await now.wait()
        task.cancel()

    task = asyncio.create_task(body())
    both.hook = task.cancel if first == "outer" else now.set
    await asyncio.wait([task, asyncio.create_task(cancel_later())], return_when=asyncio.FIRST_COMPLETED)
    now.set()
    await asyncio.wait([task])
    assert task.cancelled()
    assert both.counters.lost == 1


@on_asyncio_only
async def test_a_timeout_stays_a_timeout(store: FaultyStore) -> None:
    both = Meanwhile(store.clock)

    async def body() -> None:
        async with asyncio.timeout(3_600) as limit:
            both.hook = partial(limit.reschedule, 0)
            async with both.lock():
                await asyncio.sleep(LONG)

    with pytest.raises(TimeoutError) as caught:
        await body()
    assert type(caught.value) is TimeoutError
    assert both.counters.lost == 1


async def test_a_scope_inside_that_is_cancelled_at_the_same_time(store: FaultyStore) -> None:
    both = Meanwhile(store.clock)

    async def body() -> None:
        with anyio.CancelScope() as inner:
            both.hook = inner.cancel
            await anyio.sleep(LONG)
        await anyio.sleep(100)
        pytest.fail("it goes on")

    await lose(both, body)


async def test_an_operation_that_lost_its_lock_may_run_again(store: FaultyStore) -> None:
    async def body() -> None:
        async with store.lock():
            await forget(store)

    with pytest.raises(LeaseLostError):
        await run_once(operation(store, lease=3_000, ttl=6_000), "key", "payload", body)
    assert await run_once(operation(store), "key", "payload", partial(anyio.sleep, 0)) is None


# Never two


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@given(
    holds=st.lists(st.sampled_from([0.0, 1.0, 9.0, 11.0, 25.0, 70.0]), min_size=2, max_size=5),
    faults=st.lists(
        st.tuples(
            st.sampled_from(["down", "hanging", "slow"]),
            st.sampled_from([0.5, 5.0, 9.9, 21.0, 35.0]),
            st.sampled_from([0.5, 11.0, 35.0]),
        ),
        max_size=4,
    ),
)
@settings(max_examples=25)
def test_there_are_never_two(backend: str, holds: list[float], faults: list[Any]) -> None:
    """Whatever the store does: bodies that end when they are told to never meet, and each has a higher token than all
    before."""
    name, options = virtual_backend(backend)
    anyio.run(partial(_many, holds, faults), backend=name, backend_options=dict(options))


async def _many(holds: list[float], faults: list[tuple[str, float, float]]) -> None:
    store, inside, tokens = FaultyStore(VirtualClock()), list[int](), list[int]()

    async def worker(seconds: float) -> None:
        for _ in range(3):
            with suppress(StoreUnavailableError, LeaseLostError):
                async with store.lock(ttl=30) as lease:
                    assert not inside
                    assert lease.fencing_token > max(tokens, default=0)
                    tokens.append(lease.fencing_token)
                    inside.append(lease.fencing_token)
                    try:
                        await anyio.sleep(seconds)
                    finally:
                        inside.clear()
            await anyio.sleep(1)

    async def trouble() -> None:
        for fault, after, seconds in faults:
            await anyio.sleep(after)
            setattr(store, fault, seconds)
            await anyio.sleep(seconds)
            setattr(store, fault, 0)

    async with anyio.create_task_group() as group:
        group.start_soon(trouble)
        for seconds in holds:
            group.start_soon(worker, seconds)
    assert not inside
