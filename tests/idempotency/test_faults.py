"""The model against stores with planted faults: each must be found, by the same short walk each time."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import pytest

from docs.examples import local_redis
from tests.idempotency.faults import dynamodb, local_cache, memory, redis
from tests.idempotency.faults.hunt import hunt
from tests.idempotency.subjects.subject import Subject


class Kind(NamedTuple):
    """``subject(fault)``: a store with one of the faults."""

    faults: Mapping[str, object]
    subject: Callable[[str], Subject]
    unsupported: str | None = None


KINDS: Mapping[str, Kind] = {
    "memory": Kind(memory.FAULTS, memory.subject),
    "local cache": Kind(local_cache.FAULTS, local_cache.subject),
    "Redis": Kind(redis.FAULTS, redis.subject, local_redis.unsupported()),
    "DynamoDB": Kind(dynamodb.FAULTS, dynamodb.subject),
}


@pytest.mark.parametrize(("kind", "fault"), [(kind, fault) for kind, each in KINDS.items() for fault in each.faults])
def test_the_model_finds(kind: str, fault: str) -> None:
    if reason := KINDS[kind].unsupported:
        pytest.skip(reason)
    assert hunt(KINDS[kind].subject(fault)) is not None
