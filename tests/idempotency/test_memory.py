"""The memory store's own: what it keeps, and how long."""

from lambdaframe.idempotency import MemoryStore
from lambdaframe.idempotency.transitions import Claim, Outcome, Verdict
from tests.idempotency.clock import FakeClock


def kept(store: MemoryStore) -> int:
    return len(store._entries)  # pyright: ignore[reportPrivateUsage] -- what it holds is seen by nobody else


async def test_memory_stays_in_proportion_to_what_is_needed() -> None:
    clock = FakeClock()
    store = MemoryStore(clock=clock)
    for number in range(5_000):
        claim = Claim(f"key {number}", "owner", "x", lease_ms=1_000, retention_ms=10_000)
        granted = claim.granted((await store.acquire(claim)).entry.gen)
        if number % 3 == 0:
            await store.release(granted)
        else:
            await store.complete(granted, Outcome("ok", b"done"))
        clock.advance(100)
    assert kept(store) <= 200  # 100 new ones come within the retention


async def test_a_lease_outlives_the_retention_until_clean_up() -> None:
    clock = FakeClock()
    store = MemoryStore(clock=clock)
    slow = Claim("slow", "owner", "x", lease_ms=1_000, retention_ms=2_000)
    slow = slow.granted((await store.acquire(slow)).entry.gen)
    clock.advance(60_000)
    for number in range(10):
        await store.acquire(Claim(f"key {number}", "owner", "x", 1_000, 2_000))
    assert (await store.complete(slow, Outcome("ok", b"late"))).verdict is Verdict.GRANTED


async def test_tokens_grow_past_deleted_records() -> None:
    """More attempts than milliseconds: the time alone would give a token that was given before."""
    clock = FakeClock()
    store = MemoryStore(clock=clock)
    claim = Claim("key", "owner", "x", lease_ms=1, retention_ms=2)
    last = 0
    for _ in range(100):
        last = (await store.acquire(claim)).entry.gen
        await store.release(claim.granted(last))
    clock.advance(3)
    await store.acquire(claim._replace(key="another"))
    assert kept(store) == 1
    assert (await store.acquire(claim)).entry.gen > last
