"""Every store against one model. What the model finds in stores with planted faults: ``test_faults.py``.

``LAMBDAFRAME_STORE_EXAMPLES=10000`` asks for so many examples of each store.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from redis.asyncio import Redis

from docs.examples import local_redis
from lambdaframe.idempotency.stores.redis import RedisStore
from lambdaframe.idempotency.transitions import Claim
from tests.idempotency.machine import machine
from tests.idempotency.subjects.dynamodb import MinistackSubject, MotoSubject
from tests.idempotency.subjects.memory import LocalCacheSubject, MemorySubject
from tests.idempotency.subjects.powertools import PowertoolsSubject
from tests.idempotency.subjects.redis import RedisSubject
from tests.idempotency.subjects.subject import Subject
from tests.ministack import server

EXAMPLES = int(os.environ.get("LAMBDAFRAME_STORE_EXAMPLES", "500"))


class Case(NamedTuple):
    """``steps`` of one example: an emulator of DynamoDB takes seven milliseconds for a move, a step is one or two.
    ``share``: one in so many examples is made."""

    make: Callable[[], Subject]
    steps: int = 30
    share: int = 1
    unsupported: str | None = None


CASES: Mapping[str, Case] = {
    "memory": Case(MemorySubject),
    "local cache": Case(LocalCacheSubject),
    "Valkey": Case(RedisSubject, unsupported=local_redis.unsupported()),
    "DynamoDB on moto": Case(MotoSubject, steps=12),
    "DynamoDB on ministack": Case(MinistackSubject, steps=12, share=5, unsupported=server.unsupported()),
    "Powertools' layout": Case(PowertoolsSubject, steps=12, share=5),
}


@pytest.mark.parametrize("store", CASES)
def test_store_follows_the_model(store: str) -> None:
    case = CASES[store]
    if case.unsupported:
        pytest.skip(case.unsupported)
    subject = case.make()
    try:
        run_state_machine_as_test(
            machine(subject),
            settings=settings(
                max_examples=EXAMPLES // case.share,
                stateful_step_count=case.steps,
                deadline=None,
                suppress_health_check=[HealthCheck.too_slow],
            ),
        )
    finally:
        subject.close()


@pytest.mark.skipif(bool(local_redis.unsupported()), reason=str(local_redis.unsupported()))
async def test_the_time_in_redis_is_the_server_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model steps another clock: this is the one that it takes the place of."""
    with local_redis.LocalRedis() as server:
        async with RedisStore(server.url) as store:
            client: Any = Redis(port=server.port)
            seconds, microseconds = await client.time()
            monkeypatch.setattr("time.time", lambda: 0.0)
            reply = await store.acquire(Claim("key", "owner", "payload", lease_ms=2_000, retention_ms=4_000))
            later, more = await client.time()
            await client.aclose()
    assert seconds * 1_000 + microseconds // 1_000 <= reply.now <= later * 1_000 + more // 1_000
