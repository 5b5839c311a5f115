"""What happens when: the runner's table, row by row, on asyncio and trio."""

import asyncio
import math
import subprocess
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any

import anyio
import pytest

from lambdaframe.errors import ConfigurationError
from lambdaframe.idempotency import (
    IdempotencyConflictError,
    IdempotencyMismatchError,
    LeaseLostError,
    MemoryStore,
    NoLeaseError,
    ResultOmittedError,
    Store,
    current_lease,
)
from lambdaframe.idempotency.codec import FunctionCodec
from lambdaframe.idempotency.policy import policy
from lambdaframe.idempotency.runner import Operation, run_once
from lambdaframe.idempotency.transitions import Claim, Entry, Outcome, Reply, Verdict
from lambdaframe.invocation import Invocation, current
from tests.idempotency.clock import FakeClock

KEY, PAYLOAD = "k" * 64, "p" * 64


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


class OutOfStockError(Exception):
    """A final error whose constructor takes other arguments than the exception has."""

    def __init__(self, *, sku: str) -> None:
        super().__init__(f"{sku} is sold out")
        self.sku = sku


def operation(store: Store, **options: Any) -> Operation[Any]:
    async def anything() -> Any: ...

    return Operation(
        "orders.create", store, policy("orders.create", **options), FunctionCodec("f", anything, (OutOfStockError,))
    )


class Work:
    """An operation's body that counts its runs."""

    def __init__(self, result: Any = None) -> None:
        self.result = result
        self.runs = 0

    async def __call__(self) -> Any:
        self.runs += 1
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


class Gate:
    """A body that says when it has started and ends when it is told to."""

    def __init__(self, result: Any = "slow") -> None:
        self.started = anyio.Event()
        self.finish = anyio.Event()
        self.result = result

    async def __call__(self) -> Any:
        self.started.set()
        await self.finish.wait()
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


class Watched(MemoryStore):
    """A store that says when a caller was told to wait, and counts extensions."""

    def __init__(self) -> None:
        super().__init__()
        self.busy = anyio.Event()
        self.extended = anyio.Event()
        self.leases: list[int] = []

    async def acquire(self, claim: Claim) -> Reply:
        reply = await super().acquire(claim)
        if reply.verdict is Verdict.BUSY:
            self.busy.set()
        return reply

    async def extend(self, claim: Claim) -> Reply:
        reply = await super().extend(claim)
        self.leases.append(reply.entry.lease_until)
        if len(self.leases) == 3:
            self.extended.set()
        return reply


def stored(store: MemoryStore) -> Entry:
    entry: Entry = store._entries[KEY]  # pyright: ignore[reportPrivateUsage]
    return entry


@contextmanager
def invocation(seconds: float, clock: FakeClock) -> Generator[None]:
    """An invocation that has so many seconds left."""
    token = current.set(Invocation(deadline=clock.monotonic() + seconds, clock=clock))
    yield
    current.reset(token)


async def crash(store: MemoryStore, *, lease: float = 30.0) -> None:
    """An attempt that dies: it never says another word."""
    await store.acquire(Claim(KEY, "dead", PAYLOAD, round(lease * 1_000), 3_600_000))


# Once


@pytest.mark.parametrize("result", [{"id": 7}, None, 0, "", False, [], {}])
async def test_a_result_is_made_once_and_replayed(result: Any) -> None:
    once, work = operation(MemoryStore()), Work(result)
    assert await run_once(once, KEY, PAYLOAD, work) == result
    assert await run_once(once, KEY, PAYLOAD, work) == result
    assert work.runs == 1


async def test_another_payload_is_refused_and_changes_nothing() -> None:
    store, work = MemoryStore(), Work(1)
    await run_once(operation(store), KEY, PAYLOAD, work)
    before = stored(store)
    with pytest.raises(IdempotencyMismatchError):
        await run_once(operation(store), KEY, "other", work)
    assert (work.runs, stored(store)) == (1, before)


async def test_a_result_is_forgotten_after_its_time(clock: FakeClock) -> None:
    store, work = MemoryStore(clock=clock), Work(1)
    for wait in (3_600_000, 1, 0):
        await run_once(operation(store, ttl=3_600), KEY, PAYLOAD, work)
        clock.advance(wait)
    assert work.runs == 2


async def test_a_lost_reply_of_the_store_is_no_conflict() -> None:
    """The store's client sends a move again when the reply got lost: the second reply must do."""

    class SaysItTwice(MemoryStore):
        async def acquire(self, claim: Claim) -> Reply:
            await super().acquire(claim)
            return await super().acquire(claim)

        async def complete(self, claim: Claim, outcome: Outcome) -> Reply:
            await super().complete(claim, outcome)
            return await super().complete(claim, outcome)

    store, work = SaysItTwice(), Work([1])
    assert await run_once(operation(store), KEY, PAYLOAD, work) == [1]
    assert stored(store).state == "D"
    assert await run_once(operation(store), KEY, PAYLOAD, work) == [1]
    assert work.runs == 1


# Errors


async def test_a_retryable_error_releases_the_key() -> None:
    once, work = operation(MemoryStore(), on_conflict="reject"), Work(ValueError("later"))
    for _ in range(2):
        with pytest.raises(ValueError, match="later"):
            await run_once(once, KEY, PAYLOAD, work)
    work.result = "fine"
    assert await run_once(once, KEY, PAYLOAD, work) == "fine"
    assert work.runs == 3


async def test_a_final_error_is_a_result() -> None:
    once, work = operation(MemoryStore()), Work(OutOfStockError(sku="A1"))
    for _ in range(3):
        with pytest.raises(OutOfStockError, match="A1 is sold out") as caught:
            await run_once(once, KEY, PAYLOAD, work)
        assert caught.value.sku == "A1"
    assert work.runs == 1


async def test_the_error_at_hand_outlives_a_failing_release(capsys: pytest.CaptureFixture[str]) -> None:
    class Unreachable(MemoryStore):
        async def release(self, claim: Claim) -> Reply:
            raise ConnectionError("no route")

    with pytest.raises(ValueError, match="mine") as caught:
        await run_once(operation(Unreachable()), KEY, PAYLOAD, Work(ValueError("mine")))
    assert "no route" in caught.value.__notes__[0]
    assert "could not be released" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("result", "reason"),
    [(object(), "object can't be written"), ("x" * 99, "it has 101 bytes, and the store takes 100")],
    ids=["not JSON", "too long"],
)
async def test_a_result_that_can_t_be_kept_is_not_made_again(
    result: Any, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    once, work = operation(MemoryStore(max_result_size=100)), Work(result)
    assert await run_once(once, KEY, PAYLOAD, work) is result
    assert reason in capsys.readouterr().out
    for _ in range(2):
        with pytest.raises(ResultOmittedError, match=reason):
            await run_once(once, KEY, PAYLOAD, work)
    assert work.runs == 1


# Conflicts


async def test_two_callers_at_once_get_the_same_result_of_one_run() -> None:
    store, gate, results = Watched(), Gate([1, 2]), list[Any]()

    async def caller(call: Callable[[], Awaitable[Any]]) -> None:
        results.append(await run_once(operation(store), KEY, PAYLOAD, call))

    second = Work("must not run")
    async with anyio.create_task_group() as group:
        group.start_soon(caller, gate)
        await gate.started.wait()
        group.start_soon(caller, second)
        await store.busy.wait()
        gate.finish.set()
    assert results == [[1, 2], [1, 2]]
    assert second.runs == 0


async def test_a_waiting_caller_runs_when_the_first_one_gives_up() -> None:
    store, gate, second = Watched(), Gate(ValueError("gave up")), Work("second")

    async def first() -> None:
        with pytest.raises(ValueError, match="gave up"):
            await run_once(operation(store), KEY, PAYLOAD, gate)

    async with anyio.create_task_group() as group:
        group.start_soon(first)
        await gate.started.wait()

        async def waiting() -> None:
            assert await run_once(operation(store), KEY, PAYLOAD, second) == "second"

        group.start_soon(waiting)
        await store.busy.wait()
        gate.finish.set()
    assert second.runs == 1


async def test_reject_does_not_wait(clock: FakeClock) -> None:
    store, work = MemoryStore(clock=clock), Work()
    await crash(store, lease=29.5)
    with pytest.raises(IdempotencyConflictError, match="still running") as caught:
        await run_once(operation(store, on_conflict="reject"), KEY, PAYLOAD, work)
    assert caught.value.retry_after == 31  # the lease and the skew, in whole seconds
    assert work.runs == 0


async def test_waiting_ends_with_the_lease(clock: FakeClock) -> None:
    store, work = MemoryStore(clock=clock), Work()
    await crash(store, lease=5)
    clock.step_ms = 1_000
    with pytest.raises(IdempotencyConflictError) as caught:
        await run_once(operation(store), KEY, PAYLOAD, work)
    assert (clock.now_ms - stored(store).lease_until, caught.value.retry_after, work.runs) == (0, 1, 0)


async def test_waiting_ends_a_second_before_the_own_deadline(clock: FakeClock) -> None:
    store, work = MemoryStore(clock=clock), Work()
    await crash(store)
    with invocation(4.0, clock):
        start, clock.step_ms = clock.now_ms, 500
        with pytest.raises(IdempotencyConflictError):
            await run_once(operation(store), KEY, PAYLOAD, work)
    assert 3_000 <= clock.now_ms - start <= 4_000
    assert work.runs == 0


async def test_an_operation_that_waits_for_itself_is_told_at_once() -> None:
    once = operation(MemoryStore())

    async def recursive() -> Any:
        return await run_once(once, KEY, PAYLOAD, Work())

    with anyio.fail_after(5), pytest.raises(IdempotencyConflictError):
        await run_once(once, KEY, PAYLOAD, recursive)


# Leases


@pytest.mark.parametrize(
    ("remaining", "lease", "expected"),
    [(None, None, 30), (10.0, None, 12), (-5.0, None, 2), (10.0, 60, 12), (100.0, 60, 60), (None, 60, 60)],
)
async def test_length_of_a_lease(
    remaining: float | None, lease: float | None, expected: float, clock: FakeClock
) -> None:
    store, left = MemoryStore(clock=clock), list[int]()

    async def body() -> None:
        left.append(stored(store).lease_until - clock.now_ms)

    once = operation(store, lease=lease)
    if remaining is None:
        await run_once(once, KEY, PAYLOAD, body)
    else:
        with invocation(remaining, clock):
            await run_once(once, KEY, PAYLOAD, body)
    assert left == [expected * 1_000]


async def test_a_lease_is_extended_while_the_operation_runs() -> None:
    store = Watched()

    async def body() -> Any:
        first = stored(store).lease_until
        with anyio.fail_after(5):
            await store.extended.wait()
        assert first < store.leases[0] < store.leases[1] < store.leases[2]
        raise ValueError("comes out as it is")

    with pytest.raises(ValueError, match="comes out as it is"):
        await run_once(operation(store, lease=0.06), KEY, PAYLOAD, body)
    assert stored(store).state == "F"


async def test_a_failed_extension_is_tried_again(capsys: pytest.CaptureFixture[str]) -> None:
    class Flaky(Watched):
        failed = False

        async def extend(self, claim: Claim) -> Reply:
            if not self.failed:
                self.failed = True
                raise ConnectionError("once")
            return await super().extend(claim)

    store = Flaky()
    with anyio.fail_after(5):
        await run_once(operation(store, lease=0.06), KEY, PAYLOAD, store.extended.wait)
    assert (stored(store).state, store.failed) == ("D", True)
    assert "could not be extended" in capsys.readouterr().out


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_no_task_is_left_and_quick_calls_start_none() -> None:
    async def body() -> None:
        assert asyncio.all_tasks() == tasks

    tasks = asyncio.all_tasks()
    await run_once(operation(MemoryStore()), KEY, PAYLOAD, body)
    store = Watched()
    await run_once(operation(store, lease=0.06), KEY, PAYLOAD, store.extended.wait)
    assert asyncio.all_tasks() == tasks


@pytest.mark.parametrize(("remaining", "lease_ms"), [(10.0, 12_000), (math.inf, 30_000)])
async def test_a_cancelled_call_leaves_its_record_until_the_lease_ends(
    remaining: float, lease_ms: int, clock: FakeClock
) -> None:
    """Nobody knows how far it came: nobody starts before the lease and the skew are over, then somebody may."""
    store, gate, work = MemoryStore(clock=clock), Gate(), Work("second")
    once = operation(store, on_conflict="reject")
    with invocation(remaining, clock):
        async with anyio.create_task_group() as group:
            group.start_soon(run_once, once, KEY, PAYLOAD, gate)
            await gate.started.wait()
            group.cancel_scope.cancel()
    assert stored(store).state == "R"
    clock.advance(lease_ms + 1_000)
    with pytest.raises(IdempotencyConflictError):
        await run_once(once, KEY, PAYLOAD, work)
    clock.advance(1)
    assert await run_once(once, KEY, PAYLOAD, work) == "second"


async def test_on_expiry_reject_runs_nothing_again(clock: FakeClock) -> None:
    store, work = MemoryStore(clock=clock), Work()
    await crash(store)
    clock.advance(60_000)
    with pytest.raises(IdempotencyConflictError, match="whether it took effect is not known") as caught:
        await run_once(operation(store, on_expiry="reject"), KEY, PAYLOAD, work)
    assert (work.runs, caught.value.retry_after) == (0, 3_600 - 60)


@pytest.mark.parametrize("late", ["slow", OutOfStockError(sku="A1")], ids=["result", "final error"])
async def test_a_late_owner_gets_the_recorded_result(late: Any, clock: FakeClock) -> None:
    store, gate, tokens, results = MemoryStore(clock=clock), Gate(late), list[int](), list[Any]()

    async def slow() -> None:
        async def body() -> Any:
            tokens.append(current_lease().fencing_token)
            return await gate()

        results.append(await run_once(operation(store), KEY, PAYLOAD, body))

    async def heir() -> str:
        tokens.append(current_lease().fencing_token)
        return "heir"

    recorded: list[Entry] = []
    async with anyio.create_task_group() as group:
        group.start_soon(slow)
        await gate.started.wait()
        clock.advance(31_001)
        assert await run_once(operation(store), KEY, PAYLOAD, heir) == "heir"
        recorded.append(stored(store))
        gate.finish.set()
    assert results == ["heir"]
    assert recorded == [stored(store)]
    assert tokens[0] < tokens[1]


async def test_a_late_owner_without_a_recorded_result_has_lost(clock: FakeClock) -> None:
    store, slow, heir = MemoryStore(clock=clock), Gate("slow"), Gate("heir")

    async def lose() -> None:
        with pytest.raises(LeaseLostError):
            await run_once(operation(store), KEY, PAYLOAD, slow)
        heir.finish.set()

    async with anyio.create_task_group() as group:
        group.start_soon(lose)
        await slow.started.wait()
        clock.advance(31_001)
        group.start_soon(run_once, operation(store), KEY, PAYLOAD, heir)
        await heir.started.wait()
        slow.finish.set()
    assert stored(store).result == b'"heir"'


async def test_current_lease_is_the_innermost() -> None:
    store, seen = MemoryStore(), list[str]()

    async def inner() -> None:
        seen.append(current_lease().key)

    async def outer() -> None:
        await run_once(operation(store), "inner", PAYLOAD, inner)
        seen.append(current_lease().key)
        assert current_lease().owner == stored(store).owner
        assert current_lease().fencing_token == stored(store).gen

    await run_once(operation(store), KEY, PAYLOAD, outer)
    assert seen == ["inner", KEY]
    with pytest.raises(NoLeaseError) as caught:
        current_lease()
    assert isinstance(caught.value, LookupError)


# Options


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ttl": 60}, "at least 1804 s"),
        ({"ttl": 119, "lease": 60}, r"twice the longest lease \(60 s\), so at least 120 s"),
        ({"ttl": 1, "lease": 0.1}, r"lease \(0.1 s\) and for a second after it, so at least 1.1 s"),
        ({"ttl": -1}, "ttl is a positive number"),
        ({"lease": 0}, "lease is a positive number"),
        ({"on_conflict": "ignore"}, "on_conflict is one of"),
        ({"on_expiry": "wait"}, "on_expiry is one of"),
    ],
)
def test_mistakes_in_options_are_found_at_registration(options: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=f"orders.create: .*{said}"):
        policy("orders.create", **options)


def test_a_short_retention_is_fine_with_a_short_lease() -> None:
    assert policy("orders.create", ttl=120, lease=60).ttl == 120


QUICK_PATH = """
import asyncio, sys
from lambdaframe.idempotency import idempotent

@idempotent(key="order", store="memory://")
async def create(order: str) -> dict[str, str]:
    return {"order": order}

async def main():
    assert await create("a") == await create("a")

asyncio.run(main())
assert not {"anyio", "pydantic", "starlette"} & set(sys.modules), sorted(sys.modules)
"""


def test_the_quick_path_loads_no_library() -> None:
    subprocess.run([sys.executable, "-c", QUICK_PATH], check=True)
