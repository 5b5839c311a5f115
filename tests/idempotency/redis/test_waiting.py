"""Being told that an attempt has ended."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from lambdaframe.idempotency import idempotent
from lambdaframe.idempotency.stores._redis_connections import WATCHES
from lambdaframe.idempotency.stores._redis_scripts import TOKEN_MS
from lambdaframe.idempotency.stores.redis import RedisStore
from lambdaframe.idempotency.transitions import Claim, Verdict
from tests.idempotency.redis.servers import DONE, FIRST, RECORD, SECOND, Server
from tests.idempotency.redis.waiting import eventually, soon

FOREVER = 3_600.0
TOKENS = f"{RECORD}:done"


@pytest.fixture
async def store(server: Server) -> AsyncIterator[RedisStore]:
    async with RedisStore(server.url) as store:
        yield store


async def begun(store: RedisStore, claim: Claim = FIRST) -> Claim:
    reply = await store.acquire(claim)
    assert reply.verdict is Verdict.GRANTED
    return claim.granted(reply.entry.gen)


async def busy(store: RedisStore) -> None:
    assert (await store.acquire(SECOND)).verdict is Verdict.BUSY


def blocked(server: Server) -> int:
    return int(server.ask("INFO", "clients")["blocked_clients"])


@pytest.mark.parametrize("end", ["complete", "release"])
@pytest.mark.parametrize("waiters", [1, WATCHES])
async def test_all_who_wait_are_told_at_once(store: RedisStore, server: Server, end: str, waiters: int) -> None:
    claim = await begun(store)
    await busy(store)
    told = [asyncio.create_task(store.changed("7f", FOREVER)) for _ in range(waiters)]
    await eventually(lambda: blocked(server) == waiters)
    await (store.complete(claim, DONE) if end == "complete" else store.release(claim))
    assert await soon(asyncio.gather(*told)) == [True] * waiters


async def test_who_comes_just_too_late_is_told_as_well(store: RedisStore) -> None:
    claim = await begun(store)
    await busy(store)
    await store.complete(claim, DONE)
    assert await soon(store.changed("7f", FOREVER))
    assert await soon(store.changed("7f", FOREVER))


async def test_a_token_does_not_stay(store: RedisStore, server: Server) -> None:
    claim = await begun(store)
    await busy(store)
    await store.release(claim)
    assert 0 < server.ask("PTTL", TOKENS) <= TOKEN_MS
    await begun(store, SECOND)
    assert server.ask("EXISTS", TOKENS) == 0


async def test_who_was_refused_by_one_attempt_is_told_the_end_of_the_next(store: RedisStore, server: Server) -> None:
    """It waits too late for the first one's token, and nobody else was refused by the second one."""
    claim = await begun(store)
    await busy(store)
    await store.release(claim)
    heir = await begun(store, FIRST._replace(owner="heir"))
    told = asyncio.create_task(store.changed("7f", FOREVER))
    await eventually(lambda: blocked(server) == 1)
    await store.complete(heir, DONE)
    assert await soon(told)


async def test_nothing_is_left_for_nobody(store: RedisStore, server: Server) -> None:
    await store.complete(await begun(store), DONE)
    assert server.ask("KEYS", "*") == [RECORD.encode()]


async def test_no_end_is_missed(server: Server) -> None:
    """Two hundred attempts that end just when somebody begins to wait: one that was missed would last for an hour."""
    async with RedisStore(server.url) as one, RedisStore(server.url) as other:

        async def wait(key: str) -> None:
            reply = await other.acquire(SECOND._replace(key=key))
            while reply.verdict is Verdict.BUSY:
                assert await other.changed(key, FOREVER)
                reply = await other.acquire(SECOND._replace(key=key))
            assert reply.verdict is Verdict.REPLAY

        for number in range(200):
            key = f"key {number}"
            claim = await begun(one, FIRST._replace(key=key))
            waiting = asyncio.create_task(wait(key))
            for _ in range(number % 12):
                await asyncio.sleep(0)
            await one.complete(claim, DONE)
            await soon(waiting)


async def test_time_ends_a_wait(store: RedisStore) -> None:
    await begun(store)
    await busy(store)
    for seconds in (0.001, 0.0, -1.0):
        assert await soon(store.changed("7f", seconds))


async def test_two_hundred_who_wait_do_not_keep_owners_from_working(server: Server) -> None:
    async with RedisStore(server.url, max_connections=2) as store:
        claims = [await begun(store, FIRST._replace(key=f"key {number}")) for number in range(200)]
        told = [asyncio.create_task(store.changed(claim.key, FOREVER)) for claim in claims]
        await eventually(lambda: blocked(server) == WATCHES)
        refused = [task for task in told if task.done()]
        assert [task.result() for task in refused] == [False] * (200 - WATCHES)
        for claim in claims:
            await soon(store.extend(claim))
        assert len(server.clients()) <= WATCHES + 2
        for claim in claims:
            assert (await soon(store.acquire(claim._replace(owner="other")))).verdict is Verdict.BUSY
            await soon(store.release(claim))
        assert all(await soon(asyncio.gather(*told[:WATCHES])))


async def test_many_callers_of_one_function_share_one_run(server: Server) -> None:
    runs = 0
    async with RedisStore(server.url) as store:
        go_on = asyncio.Event()

        @idempotent(key="order", store=store)
        async def charge(order: str) -> dict[str, int]:
            nonlocal runs
            runs += 1
            await go_on.wait()
            return {"charged": runs}

        calls = [asyncio.create_task(charge("a")) for _ in range(100)]
        await eventually(lambda: blocked(server) == WATCHES)
        go_on.set()
        assert await soon(asyncio.gather(*calls)) == [{"charged": 1}] * 100
    assert runs == 1


async def test_a_waiter_that_is_cancelled_leaves_nothing_behind(store: RedisStore, server: Server) -> None:
    claim = await begun(store)
    await busy(store)
    told = asyncio.create_task(store.changed("7f", FOREVER))
    await eventually(lambda: blocked(server) == 1)
    told.cancel()
    await asyncio.wait([told])
    assert told.cancelled()
    await eventually(lambda: blocked(server) == 0)
    assert (await store.complete(claim, DONE)).verdict is Verdict.GRANTED


async def test_a_server_that_does_not_let_us_wait(server: Server) -> None:
    server.ask("ACL", "SETUSER", "hasty", "on", ">word", "~*", "+@all", "-blmove")
    async with RedisStore(f"redis://hasty:word@127.0.0.1:{server.port}") as store:
        claim = await begun(store)
        await busy(store)
        assert await soon(store.changed("7f", FOREVER)) is False
        assert (await store.complete(claim, DONE)).verdict is Verdict.GRANTED
    server.ask("ACL", "DELUSER", "hasty")


async def test_a_server_that_goes_away(server: Server) -> None:
    async with RedisStore(server.url) as store:
        await begun(store)
        await busy(store)
        told = asyncio.create_task(store.changed("7f", FOREVER))
        await eventually(lambda: blocked(server) == 1)
        server.kill()
        try:
            assert await soon(told) is False
            assert await soon(store.changed("7f", FOREVER)) is False
        finally:
            server.start()
