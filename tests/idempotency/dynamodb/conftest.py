"""Two DynamoDBs on this machine, moto's and ministack's, and stores in new tables of theirs."""

from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache
from itertools import count
from typing import Any

import aioboto3  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs] -- it has none
import boto3  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs] -- as above
import pytest

from docs.examples.local_aws import CREDENTIALS, LocalAWS
from lambdaframe.idempotency.stores.dynamodb import DynamoDBStore
from tests.idempotency.clock import FakeClock
from tests.ministack.server import Ministack, unsupported

MakeStore = Callable[..., DynamoDBStore]

_numbers = count(1)


@pytest.fixture(scope="session")
def moto() -> Iterator[LocalAWS]:
    """It answers in threads and evaluates conditions without a lock: concurrent moves are not atomic there."""
    with LocalAWS() as server:
        yield server


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ministack]:
    if reason := unsupported():
        pytest.skip(reason)
    with Ministack(tmp_path_factory.mktemp("ministack")) as server:
        yield server


@pytest.fixture(scope="session", params=["moto", "ministack"])
def server(request: pytest.FixtureRequest) -> Any:
    """Each of the two; ``url`` is where it is."""
    return request.getfixturevalue(request.param)


@cache
def _boto3() -> Any:
    return boto3.Session()  # what it has read of its models is read once for all tests


@cache
def _aioboto3() -> Any:
    return aioboto3.Session()


def client_of(server: Any, service: str = "dynamodb") -> Any:
    """A client of boto3, of the same region as the stores'."""
    return _boto3().client(service, endpoint_url=server.url)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def clock() -> FakeClock:
    """So late that no emulator takes a record for one that has expired."""
    return FakeClock(4_000_000_000_000)


@pytest.fixture
def table() -> str:
    """The name of a table that is not there."""
    return f"table-{next(_numbers)}"


@pytest.fixture
async def make_store(table: str, clock: FakeClock) -> AsyncIterator[MakeStore]:
    """``make_store(server, **options)``: a store in the test's table, closed after the test."""
    made: list[DynamoDBStore] = []

    def make(server: Any, **options: Any) -> DynamoDBStore:
        given: dict[str, Any] = {"clock": clock, "create_table": True, "session": _aioboto3()}
        given["endpoint_url"] = server.url
        made.append(DynamoDBStore(table, **(given | options)))
        return made[-1]

    yield make
    for store in made:
        await store.aclose()
