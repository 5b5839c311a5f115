"""What the page says to those who come from Powertools: the same calls, decorated with theirs and with ours."""

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from aws_lambda_powertools.utilities.idempotency import (
    BasePersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyItemAlreadyExistsError,
    IdempotencyItemNotFoundError,
)
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord
from aws_lambda_powertools.utilities.idempotency.serialization.custom_dict import CustomDictSerializer
from aws_lambda_powertools.utilities.idempotency.serialization.dataclass import DataclassSerializer
from aws_lambda_powertools.utilities.idempotency.serialization.pydantic import PydanticSerializer
from pydantic import BaseModel

from lambdaframe.idempotency import LocalCache, MemoryStore, idempotent

SAME = {
    "IdempotencyAlreadyInProgressError": "IdempotencyConflictError",
    "IdempotencyValidationError": "IdempotencyMismatchError",
}
"""Their errors' names, and ours."""


class Order(BaseModel):
    id: int | None
    sku: str
    amount: int = 1


@dataclass
class Payment:
    id: int
    cents: Decimal


@dataclass
class Item:
    id: int
    sku: str


class InMemory(BasePersistenceLayer):
    """Their records in a dict."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # theirs is
        self.records: dict[str, DataRecord] = {}

    def _get_record(self, idempotency_key: str) -> DataRecord:
        if idempotency_key not in self.records:
            raise IdempotencyItemNotFoundError
        return self.records[idempotency_key]

    def _put_record(self, data_record: DataRecord) -> None:
        found = self.records.get(data_record.idempotency_key)
        if found is not None and not found.is_expired:
            raise IdempotencyItemAlreadyExistsError
        self.records[data_record.idempotency_key] = data_record

    def _update_record(self, data_record: DataRecord) -> None:
        self.records[data_record.idempotency_key] = data_record

    def _delete_record(self, data_record: DataRecord) -> None:
        del self.records[data_record.idempotency_key]


class PlainCodec:
    """``CustomDictSerializer(to_dict, from_dict)`` as a codec."""

    def encode(self, value: Payment) -> bytes:
        return json.dumps({"id": value.id, "cents": str(value.cents)}).encode()

    def decode(self, data: bytes) -> Payment:
        read = json.loads(data)
        return Payment(read["id"], Decimal(read["cents"]))


def to_dict(payment: Payment) -> dict[str, Any]:
    return {"id": payment.id, "cents": str(payment.cents)}


def from_dict(read: dict[str, Any]) -> Payment:
    return Payment(read["id"], Decimal(read["cents"]))


def id_in_body(order: dict[str, str]) -> Any:
    return json.loads(order["body"]).get("id")


def mark(result: Any, _: Any) -> Any:
    return {**result, "marked": True}


def described(order: Any) -> dict[str, str]:
    return {"result": str(order)}


def itself(order: Any) -> Any:
    return order


def item(order: dict[str, Any]) -> Item:
    return Item(order["id"], order["sku"])


def quotient(order: dict[str, int]) -> float:
    return 4 / order["by"]


class Case(NamedTuple):
    """``config``, ``theirs``: how Powertools is told. ``ours``: how we are. ``orders``: one call after the other."""

    ours: dict[str, Any]
    orders: list[Any]
    config: dict[str, Any] = {}  # noqa: RUF012 — nobody writes to it
    theirs: dict[str, Any] = {}  # noqa: RUF012
    returns: Any = dict[str, Any]
    result: Callable[[Any], Any] = described


MODELS = [Order(id=1, sku="a"), Order(id=1, sku="a"), Order(id=1, sku="b"), Order(id=2, sku="a"), Order(id=1, sku="a")]
DICTS = [order.model_dump() for order in MODELS]
BODIES = [{"body": json.dumps(order)} for order in DICTS]
PAYMENTS = [Payment(1, Decimal("1.10")), Payment(1, Decimal("1.10")), Payment(2, Decimal("1.10"))]

CASES = {
    "a dict": Case({"key": "order", "fingerprint": ()}, DICTS),
    "a model": Case({"key": "order", "fingerprint": ()}, MODELS),
    "a dataclass": Case({"key": "order", "fingerprint": ()}, PAYMENTS),
    "a key in it": Case({"key": "order.id", "fingerprint": ()}, DICTS, {"event_key_jmespath": "id"}),
    "a key in a model": Case({"key": "order.id", "fingerprint": ()}, MODELS, {"event_key_jmespath": "id"}),
    "several keys": Case(
        {"key": "[order.id, order.sku]", "fingerprint": ()}, DICTS, {"event_key_jmespath": "[id, sku]"}
    ),
    "a key in JSON in it": Case(
        {"key": id_in_body, "fingerprint": ()}, BODIES, {"event_key_jmespath": "powertools_json(body).id"}
    ),
    "payload validation": Case(
        {"key": "order.id", "fingerprint": "order.sku"},
        MODELS,
        {"event_key_jmespath": "id", "payload_validation_jmespath": "sku"},
    ),
    "payload validation of several": Case(
        {"key": "order.id", "fingerprint": "[order.sku, order.amount]"},
        [*DICTS, {**DICTS[0], "amount": 2}, {**DICTS[0], "more": 1}],
        {"event_key_jmespath": "id", "payload_validation_jmespath": "[sku, amount]"},
    ),
    "no key, which is an error": Case(
        {"key": "order.id", "fingerprint": ()},
        [Order(id=None, sku="a"), Order(id=None, sku="a")],
        {"event_key_jmespath": "id", "raise_on_no_idempotency_key": True},
    ),
    "no key, which is none": Case(
        {"key": "order.id", "fingerprint": (), "required": False},
        [Order(id=None, sku="a"), Order(id=None, sku="a")],
        {"event_key_jmespath": "id"},
    ),
    "none of several keys": Case(
        {"key": "[order.id, order.no]", "fingerprint": (), "required": False},
        [{"id": None}, {"id": None}, {"id": 1}, {"id": 1}],
        {"event_key_jmespath": "[id, no]"},
    ),
    "a local cache": Case(
        {"key": "order", "fingerprint": (), "store": LocalCache(MemoryStore(), 256)},
        DICTS,
        {"use_local_cache": True, "local_cache_max_items": 256},
    ),
    "a hook": Case({"key": "order", "fingerprint": (), "on_replay": mark}, DICTS, {"response_hook": mark}),
    "a model as the result": Case(
        {"key": "order", "fingerprint": ()},
        MODELS,
        theirs={"output_serializer": PydanticSerializer},
        returns=Order,
        result=itself,
    ),
    "a dataclass as the result": Case(
        {"key": "order.id", "fingerprint": ()},
        DICTS,
        {"event_key_jmespath": "id"},
        {"output_serializer": DataclassSerializer},
        returns=Item,
        result=item,
    ),
    "a result of one's own": Case(
        {"key": "order", "fingerprint": (), "codec": PlainCodec()},
        PAYMENTS,
        theirs={"output_serializer": CustomDictSerializer(to_dict, from_dict)},
        returns=Payment,
        result=itself,
    ),
    "another name": Case(
        {"key": "order", "fingerprint": (), "operation": "orders"}, DICTS, theirs={"key_prefix": "orders"}
    ),
    "errors": Case({"key": "order", "fingerprint": ()}, [{"by": 0}, {"by": 0}, {"by": 2}], result=quotient),
}


@pytest.mark.parametrize("title", CASES)
def test_the_same_is_run_and_returned(title: str) -> None:
    case = CASES[title]

    def decorated(decorate: Callable[[Any], Any]) -> list[str]:
        runs: list[Any] = []

        def place(order: Any) -> Any:
            runs.append(order)
            return case.result(order)

        place.__annotations__["return"] = case.returns
        once = decorate(place)
        seen: list[str] = []
        for order in case.orders:
            try:
                seen.append(f"{once(order=order)!r} after {len(runs)}")
            except Exception as exc:
                name = type(exc).__name__
                seen.append(f"{SAME.get(name, name)} after {len(runs)}")
        return seen

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs, of keys that are missing
        theirs = decorated(
            idempotent_function(
                data_keyword_argument="order",
                persistence_store=InMemory(),
                config=IdempotencyConfig(**case.config),
                **case.theirs,
            )
        )
    everything: dict[str, Any] = {"store": MemoryStore(), **case.ours}
    assert decorated(idempotent(**everything)) == theirs
