"""One function decorated twice, with Powertools' idempotency and with ours, over one table."""

import asyncio
import datetime as dt
from collections.abc import Callable, Coroutine, Mapping
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple, TypeVar

import pytest
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    base,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyAlreadyInProgressError
from aws_lambda_powertools.utilities.idempotency.persistence import base as persistence
from aws_lambda_powertools.utilities.idempotency.persistence import datarecord, dynamodb

from docs.examples.local_aws import REGION, LocalAWS
from lambdaframe.idempotency import IdempotencyConflictError, idempotent
from lambdaframe.idempotency.stores.dynamodb import DynamoDBStore
from lambdaframe.idempotency.stores.powertools_layout import PowertoolsLayout
from tests.idempotency.clock import FakeClock

T = TypeVar("T")

Who = Literal["theirs", "ours"]

ORDER = {"id": 7, "amount": 100, "lines": [{"sku": "TE-0042", "price": 1.1}], "note": "é"}

both_ways = pytest.mark.parametrize(("first", "second"), [("theirs", "ours"), ("ours", "theirs")])

Body = Callable[[Any], Any]
"""What the function does with its ``order``."""


class Killed(BaseException):
    """What ends a process ends the function here: nothing catches it, nothing is written."""


def stop_their_clock(monkeypatch: pytest.MonkeyPatch, clock: FakeClock) -> None:
    """Powertools reads the time from the datetime module."""

    class Stopped(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:  # type: ignore[override]
            return dt.datetime.fromtimestamp(clock.time(), tz)

    stopped = SimpleNamespace(datetime=Stopped, timedelta=dt.timedelta, date=dt.date, time=dt.time)
    for module in (base, persistence, datarecord, dynamodb):
        monkeypatch.setattr(module, "dt", stopped)


class Context:
    """As much of Lambda's context as Powertools looks at. ``remaining``: ms."""

    def __init__(self, remaining: int) -> None:
        self.remaining = remaining

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining


class Server(NamedTuple):
    """Where the tables are, and what is made once: their client, and our session."""

    url: str
    client: Any
    session: Any


def server(aws: LocalAWS) -> Server:
    """The local server as both reach it."""
    import aioboto3  # type: ignore[import-untyped]

    session = aioboto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)
    return Server(aws.url, aws.client("dynamodb"), session)


class SharedTable:
    """``app.place(order)``, theirs and ours."""

    def __init__(self, server: Server, name: str, clock: FakeClock, attributes: Mapping[str, Any]) -> None:
        self.clock = clock
        self.name = name
        self.client = server.client
        self._server = server
        self._attributes = attributes
        self._others: list[SharedTable] = []
        self._runner = asyncio.Runner()
        self.layout = PowertoolsLayout(**attributes)
        self.store = DynamoDBStore(
            name, layout=self.layout, endpoint_url=server.url, session=server.session, clock=clock, idle_limit=1e9
        )
        self.run(self.store.create_table())

    def close(self) -> None:
        for other in self._others:
            other.close()
        self.run(self.store.aclose())
        self._runner.close()

    def another(self) -> "SharedTable":
        """The same as another process has it, with a loop and connections of its own."""
        self._others.append(SharedTable(self._server, self.name, self.clock, self._attributes))
        return self._others[-1]

    def run(self, move: Coroutine[Any, Any, T]) -> T:
        """Await it on the loop to which the store's connections belong."""
        return self._runner.run(move)

    def theirs(
        self, body: Body, *, remaining: int | None = 60_000, ttl: int = 3_600, serializer: Any = None, **config: Any
    ) -> Callable[[Any], Any]:
        """With Powertools. ``remaining``: ms until its Lambda invocation ends, None where it was not told."""

        def place(order: Any) -> Any:
            return body(order)

        once = idempotent_function(
            _named(place),
            data_keyword_argument="order",
            persistence_store=self.layer(),
            config=IdempotencyConfig(
                lambda_context=None if remaining is None else Context(remaining),  # type: ignore[arg-type]
                expires_after_seconds=ttl,
                **config,
            ),
            output_serializer=serializer,
        )
        return lambda order: once(order=order)

    def layer(self) -> DynamoDBPersistenceLayer:
        return DynamoDBPersistenceLayer(self.name, boto3_client=self.client, **self._attributes)

    def configured_layer(self, operation: str) -> Any:
        """Their moves, one by one."""
        layer = self.layer()
        layer.configure(IdempotencyConfig(), function_name=operation)
        return layer

    def ours(self, body: Body, *, returns: Any = Any, **options: Any) -> Callable[[Any], Any]:
        """With ours: the same function, async. ``body`` runs in a thread: it may do what blocks."""

        async def place(order: Any) -> Any:
            return await asyncio.to_thread(body, order)

        place.__annotations__["return"] = returns
        options = {"key": "order", "lease": 30.0, "on_conflict": "reject", **options}
        once = idempotent(store=self.store, **options)(_named(place))
        return lambda order: self.run(once(order))

    def items(self) -> list[dict[str, Any]]:
        """All records, each attribute as it is sent."""
        found: list[dict[str, Any]] = self.client.scan(TableName=self.name, ConsistentRead=True)["Items"]
        return found

    def item(self) -> dict[str, Any]:
        """The only record."""
        (item,) = self.items()
        return item


def _named(function: Any) -> Any:
    function.__module__, function.__qualname__ = "app", "place"
    return function


class Runs:
    """A body that counts its runs. ``result``: what it returns, or raises."""

    def __init__(self, result: Any) -> None:
        self.result = result
        self.orders: list[Any] = []

    def __call__(self, order: Any) -> Any:
        self.orders.append(order)
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result


def decorated(table: SharedTable, who: Who, body: Body, **options: Any) -> Callable[[Any], Any]:
    """``options``: of ours; theirs are as usual."""
    return table.theirs(body) if who == "theirs" else table.ours(body, **options)


def refused(who: Who) -> Any:
    """While somebody else is at it."""
    kind = IdempotencyAlreadyInProgressError if who == "theirs" else IdempotencyConflictError
    return pytest.raises(kind)
