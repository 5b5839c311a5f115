"""DynamoDB under the model: two processes whose clocks differ, over one table of moto or of ministack."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, TypeAlias

from docs.examples import local_aws
from lambdaframe.idempotency.stores.dynamodb import DynamoDBStore
from lambdaframe.idempotency.stores.dynamodb_layout import Layout
from lambdaframe.idempotency.transitions import Entry
from tests.idempotency.clock import FakeClock
from tests.idempotency.oracle import SKEW
from tests.idempotency.subjects.moto_server import MotoServer
from tests.idempotency.subjects.subject import Client, Record, Shifted, Subject
from tests.ministack import server

TABLE = "idempotency"

LayoutName: TypeAlias = Literal["lambdaframe", "powertools"]


class DynamoDBSubject(Subject):
    """The stores and their connections last; their clocks are set anew for each example."""

    shortest_lease = SKEW
    cleans_up = True
    kind = DynamoDBStore

    def open(self, url: str, region: str, layout: LayoutName | Layout = "lambdaframe") -> None:
        """Make the table and two stores over it."""
        import aioboto3  # type: ignore[import-untyped]

        session = aioboto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=region)
        self._clocks = (Shifted(FakeClock(), 0), Shifted(FakeClock(), 0))
        self._stores = [
            # The stepped clock leaps over days: the connections are not idle for that.
            self.kind(
                TABLE,
                layout=layout,
                endpoint_url=url,
                session=session,
                clock=clock,
                idle_limit=1e9,
            )
            for clock in self._clocks
        ]
        self.run(self._stores[0].create_table())

    def close_stores(self) -> None:
        for store in self._stores:
            self.run(store.aclose())

    def clients(self, clock: FakeClock, skew: int) -> Sequence[Client]:
        for shifted, ms in zip(self._clocks, (0, skew), strict=True):
            shifted.clock, shifted.ms = clock, ms
        return [Client(store, clock.now_ms) for store, clock in zip(self._stores, self._clocks, strict=True)]

    def entry(self, key: str, record: Record) -> Entry:
        if "state" not in record:
            return Entry()
        item: dict[str, Any] = {name: next(iter(value.values())) for name, value in record.items()}
        return Entry(
            item["state"],
            item["owner"],
            int(item["gen"]),
            int(item["lease_until"]),
            item["fingerprint"],
            int(item["expires"]),
            int(item["ttl"]),
            item.get("result", b""),
            item.get("kind", ""),
        )

    def clean_up(self, key: str, now: int) -> bool:
        """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html"""
        over = self.ttl_of(self.records([key])[key]) < now // 1_000
        if over:
            self.delete(key)
        return over

    def ttl_of(self, record: Record) -> int:
        """Seconds since the epoch."""
        return int(record["ttl"]["N"])

    @abstractmethod
    def delete(self, key: str) -> None:
        """By other means than the store."""


class MotoSubject(DynamoDBSubject):
    """On moto, in this process: the table is looked into without a request."""

    def __init__(
        self, layout: LayoutName | Layout = "lambdaframe", *, kind: type[DynamoDBStore] = DynamoDBStore
    ) -> None:
        super().__init__()
        self.kind = kind
        self._server = MotoServer()
        self.run(self._server.start())
        self.open(self._server.url, local_aws.REGION, layout)

    def close(self) -> None:
        self.close_stores()
        self.run(self._server.stop())
        super().close()

    def records(self, keys: Iterable[str]) -> Mapping[str, Record]:
        found = {key: self._server.backend.get_item(TABLE, {"id": {"S": key}}) for key in keys}
        return {key: item.to_json()["Attributes"] for key, item in found.items() if item is not None}

    def delete(self, key: str) -> None:
        self._server.backend.delete_item(TABLE, {"id": {"S": key}})


class MinistackSubject(DynamoDBSubject):
    """On ministack, which is a process of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self._server = server.Ministack(Path(self._folder.name)).__enter__()
        self._client = self._server.client("dynamodb")
        self.open(self._server.url, server.REGION)

    def close(self) -> None:
        self.close_stores()
        super().close()
        self._client.close()
        self._server.__exit__(None, None, None)
        self._folder.cleanup()

    def records(self, keys: Iterable[str]) -> Mapping[str, Record]:
        asked = {TABLE: {"Keys": [{"id": {"S": key}} for key in keys], "ConsistentRead": True}}
        found = self._client.batch_get_item(RequestItems=asked)["Responses"].get(TABLE, ())
        return {item["id"]["S"]: item for item in found}

    def delete(self, key: str) -> None:
        self._client.delete_item(TableName=TABLE, Key={"id": {"S": key}})
