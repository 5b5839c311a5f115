"""A real server for each module, emptied before each test.

``LAMBDAFRAME_REDIS_SERVER=/path/to/redis-server`` runs the tests against that one instead of Valkey.
"""

from collections.abc import Iterator

import pytest

from docs.examples.local_redis import unsupported
from tests.idempotency.redis.servers import Server


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    if reason := unsupported():
        pytest.skip(reason)
    with Server() as server:
        yield server


@pytest.fixture
def server(running: Server) -> Server:
    running.ask("FLUSHALL")
    return running
