"""A local DynamoDB, and tables in it that both libraries use."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from blockbuster import BlockBuster

from docs.examples.local_aws import CREDENTIALS, LocalAWS
from tests.idempotency.clock import FakeClock
from tests.idempotency.powertools.shared import Server, SharedTable, server, stop_their_clock

NAMES = (f"shared-{number}" for number in count())


@pytest.fixture(scope="session")
def local() -> Iterator[Server]:
    """moto's server."""
    with LocalAWS() as aws:
        made = server(aws)
        yield made
        made.client.close()


@pytest.fixture(autouse=True)
def a_lambda_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both run in the Lambda function ``orders``."""
    for name, value in (CREDENTIALS | {"AWS_LAMBDA_FUNCTION_NAME": "orders"}).items():
        monkeypatch.setenv(name, value)


@pytest.fixture(autouse=True)
def connecting_may_block(blocking_calls_fail: BlockBuster) -> None:
    """botocore looks for credentials in files, once for each loop."""
    for function in blocking_calls_fail.functions.values():
        function.can_block_in("stores/_dynamodb_client.py", "client")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """What time it is for both."""
    clock = FakeClock()
    stop_their_clock(monkeypatch, clock)
    return clock


@pytest.fixture
def make_table(local: Server, clock: FakeClock) -> Iterator[Callable[..., SharedTable]]:
    """``make_table(**attributes)``: a new table. ``attributes``: the names that both give to attributes."""
    made: list[SharedTable] = []

    def make(**attributes: Any) -> SharedTable:
        made.append(SharedTable(local, next(NAMES), clock, attributes))
        return made[-1]

    yield make
    for table in made:
        table.close()


@pytest.fixture
def table(make_table: Callable[..., SharedTable]) -> SharedTable:
    """A table as both make it when nobody renames anything."""
    return make_table()
