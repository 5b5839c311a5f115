"""One store in several loops: nothing blocks them, and nothing is left open when they end."""

import asyncio
import gc
import threading
from collections.abc import Iterator

import pytest

from lambdaframe.idempotency import idempotent
from lambdaframe.idempotency.stores.dynamodb import DynamoDBStore
from lambdaframe.idempotency.transitions import Claim, Verdict
from tests.ministack.server import Ministack

CLAIM = Claim("key", "owner", "payload", lease_ms=30_000, retention_ms=60_000)


@pytest.fixture(autouse=True)
def nothing_is_left_open() -> Iterator[None]:
    """An open connection that is collected is a ResourceWarning, and so an error."""
    yield
    gc.collect()


def made(server: Ministack, table: str) -> DynamoDBStore:
    """With a session of its own, as an application's."""
    return DynamoDBStore(table, endpoint_url=server.url, create_table=True)


async def acquire(store: DynamoDBStore, key: str) -> Verdict:
    return (await store.acquire(CLAIM._replace(key=key))).verdict


def test_made_before_the_loop(ministack: Ministack, table: str) -> None:
    """Reading botocore's models in the loop would fail this test: see the fixture blocking_calls_fail."""
    store = made(ministack, table)
    assert asyncio.run(acquire(store, "a")) is Verdict.GRANTED


async def test_made_in_the_loop(ministack: Ministack, table: str) -> None:
    async with made(ministack, table) as store:
        verdicts = await asyncio.gather(*(acquire(store, str(number)) for number in range(10)))
    assert set(verdicts) == {Verdict.GRANTED}


def test_one_loop_after_the_other(ministack: Ministack, table: str) -> None:
    """As scripts do, which never close the store: the connections end with their loop."""
    store = made(ministack, table)
    assert asyncio.run(acquire(store, "a")) is Verdict.GRANTED
    assert asyncio.run(acquire(store, "a")) is Verdict.MINE


def test_loops_of_several_threads_at_once(ministack: Ministack, table: str) -> None:
    store = made(ministack, table)
    asyncio.run(store.create_table())
    barrier = threading.Barrier(4)
    verdicts: list[Verdict] = []

    async def many(number: int) -> None:
        barrier.wait()
        verdicts.extend([await acquire(store, f"{number}.{each}") for each in range(10)])

    def run(number: int) -> None:
        asyncio.run(many(number))

    threads = [threading.Thread(target=run, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == [Verdict.GRANTED] * 40


async def test_closed_it_is_used_again(ministack: Ministack, table: str) -> None:
    store = made(ministack, table)
    assert await acquire(store, "a") is Verdict.GRANTED
    await store.aclose()
    await store.aclose()
    assert await acquire(store, "a") is Verdict.MINE
    await store.aclose()


async def test_closed_while_a_move_is_under_way(ministack: Ministack, table: str) -> None:
    store = made(ministack, table)
    await store.create_table()
    moving = [asyncio.create_task(acquire(store, str(number))) for number in range(5)]
    await asyncio.sleep(0)
    await store.aclose()
    assert await asyncio.gather(*moving) == [Verdict.GRANTED] * 5
    await store.aclose()


async def test_a_function_over_it(ministack: Ministack, table: str) -> None:
    """The whole way: a function's result, a lock, the counters."""
    runs: list[int] = []
    async with made(ministack, table) as store:

        @idempotent(key="order", store=store)
        async def charge(order: int) -> dict[str, int]:
            runs.append(order)
            await asyncio.sleep(0)
            return {"order": order}

        results = await asyncio.gather(*(charge(order) for order in [1, 2] * 10))
        assert results == [{"order": 1}, {"order": 2}] * 10
        assert sorted(runs) == [1, 2]
        async with store.lock("stock", ttl=5) as first:
            pass
        async with store.lock("stock", ttl=5) as second:
            assert second.fencing_token > first.fencing_token
        assert (store.counters.acquired, store.counters.replayed) == (4, 18)
