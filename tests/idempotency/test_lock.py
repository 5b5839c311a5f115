"""Getting a lock, waiting for it and giving it back, on asyncio and trio, in virtual time."""

import asyncio
import math
import subprocess
import sys
from datetime import timedelta
from functools import partial
from typing import Any

import anyio
import pytest

from lambdaframe.errors import ConfigurationError, LockTimeoutError, StoreUnavailableError
from lambdaframe.idempotency import MemoryStore, NoLeaseError, current_lease
from lambdaframe.idempotency.lease import no_effect_yet
from lambdaframe.idempotency.lock import Lock
from lambdaframe.idempotency.runner import run_once
from lambdaframe.idempotency.transitions import SKEW_MS, Claim, Outcome, Reply
from lambdaframe.invocation import Invocation, current
from tests.idempotency.lock_stores import KEY, FaultyStore, crash
from tests.idempotency.test_runner import operation
from tests.idempotency.virtual_time import VirtualClock, virtual_backend


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return virtual_backend(request.param)


@pytest.fixture
def store() -> FaultyStore:
    return FaultyStore(VirtualClock())


async def hold(store: FaultyStore, seconds: float) -> None:
    async with store.lock():
        await anyio.sleep(seconds)


# One at a time


async def test_many_take_it_in_turn_each_with_a_higher_token(store: FaultyStore) -> None:
    count, tokens = 0, list[int]()

    async def increment() -> None:
        nonlocal count
        async with store.lock(ttl=30) as lease:
            seen = count
            await anyio.sleep(35)  # longer than the lease
            count = seen + 1
            tokens.append(lease.fencing_token)

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(increment)
    assert count == 10
    assert tokens == sorted(set(tokens))
    nothing = ("conflicts", "lost", "mismatches", "omitted", "replayed", "takeovers")
    assert store.counters.snapshot() == {"acquired": 10, "released": 10, **dict.fromkeys(nothing, 0)}


async def test_other_names_are_other_locks(store: FaultyStore) -> None:
    async with store.lock("a") as a, store.lock("b") as b, store.lock("stock"):
        assert len({lease.key for lease in (a, b, current_lease())}) == 3


async def test_the_lease_is_the_current_one_inside(store: FaultyStore) -> None:
    async with store.lock("outer") as outer:
        async with store.lock() as lease:
            assert current_lease() is lease
            assert (lease.key, lease.owner, lease.fencing_token) == (KEY, store.entry().owner, store.entry().gen)
        assert current_lease() is outer
    with pytest.raises(NoLeaseError):
        current_lease()


async def test_it_is_extended_every_third_of_its_time(store: FaultyStore) -> None:
    start = anyio.current_time()
    async with store.lock(ttl=30):
        await anyio.sleep(3_605)
        assert store.entry().lease_until == round((store.clock.time() - 5 + 30) * 1_000)
    assert [round(time - start, 6) for time in store.extended] == [10.0 * n for n in range(1, 361)]


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt()], ids=["error", "interrupt"])
async def test_it_is_free_after_an_error_which_comes_out_as_it_is(error: BaseException, store: FaultyStore) -> None:
    with pytest.raises(type(error)) as caught:
        async with store.lock():
            raise error
    assert caught.value is error
    assert not hasattr(error, "__notes__")
    async with store.lock(wait=0):
        pass


async def test_a_lost_reply_of_the_store_is_no_matter(store: FaultyStore) -> None:
    """The store's client sends a move again when the reply got lost; meanwhile another one may have got the lock."""
    store.twice = 0.5
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(hold, store, 1)
    assert (store.counters.acquired, store.counters.lost) == (3, 0)


async def test_any_store_has_locks() -> None:
    class Own:
        """The four moves and no more."""

        max_result_size = None

        def __init__(self) -> None:
            inner = MemoryStore()
            self.acquire, self.complete = inner.acquire, inner.complete
            self.release, self.extend = inner.release, inner.extend

    own = Own()
    async with Lock(own, "stock", wait=0) as first:
        pass
    async with Lock(own, "stock", wait=0) as second:
        assert second.fencing_token == first.fencing_token + 1


# Waiting


async def test_without_waiting(store: FaultyStore) -> None:
    await crash(store)
    start = anyio.current_time()
    with pytest.raises(LockTimeoutError, match="'stock' was held by somebody else for 0 s") as caught:
        async with store.lock(wait=0):
            pass
    assert anyio.current_time() == start
    assert isinstance(caught.value, TimeoutError)
    assert (caught.value.name, store.counters.conflicts) == ("stock", 1)


@pytest.mark.parametrize("wait", [5, timedelta(seconds=5)])
async def test_waiting_for_so_long(wait: Any, store: FaultyStore) -> None:
    await crash(store)
    with anyio.fail_after(5.001), pytest.raises(LockTimeoutError, match="for 5 s"):
        async with store.lock(wait=wait):
            pass


async def test_waiting_has_no_end_without_a_deadline(store: FaultyStore) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(hold, store, 600)
        await anyio.sleep(1)
        async with store.lock():
            assert anyio.current_time() >= 600


@pytest.mark.parametrize(("left", "waited"), [(10.0, 9.0), (0.5, 0.0), (-1.0, 0.0)])
@pytest.mark.parametrize("wait", [None, 3_600])
async def test_waiting_ends_a_second_before_the_own_deadline(
    left: float, waited: float, wait: float | None, store: FaultyStore
) -> None:
    await crash(store, ttl=3_600)
    start = anyio.current_time()
    current.set(Invocation(deadline=start + left, clock=store.clock))
    with pytest.raises(LockTimeoutError):
        async with store.lock(wait=wait):
            pass
    assert anyio.current_time() - start == pytest.approx(waited, abs=0.001)


async def test_a_deadline_does_not_shorten_the_lease(store: FaultyStore) -> None:
    current.set(Invocation(deadline=anyio.current_time() + 0.1, clock=store.clock))
    async with store.lock(ttl=60):
        assert store.entry().lease_until == round((store.clock.time() + 60) * 1_000)


async def test_a_holder_that_died_is_followed_after_lease_and_skew(store: FaultyStore) -> None:
    token = await crash(store, ttl=30)
    free_at = store.entry().lease_until + SKEW_MS
    async with store.lock() as lease:
        late = store.clock.time() * 1_000 - free_at
        assert 0 < late <= 300
        assert lease.fencing_token > token
    assert store.counters.takeovers == 1


async def test_a_store_that_tells_is_believed(store: FaultyStore) -> None:
    """Whoever waits is woken by the release, but looks by itself when a holder that has died tells nobody."""

    class Telling(FaultyStore):
        def __init__(self) -> None:
            super().__init__(store.clock)
            self.released = anyio.Event()

        async def changed(self, key: str, seconds: float) -> bool:
            assert key == KEY
            with anyio.move_on_after(seconds):
                await self.released.wait()
            return True

        async def release(self, claim: Claim) -> Reply:
            self.released.set()
            return await super().release(claim)

    telling = Telling()
    async with anyio.create_task_group() as group:
        group.start_soon(hold, telling, 7.7)
        await anyio.sleep(1)
        async with telling.lock():
            assert anyio.current_time() == pytest.approx(7.7, abs=0.001)
    telling = Telling()
    start = anyio.current_time()
    await crash(telling, ttl=3.333)
    async with telling.lock():
        assert 4.333 < anyio.current_time() - start < 4.4


@pytest.mark.parametrize("busy", [True, False], ids=["waiting", "asking"])
async def test_a_cancelled_waiter_leaves_nothing_behind(busy: bool, store: FaultyStore) -> None:
    """Not even when it was cancelled while the store's answer, a lock, was on its way."""
    if busy:
        await crash(store, ttl=10)
    store.slow = 0.0 if busy else 0.2
    with anyio.move_on_after(5 if busy else 0.1) as limit:
        async with store.lock():
            pytest.fail("it was cancelled")
    assert limit.cancelled_caught
    assert (store.entry().owner, store.entry().state) == ("dead", "R") if busy else store.entry().state == "F"


async def test_a_cancelled_holder_gives_it_back(store: FaultyStore) -> None:
    with anyio.move_on_after(5) as limit:
        async with store.lock():
            store.slow = 0.2
            await anyio.sleep_forever()
    assert limit.cancelled_caught
    assert (store.entry().state, store.counters.lost) == ("F", 0)


async def test_a_cancelled_holder_waits_for_no_store_that_is_silent(store: FaultyStore) -> None:
    with anyio.move_on_after(5) as limit:
        async with store.lock():
            store.hanging = 3_600
            await anyio.sleep_forever()
    assert limit.cancelled_caught
    assert anyio.current_time() <= 5.5


# Mistakes


async def test_a_task_that_would_wait_for_itself_is_told_at_once(store: FaultyStore) -> None:
    async with store.lock(), store.lock("other"):
        with pytest.raises(RuntimeError, match="holds the lock 'stock' already and would wait for itself"):
            async with store.lock(wait=60):
                pass
    async with store.lock():
        pass


async def test_a_task_may_wait_for_the_one_that_started_it(
    store: FaultyStore, capsys: pytest.CaptureFixture[str]
) -> None:
    async with anyio.create_task_group() as group, store.lock():
        group.start_soon(hold, store, 1)
        await anyio.sleep(5)
    assert store.counters.acquired == 2
    assert capsys.readouterr().out.count("Waiting for a lock that the code holds that has started this task") == 1


async def test_a_lock_object_is_entered_once(store: FaultyStore) -> None:
    lock = store.lock()
    async with lock:
        pass
    with pytest.raises(RuntimeError, match=r"write 'async with store\.lock\(…\)' each time"):
        async with lock:
            pass


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("", {}, "a text that is not empty, such as 'stock:TE-0042', not ''"),
        (None, {}, "not None"),
        (7, {}, "not 7"),
        ("stock", {"ttl": 0}, "lock 'stock': ttl is a positive number of seconds or a timedelta, not 0"),
        ("stock", {"ttl": math.inf}, "not inf"),
        ("stock", {"ttl": timedelta(-1)}, "ttl is"),
        ("stock", {"wait": -1}, "wait is a number of seconds, 0 or more, or a timedelta, not -1"),
        ("stock", {"wait": math.nan}, "not nan"),
    ],
)
def test_mistakes_are_found_before_the_store_is_asked(name: Any, options: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        MemoryStore().lock(name, **options)


async def test_without_a_store_there_is_no_lock(store: FaultyStore) -> None:
    store.down = True
    with pytest.raises(StoreUnavailableError):
        async with store.lock():
            pytest.fail("nobody has it")


# With idempotent operations


async def test_an_operation_that_is_cancelled_under_a_lock_before_its_effect_lets_others_start() -> None:
    store = MemoryStore()

    async def body(*, effect: bool) -> None:
        async with store.lock("a"), store.lock("b"):
            with no_effect_yet():
                limit.cancel()
                if not effect:
                    await anyio.sleep(1)
            await anyio.sleep(1)

    for effect in (False, True):
        with anyio.CancelScope() as limit:
            await run_once(operation(store), f"effect {effect}", "payload", partial(body, effect=effect))
        states = [store._entries[f"effect {effect}"].state]  # pyright: ignore[reportPrivateUsage]
        assert states == ["R" if effect else "F"]


async def test_locks_and_operations_of_one_name_are_apart(store: FaultyStore) -> None:
    async def body() -> Any:
        async with store.lock("orders.create") as lease:
            return lease.fencing_token

    token = await run_once(operation(store), "orders.create", "payload", body)
    assert await run_once(operation(store), "orders.create", "payload", body) == token
    claim = Claim("orders.create", "", "payload", 1, 1)
    assert (await store.acquire(claim)).entry.state == "D"
    assert Outcome("ok", str(token).encode()) == Outcome("ok", (await store.acquire(claim)).entry.result)


# What it costs


@pytest.mark.parametrize("anyio_backend", [virtual_backend("asyncio")])
async def test_a_short_hold_starts_no_task_and_leaves_none(store: FaultyStore) -> None:
    tasks = asyncio.all_tasks()
    async with store.lock(ttl=30):
        await asyncio.sleep(9)
        assert asyncio.all_tasks() == tasks
    async with store.lock(ttl=2):
        await asyncio.sleep(1)
        assert len(asyncio.all_tasks()) == len(tasks) + 1
    assert asyncio.all_tasks() == tasks


@pytest.mark.parametrize("anyio_backend", [virtual_backend("asyncio")])
async def test_a_coroutine_that_is_closed_ends_without_a_word(store: FaultyStore) -> None:
    async def body() -> None:
        async with store.lock():
            reached.append("body")
            await asyncio.sleep(0)

    reached: list[str] = []
    coroutine = body()
    while not reached:
        coroutine.send(None)
    coroutine.close()
    assert store.entry().state == "R"


QUICK_PATH = """
import asyncio, sys
from lambdaframe.idempotency import MemoryStore

async def main():
    async with MemoryStore().lock("stock", ttl=5, wait=0) as lease:
        assert lease.fencing_token

assert not {"lambdaframe.idempotency.holding"} & set(sys.modules)
asyncio.run(main())
assert not {"anyio", "pydantic", "starlette"} & set(sys.modules), sorted(sys.modules)
"""


def test_the_quick_path_loads_no_library() -> None:
    subprocess.run([sys.executable, "-c", QUICK_PATH], check=True)
