"""What happens when connections, scripts and servers go away, and when many use one store."""

import asyncio
import gc
import socket
import threading
import time
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import trio

from lambdaframe.errors import ConfigurationError, StoreUnavailableError
from lambdaframe.idempotency.stores import _redis_connections
from lambdaframe.idempotency.stores._redis_connections import RETRIES
from lambdaframe.idempotency.stores.redis import RedisStore
from lambdaframe.idempotency.transitions import Claim, Verdict
from tests.chaos.proxy import BLACK_HOLE, CUT, DELAYED, PASS, REPLY_LOST, Fault, FaultProxy, Kind
from tests.idempotency.redis.servers import DONE, FIRST, SECOND, Server
from tests.idempotency.redis.waiting import PATIENCE, eventually, soon


@pytest.fixture
async def store(server: Server) -> AsyncIterator[RedisStore]:
    async with RedisStore(server.url) as store:
        yield store


@pytest.fixture
def proxy(server: Server) -> Iterator[FaultProxy]:
    with FaultProxy(server.port) as proxy:
        yield proxy


async def begun(store: RedisStore, claim: Claim = FIRST) -> Claim:
    reply = await store.acquire(claim)
    assert reply.verdict is Verdict.GRANTED
    return claim.granted(reply.entry.gen)


# Scripts, servers and sockets that are gone


async def test_a_server_that_forgot_the_scripts(store: RedisStore, server: Server) -> None:
    claim = await begun(store)
    server.ask("SCRIPT", "FLUSH")
    assert (await store.extend(claim)).verdict is Verdict.GRANTED
    server.ask("SCRIPT", "FLUSH")
    assert (await store.complete(claim, DONE)).verdict is Verdict.GRANTED
    server.ask("SCRIPT", "FLUSH")
    assert (await store.acquire(SECOND)).verdict is Verdict.REPLAY


async def test_the_source_is_sent_once(store: RedisStore, server: Server) -> None:
    server.ask("SCRIPT", "FLUSH")
    server.ask("CONFIG", "RESETSTAT")
    for number in range(5):
        await store.acquire(FIRST._replace(key=str(number)))
    assert server.count("eval") == 1


async def test_connections_that_the_server_has_closed(store: RedisStore, server: Server) -> None:
    claims = await asyncio.gather(*(begun(store, FIRST._replace(key=str(number))) for number in range(10)))
    assert server.clients()
    server.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    for claim in claims:
        assert (await store.complete(claim, DONE)).verdict is Verdict.GRANTED


async def test_a_server_that_was_killed_and_started_again(store: RedisStore, server: Server) -> None:
    claim = await begun(store)
    server.kill()
    server.start()
    assert (await store.complete(claim, DONE)).verdict is Verdict.GRANTED
    server.kill()
    server.start()
    assert (await store.acquire(SECOND)).entry.result == DONE.result


async def test_a_server_that_is_away_for_a_while(store: RedisStore, server: Server) -> None:
    claim = await begun(store)
    server.kill()
    try:
        for move, name in [
            (store.acquire(SECOND), "acquire"),
            (store.complete(claim, DONE), "complete"),
            (store.release(claim), "release"),
            (store.extend(claim), "extend"),
        ]:
            said = f"Redis at 127.0.0.1:{server.port} could not {name}"
            with pytest.raises(StoreUnavailableError, match=said) as caught:
                await move
            assert caught.value.__cause__ is not None
    finally:
        server.start()
    assert (await store.complete(claim, DONE)).verdict is Verdict.GRANTED


async def test_a_name_that_nobody_knows() -> None:
    async with RedisStore("redis://user:secret@nowhere.invalid:6379") as store:
        with pytest.raises(StoreUnavailableError, match=r"Redis at nowhere.invalid:6379 could not acquire") as caught:
            await store.acquire(FIRST)
        assert "secret" not in str(caught.value)


# Faults between the client and the server


async def test_a_reply_that_is_lost(proxy: FaultProxy) -> None:
    async with RedisStore(proxy.url("redis")) as store:
        proxy.arm(REPLY_LOST, matching=b"EVAL")
        reply = await store.acquire(FIRST)
        # NOSCRIPT may be the lost reply; then the second one was the first that did anything.
        assert reply.verdict in {Verdict.MINE, Verdict.GRANTED}
        claim = FIRST.granted(reply.entry.gen)
        await store.extend(claim)
        proxy.arm(REPLY_LOST)
        assert (await store.acquire(FIRST)).verdict is Verdict.MINE
        proxy.arm(REPLY_LOST)
        assert (await store.extend(claim)).verdict is Verdict.GRANTED
        await store.complete(await begun(store, FIRST._replace(key="to know the script")), DONE)
        proxy.arm(REPLY_LOST)
        reply = await store.complete(claim, DONE)
        assert (reply.verdict, reply.entry.result) == (Verdict.FINE, DONE.result)
        assert proxy.struck[Kind.REPLY_LOST] == 4


async def test_an_acquire_whose_reply_is_lost_is_mine(proxy: FaultProxy) -> None:
    async with RedisStore(proxy.url("redis")) as store:
        await begun(store, FIRST._replace(key="to know the script"))
        proxy.arm(REPLY_LOST)
        reply = await store.acquire(FIRST)
        assert (reply.verdict, reply.entry.owner) == (Verdict.MINE, "first")
        assert (await store.release(FIRST.granted(reply.entry.gen))).verdict is Verdict.GRANTED


async def test_requests_that_do_not_arrive_are_sent_again(proxy: FaultProxy) -> None:
    async with RedisStore(proxy.url("redis")) as store:
        proxy.arm(CUT, times=RETRIES)
        assert (await store.acquire(FIRST)).verdict is Verdict.GRANTED
        assert proxy.struck[Kind.CUT] == RETRIES


async def test_not_for_ever(proxy: FaultProxy) -> None:
    async with RedisStore(proxy.url("redis")) as store:
        proxy.arm(CUT, times=None)
        with pytest.raises(StoreUnavailableError):
            await store.acquire(FIRST)
        assert proxy.struck[Kind.CUT] == 1 + RETRIES
        proxy.heal()
        assert (await store.acquire(FIRST)).verdict is Verdict.GRANTED


async def test_a_server_that_does_not_answer_costs_its_time_limit_once(proxy: FaultProxy) -> None:
    proxy.arm(BLACK_HOLE, times=None)
    async with RedisStore(proxy.url("redis"), connect_timeout=0.2, read_timeout=0.4) as store:
        start = time.monotonic()
        with pytest.raises(StoreUnavailableError, match=r"no answer within 0\.4 s"):
            await store.acquire(FIRST)
        assert time.monotonic() - start >= 0.4
        assert proxy.struck[Kind.BLACK_HOLE] == 1


async def test_a_host_that_does_not_let_us_in_costs_the_time_to_connect() -> None:
    """It accepts, and says nothing: TLS does not get anywhere."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"rediss://127.0.0.1:{silent.getsockname()[1]}"
        async with RedisStore(url, connect_timeout=0.2, read_timeout=3_600) as store:
            with pytest.raises(StoreUnavailableError, match="could not acquire: TimeoutError: Timeout connecting"):
                await soon(store.acquire(FIRST))


async def test_a_password_that_is_never_answered_costs_the_time_limits(proxy: FaultProxy) -> None:
    proxy.arm(BLACK_HOLE, times=None)
    url = f"redis://:word@127.0.0.1:{proxy.port}"
    async with RedisStore(url, connect_timeout=0.2, read_timeout=0.2) as store:
        with pytest.raises(StoreUnavailableError):
            await soon(store.acquire(FIRST))


async def test_a_kept_connection_that_died_silently_is_replaced(proxy: FaultProxy) -> None:
    async with RedisStore(proxy.url("redis"), read_timeout=0.3) as store:
        claim = await begun(store)
        await store.extend(claim)
        proxy.arm(BLACK_HOLE)
        assert (await soon(store.extend(claim))).verdict is Verdict.GRANTED
        assert proxy.struck[Kind.BLACK_HOLE] == 1


async def test_a_late_reply_is_not_taken_for_the_next_one(proxy: FaultProxy) -> None:
    async with RedisStore(proxy.url("redis"), read_timeout=0.3) as store:
        claim = await begun(store)
        await store.extend(claim)
        proxy.arm(DELAYED)
        assert (await soon(store.extend(claim))).verdict is Verdict.GRANTED
        proxy.heal()
        assert (await store.acquire(SECOND)).verdict is Verdict.BUSY
        assert (await store.acquire(FIRST)).verdict is Verdict.MINE


async def test_who_gives_up_does_not_leave_a_reply_to_others(proxy: FaultProxy) -> None:
    async with RedisStore(proxy.url("redis"), max_connections=1) as store:
        claim = await begun(store)
        await store.extend(claim)
        proxy.arm(DELAYED)
        impatient = asyncio.create_task(store.extend(claim))
        await proxy.wait_struck_async()
        impatient.cancel()
        await asyncio.wait([impatient])
        assert impatient.cancelled()
        proxy.heal()
        assert (await store.acquire(SECOND)).verdict is Verdict.BUSY


async def test_a_name_that_leads_to_the_new_primary(server: Server, proxy: FaultProxy) -> None:
    """A fail-over behind one name: the old primary refuses writes, and is asked over the connection that is there."""
    with Server() as successor:
        async with RedisStore(proxy.url("redis")) as store:
            await begun(store)
            proxy._upstream = successor.port  # pyright: ignore[reportPrivateUsage] -- what a change of the name does
            server.ask("REPLICAOF", "127.0.0.1", successor.port)
            try:
                assert (await store.acquire(FIRST._replace(key="new"))).verdict is Verdict.GRANTED
                assert successor.ask("EXISTS", "lambdaframe:{new}") == 1
            finally:
                server.ask("REPLICAOF", "NO", "ONE")


# A pause


@contextmanager
def seconds_later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> Generator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(_redis_connections, "time", SimpleNamespace(time=lambda: time.time() + seconds))
        yield


class Freezer:
    """After a freeze every connection that there is leads nowhere."""

    def __init__(self) -> None:
        self.frozen = False

    def __call__(self, request: bytes) -> Fault:
        self.frozen = self.frozen and b"AUTH" not in request  # which is what a new connection begins with
        return BLACK_HOLE if self.frozen else PASS


@pytest.fixture
def freezer(server: Server) -> Iterator[tuple[Freezer, FaultProxy]]:
    freezer = Freezer()
    with FaultProxy(server.port, freezer) as proxy:
        yield freezer, proxy


async def test_connections_are_not_trusted_after_a_pause(
    freezer: tuple[Freezer, FaultProxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They look alive: without the look at the clock each would cost a time-out."""
    freeze, proxy = freezer
    url = f"redis://default:word@127.0.0.1:{proxy.port}"
    async with RedisStore(url, read_timeout=3_600, idle_limit=60) as store:
        await asyncio.gather(*(begun(store, FIRST._replace(key=str(number))) for number in range(5)))
        freeze.frozen = True
        with seconds_later(monkeypatch, 61):
            assert (await soon(store.acquire(FIRST))).verdict is Verdict.GRANTED
        assert not freeze.frozen
        assert not proxy.struck


async def test_a_short_pause_keeps_connections(
    store: RedisStore, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begun(store)
    before = server.clients()
    with seconds_later(monkeypatch, 59):
        await store.acquire(SECOND)
        assert server.clients() == before
    with seconds_later(monkeypatch, 59 + 61):
        await store.acquire(SECOND)
        assert not server.clients() & before


# Many users


async def test_no_more_connections_than_allowed(server: Server) -> None:
    async with RedisStore(server.url, max_connections=3) as store:
        replies = await asyncio.gather(*(store.acquire(FIRST._replace(key=str(number))) for number in range(300)))
        assert {reply.verdict for reply in replies} == {Verdict.GRANTED}
        assert len(server.clients()) == 3


async def test_one_connection_for_one_user(store: RedisStore, server: Server) -> None:
    for number in range(20):
        await store.complete(await begun(store, FIRST._replace(key=str(number))), DONE)
    assert len(server.clients()) == 1


async def test_who_waits_for_a_connection_waits_no_longer_than_for_an_answer(proxy: FaultProxy) -> None:
    async with RedisStore(proxy.url("redis"), max_connections=1, connect_timeout=0.2, read_timeout=0.2) as store:
        claim = await begun(store)
        proxy.arm(BLACK_HOLE, times=None)
        start = time.monotonic()
        moves = [store.extend(claim) for _ in range(20)]
        outcomes = await soon(asyncio.gather(*moves, return_exceptions=True))
        assert {type(outcome) for outcome in outcomes} == {StoreUnavailableError}
        assert any("all 1 connections were busy for 0.4 s" in str(outcome) for outcome in outcomes)
        assert time.monotonic() - start < 20 * 0.4


async def test_a_slot_is_not_lost_by_who_gives_up(proxy: FaultProxy) -> None:
    async with RedisStore(proxy.url("redis"), max_connections=1) as store:
        claim = await begun(store)
        await store.extend(claim)
        for _ in range(3):
            proxy.arm(DELAYED)
            moves = [asyncio.create_task(store.extend(claim)) for _ in range(5)]
            await proxy.wait_struck_async(proxy.struck.total() + 1)
            for move in moves:
                move.cancel()
            await asyncio.wait(moves)
            proxy.heal()
        assert (await soon(store.extend(claim))).verdict is Verdict.GRANTED


# Loops


def test_one_store_serves_one_loop_after_the_other(server: Server) -> None:
    store = RedisStore(server.url)

    async def work(number: int) -> None:
        await store.complete(await begun(store, FIRST._replace(key=str(number))), DONE)
        assert len(server.clients()) == 1

    for number in range(3):
        asyncio.run(work(number))
        gc.collect()  # a connection that was not closed would warn, and a warning is an error
        assert not server.clients()


def test_one_store_serves_several_loops_at_once(server: Server) -> None:
    store = RedisStore(server.url)
    together = threading.Barrier(4, timeout=PATIENCE)
    verdicts: list[Verdict] = []

    async def work(name: str) -> None:
        for number in range(50):
            reply = await store.acquire(FIRST._replace(key=str(number), owner=name))
            verdicts.append(reply.verdict)
        await asyncio.to_thread(together.wait)

    threads = [threading.Thread(target=asyncio.run, args=(work(f"loop {n}"),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts.count(Verdict.GRANTED) == 50
    assert verdicts.count(Verdict.BUSY) == 150
    gc.collect()
    assert not server.clients()


async def test_aclose_closes_everything_and_the_store_goes_on(server: Server) -> None:
    store = RedisStore(server.url)
    claims = await asyncio.gather(*(begun(store, FIRST._replace(key=str(number))) for number in range(10)))
    assert server.clients()
    await store.aclose()
    await eventually(lambda: not server.clients())
    assert (await store.complete(claims[0], DONE)).verdict is Verdict.GRANTED
    await store.aclose()
    await store.aclose()
    await eventually(lambda: not server.clients())
    del store
    gc.collect()


async def test_aclose_closes_what_other_running_loops_have(server: Server) -> None:
    store = RedisStore(server.url)
    used, go_on = threading.Event(), threading.Event()

    async def work() -> None:
        await begun(store)
        used.set()
        await asyncio.to_thread(go_on.wait)

    thread = threading.Thread(target=asyncio.run, args=(work(),))
    thread.start()
    try:
        await asyncio.to_thread(used.wait, PATIENCE)
        await store.acquire(SECOND)
        assert len(server.clients()) == 2
        await store.aclose()
        await eventually(lambda: not server.clients())
    finally:
        go_on.set()
        await asyncio.to_thread(thread.join)


async def test_a_move_that_ends_after_aclose_closes_its_connection(server: Server, proxy: FaultProxy) -> None:
    store = RedisStore(proxy.url("redis"))
    claim = await begun(store)
    await store.extend(claim)
    proxy.arm(DELAYED)
    late = asyncio.create_task(store.extend(claim))
    await proxy.wait_struck_async()
    await store.aclose()
    proxy.heal()
    assert (await soon(late)).verdict is Verdict.GRANTED
    await eventually(lambda: not server.clients())


def test_on_trio_it_says_so(server: Server) -> None:
    store = RedisStore(server.url)
    with pytest.raises(ConfigurationError, match="runs on asyncio"):
        trio.run(store.acquire, FIRST)
