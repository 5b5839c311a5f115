"""A client that the application has already."""

import asyncio
import time

import pytest
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from docs.examples.loopback import free_port
from lambdaframe.errors import ConfigurationError, StoreUnavailableError
from lambdaframe.idempotency.stores.redis import RedisStore
from lambdaframe.idempotency.transitions import Outcome, Verdict
from tests.idempotency.redis.servers import DONE, FIRST, SECOND, Server
from tests.idempotency.redis.waiting import eventually, soon


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("decode_responses", [False, True])
async def test_moves(server: Server, protocol: int, decode_responses: bool) -> None:
    async with Redis(port=server.port, protocol=protocol, decode_responses=decode_responses) as client:
        store = RedisStore(client=client, prefix="mine:")
        assert repr(store) == "<RedisStore Redis>"
        claim = FIRST.granted((await store.acquire(FIRST)).entry.gen)
        assert (await store.acquire(SECOND)).verdict is Verdict.BUSY
        assert (await store.extend(claim)).verdict is Verdict.GRANTED
        server.ask("SCRIPT", "FLUSH")
        assert (await store.complete(claim, Outcome("ok", b"\x00\xff"))).verdict is Verdict.GRANTED
        assert (await store.acquire(SECOND)).entry.result == b"\x00\xff"
        assert server.ask("EXISTS", "mine:{7f}") == 1


async def test_it_is_never_closed(server: Server) -> None:
    async with Redis(port=server.port) as client:
        async with RedisStore(client=client) as store:
            await store.acquire(FIRST)
        before = server.clients()
        await client.set("still", "open")
        assert server.clients() == before


async def test_who_waits_takes_no_connection_away_from_it(server: Server) -> None:
    """Nor do its time limits end the wait."""
    pool = BlockingConnectionPool(max_connections=1, port=server.port, socket_timeout=0.3, driver_info=None)
    async with Redis.from_pool(pool) as client, RedisStore(client=client) as store:
        claim = FIRST.granted((await store.acquire(FIRST)).entry.gen)
        assert (await store.acquire(SECOND)).verdict is Verdict.BUSY
        told = [asyncio.create_task(store.changed("7f", 3_600)) for _ in range(3)]
        await eventually(lambda: server.ask("INFO", "clients")["blocked_clients"] == 3)
        limit = time.monotonic() + 0.6
        await eventually(lambda: time.monotonic() > limit)
        assert (await store.extend(claim)).verdict is Verdict.GRANTED
        await store.complete(claim, DONE)
        assert await soon(asyncio.gather(*told)) == [True] * 3


async def test_its_errors_are_ours(server: Server) -> None:
    once = Retry(NoBackoff(), 0)
    async with Redis(port=server.port, username="nobody", password="s3cret", retry=once) as client:
        with pytest.raises(ConfigurationError, match="Redis refuses the user name or the password") as caught:
            await RedisStore(client=client).acquire(FIRST)
        assert "s3cret" not in str(caught.value)
    async with Redis(port=free_port(), retry=once) as client:
        with pytest.raises(StoreUnavailableError, match="Redis could not acquire"):
            await RedisStore(client=client).acquire(FIRST)
