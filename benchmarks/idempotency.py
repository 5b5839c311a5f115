"""What an idempotent call costs over Redis, ours and the peers', in turn in one run.

The server is a Valkey in a process of its own that keeps everything in memory: writing to the disk costs all of them
the same and would hide the rest. "Raw" is redis.asyncio doing the least that can be called idempotent, one command to
claim the key and one to keep the result: no owner, no lease, no fencing, and the key of one who dies stays blocked.
"The moves alone" are what a RedisStore does for a call, ``@idempotent`` is the whole of it. Powertools is
``@idempotent_function`` over its layer for Redis and redis-py's synchronous client; its hundred at once run in
threads. A replay is the same call again.

    python -m benchmarks.idempotency
"""

import asyncio
import warnings
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any, NamedTuple
from uuid import uuid4

import redis
import redis.asyncio
from aws_lambda_powertools.utilities.idempotency import IdempotencyConfig, idempotent_function
from aws_lambda_powertools.utilities.idempotency.persistence.cache import CachePersistenceLayer

from benchmarks.measure import CONTEXT, Work, in_turn, show
from docs.examples.local_redis import LocalRedis
from lambdaframe.idempotency import RedisStore, idempotent
from lambdaframe.idempotency.transitions import Claim, Outcome, Verdict

ROUNDS, CALLS, AT_ONCE = 15, 100, 100
IN_MEMORY = ("--appendonly", "no", "--appendfsync", "no")
HOUR, LEASE = 3_600_000, 30_000
BASE = "redis.asyncio raw, SET NX GET + SET"

Call = Callable[[str], Awaitable[object]]
"""An idempotent call for this key."""
Run = Callable[[Iterable[str]], object]
"""One after the other, or all at once."""


def raw_get(client: "redis.asyncio.Redis") -> Call:
    """One round trip for a replay."""

    async def call(key: str) -> object:
        found = await client.set(key, b"running", nx=True, get=True, px=LEASE)
        if found is None:
            await client.set(key, b'{"charged":995}', px=HOUR)
        return found

    return call


def raw_nx(client: "redis.asyncio.Redis") -> Call:
    """For servers older than 7: a replay reads in a second round trip."""

    async def call(key: str) -> object:
        if not await client.set(key, b"running", nx=True, px=LEASE):
            return await client.get(key)
        return await client.set(key, b'{"charged":995}', px=HOUR)

    return call


def moves(store: RedisStore) -> Call:
    """Without what a decorated function adds."""
    outcome = Outcome("ok", b'{"charged":995}')

    async def call(key: str) -> object:
        claim = Claim(key, uuid4().hex, "payload", LEASE, HOUR)
        reply = await store.acquire(claim)
        if reply.verdict is not Verdict.GRANTED:
            return reply.entry.result
        return await store.complete(claim.granted(reply.entry.gen), outcome)

    return call


def decorated(store: RedisStore) -> Call:
    """As an application writes it."""

    @idempotent(key="key", store=store)
    async def charge(key: str) -> dict[str, int]:
        return {"charged": 995}

    return charge


def powertools(port: int) -> Callable[[str], object]:
    """With the Lambda context registered, as in a handler."""
    config = IdempotencyConfig(expires_after_seconds=HOUR // 1_000)
    config.register_lambda_context(CONTEXT)
    client: Any = redis.Redis(port=port, decode_responses=True)
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # it calls itself by its old name
        layer = CachePersistenceLayer(client=client)
    once: Any = idempotent_function(data_keyword_argument="key", persistence_store=layer, config=config)

    def charge(key: str) -> dict[str, int]:
        return {"charged": 995}

    charge_once: Any = once(charge)
    return lambda key: charge_once(key=key)


class Contestant(NamedTuple):
    """``in_turn``: calls for these keys, one after the other; ``at_once``: all together."""

    in_turn: Run
    at_once: Run


def on_loop(runner: asyncio.Runner, call: Call) -> Contestant:
    """An async function, on the one loop that all of them share."""

    async def in_turn(keys: Iterable[str]) -> None:
        for key in keys:
            await call(key)

    async def at_once(keys: Iterable[str]) -> None:
        await asyncio.gather(*map(call, keys))

    def run_in_turn(keys: Iterable[str]) -> None:
        runner.run(in_turn(keys))

    def run_at_once(keys: Iterable[str]) -> None:
        runner.run(at_once(keys))

    return Contestant(run_in_turn, run_at_once)


def in_threads(pool: ThreadPoolExecutor, call: Callable[[str], object]) -> Contestant:
    """A sync function."""

    def run_in_turn(keys: Iterable[str]) -> None:
        for key in keys:
            call(key)

    def run_at_once(keys: Iterable[str]) -> None:
        for _ in pool.map(call, keys):
            pass

    return Contestant(run_in_turn, run_at_once)


def compare(contestants: Mapping[str, Contestant]) -> None:
    """Print three tables: first calls, replays, a hundred keys at once."""
    numbers = count()

    def new(count: int) -> list[str]:
        return [f"key {next(numbers)}" for _ in range(count)]

    known = {name: new(CALLS) for name in contestants}
    for name, contestant in contestants.items():
        contestant.in_turn(known[name])

    def first(contestant: Contestant) -> Work:
        return lambda: contestant.in_turn(new(CALLS))

    def replay(name: str, contestant: Contestant) -> Work:
        return lambda: contestant.in_turn(known[name])

    def together(contestant: Contestant) -> Work:
        return lambda: contestant.at_once(new(AT_ONCE))

    for title, works, unit, per in [
        ("first call", {name: first(each) for name, each in contestants.items()}, "µs", CALLS),
        ("replay", {name: replay(name, each) for name, each in contestants.items()}, "µs", CALLS),
        ("100 keys at once", {name: together(each) for name, each in contestants.items()}, "ms", 1_000),
    ]:
        taken = in_turn(works, rounds=ROUNDS, calls=1)
        show(title, {name: [one / per for one in rounds] for name, rounds in taken.items()}, to=BASE, unit=unit)


def main() -> None:
    """Ours and the peers', over one server."""
    with LocalRedis(options=IN_MEMORY) as server, asyncio.Runner() as runner, ThreadPoolExecutor(AT_ONCE) as pool:
        client = redis.asyncio.Redis(port=server.port)
        store = RedisStore(server.url)
        compare(
            {
                BASE: on_loop(runner, raw_get(client)),
                "redis.asyncio raw, SET NX + SET": on_loop(runner, raw_nx(client)),
                "lambdaframe, the moves alone": on_loop(runner, moves(store)),
                "lambdaframe, @idempotent": on_loop(runner, decorated(store)),
                "Powertools, @idempotent_function": in_threads(pool, powertools(server.port)),
            }
        )
        runner.run(store.aclose())
        runner.run(client.aclose())


if __name__ == "__main__":
    main()
