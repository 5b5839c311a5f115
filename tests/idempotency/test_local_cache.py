"""A cache of done results before a store: it asks less, and answers the same. The model is in ``test_stores``."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from lambdaframe.errors import ConfigurationError
from lambdaframe.idempotency import (
    IdempotencyMismatchError,
    LocalCache,
    MemoryStore,
    Notifying,
    idempotent,
)
from lambdaframe.idempotency.store import Naming
from lambdaframe.idempotency.transitions import Claim, Outcome, Reply, Verdict
from tests.idempotency.clock import FakeClock

DONE = Outcome("ok", b"result")


class Counted(MemoryStore):
    """Counts what it is asked."""

    asked = 0
    closed = 0

    async def acquire(self, claim: Claim) -> Reply:
        self.asked += 1
        return await super().acquire(claim)

    async def aclose(self) -> None:
        self.closed += 1


def claim(key: str = "key", owner: str = "me", payload: str = "x") -> Claim:
    return Claim(key, owner, payload, lease_ms=1_000, retention_ms=10_000)


async def do(cache: LocalCache, key: str = "key") -> None:
    granted = claim(key).granted((await cache.acquire(claim(key))).entry.gen)
    assert (await cache.complete(granted, DONE)).verdict is Verdict.GRANTED


async def test_a_replay_asks_no_store() -> None:
    store = Counted()

    @idempotent(key="key", store=LocalCache(store))
    async def create(key: str, amount: int = 1) -> dict[str, int]:
        return {"z": amount, "a": 0}

    first = await create("k")
    for _ in range(3):
        assert list((await create("k")).items()) == list(first.items())
    with pytest.raises(IdempotencyMismatchError):
        await create("k", 2)
    assert store.asked == 1
    assert (store.counters.acquired, store.counters.replayed, store.counters.mismatches) == (1, 3, 1)


async def test_what_another_process_did_is_asked_for_once() -> None:
    store = Counted()
    await do(LocalCache(store))
    cache = LocalCache(store)
    asked = store.asked
    for payload, verdict in (("y", Verdict.MISMATCH), ("x", Verdict.REPLAY), ("y", Verdict.MISMATCH)):
        assert (await cache.acquire(claim(payload=payload, owner="other"))).verdict is verdict
    assert store.asked == asked + 1


async def test_only_results_are_kept() -> None:
    store = Counted()
    cache = LocalCache(store)
    granted = claim().granted((await cache.acquire(claim())).entry.gen)
    assert (await cache.acquire(claim(owner="other"))).verdict is Verdict.BUSY
    assert (await cache.extend(granted)).verdict is Verdict.GRANTED
    assert (await cache.release(granted)).verdict is Verdict.GRANTED
    assert (await cache.acquire(claim(owner="other"))).verdict is Verdict.GRANTED
    assert store.asked == 3


async def test_a_late_owner_gets_the_recorded_result() -> None:
    clock = FakeClock()
    cache = LocalCache(MemoryStore(clock=clock), clock=clock)
    late = claim().granted((await cache.acquire(claim())).entry.gen)
    clock.advance(2_001)
    heir = claim(owner="heir")
    await cache.complete(heir.granted((await cache.acquire(heir)).entry.gen), DONE)
    reply = await cache.complete(late, Outcome("ok", b"late"))
    assert (reply.verdict, reply.entry.result) == (Verdict.THEIRS, b"result")


@pytest.mark.parametrize("stopped", ["wall", "monotonic", None])
@pytest.mark.parametrize(("past", "verdict"), [(0, Verdict.REPLAY), (1, Verdict.GRANTED)])
async def test_a_result_ends_when_it_does_in_the_store(past: int, verdict: Verdict, stopped: str | None) -> None:
    """By the store's clock: this process's may be anything, set back, or stand still while the process is frozen."""

    class Own:
        def time(self) -> float:
            return 5_000 if stopped == "wall" else stores.time() + 1e9

        def monotonic(self) -> float:
            return 7 if stopped == "monotonic" else stores.time() / 2 + stores.time() / 2

    stores = FakeClock()
    cache = LocalCache(MemoryStore(clock=stores), clock=Own())
    await do(cache)
    stores.advance(10_000 + past)
    reply = await cache.acquire(claim(owner="other"))
    assert (reply.verdict, reply.now) == (verdict, stores.now_ms)


async def test_the_results_used_last_are_kept() -> None:
    store = Counted()
    cache = LocalCache(store, max_items=2)
    await do(cache, "a")
    await do(cache, "b")
    await cache.acquire(claim("a", "other"))
    await do(cache, "c")
    asked = store.asked
    for key, more in (("a", 0), ("c", 0), ("b", 1), ("c", 1), ("a", 2)):
        assert (await cache.acquire(claim(key, "other"))).verdict is Verdict.REPLAY
        assert store.asked == asked + more, key


async def test_it_is_the_store_that_it_stands_before() -> None:
    class Telling(Counted):
        naming: Naming | None = None

        async def changed(self, key: str, seconds: float) -> bool:
            return key == "key"

    telling = Telling(max_result_size=7)
    cache = LocalCache(telling)
    assert (cache.max_result_size, cache.counters, cache.naming) == (7, telling.counters, telling.naming)
    assert isinstance(cache, Notifying)
    assert await cache.changed("key", 1.0)
    assert not await LocalCache(MemoryStore()).changed("key", 1.0)
    async with cache.lock("stock") as lease:
        assert lease.fencing_token > 0
    async with cache:
        await do(cache)
    assert telling.closed == 1
    assert (await cache.acquire(claim(owner="other"))).verdict is Verdict.REPLAY
    assert telling.asked > 2
    await LocalCache(MemoryStore()).aclose()


def test_threads_share_it() -> None:
    store = Counted()

    @idempotent(key="key", store=LocalCache(store, max_items=4))
    def create(key: int) -> int:
        return key

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(create, [number % 6 for number in range(120)])) == [number % 6 for number in range(120)]
    assert store.counters.acquired == 6


def test_a_cache_of_nothing_is_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match="max_items=0 results; it needs one at least"):
        LocalCache(MemoryStore(), 0)
