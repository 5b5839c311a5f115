"""Results of the one as the other gives them, in both directions; and what is no result."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyInconsistentStateError,
    IdempotencyPersistenceLayerError,
)
from aws_lambda_powertools.utilities.idempotency.serialization.dataclass import DataclassSerializer
from aws_lambda_powertools.utilities.idempotency.serialization.pydantic import PydanticSerializer
from pydantic import BaseModel

from lambdaframe.idempotency import ResultOmittedError
from lambdaframe.idempotency.stores.powertools_json import PowertoolsCodec
from tests.idempotency.powertools.shared import ORDER, Runs, SharedTable, Who, both_ways, decorated, refused


@both_ways
def test_who_comes_second_gets_the_first_one_s_result(table: SharedTable, first: Who, second: Who) -> None:
    runs, more = Runs({"receipt": 1}), Runs("never")
    assert decorated(table, first, runs)(ORDER) == {"receipt": 1}
    for who in (second, first, second):
        assert decorated(table, who, more)(ORDER) == {"receipt": 1}
    decorated(table, second, more)({**ORDER, "id": 8})
    assert (runs.orders, len(more.orders)) == ([ORDER], 1)
    assert len(table.items()) == 2


RESULTS: list[Any] = [
    {"b": [1, 2.5, None, True, "é\n\u2028\U0001f600"], "a": {"nested": [[], {}]}},
    [1, "a"],
    "text",
    "",
    0,
    -0.0,
    1e300,
    2**63 - 1,
    False,
    True,
    [],
    {},
    None,
    {"status": "COMPLETED", "data": None},
]


def test_their_results_come_back_through_us(table: SharedTable) -> None:
    for number, result in enumerate(RESULTS):
        table.theirs(Runs(result))({"id": number})
        replayed = table.ours(Runs("never"))({"id": number})
        assert (replayed, type(replayed)) == (result, type(result))


def test_our_results_come_back_through_them(table: SharedTable) -> None:
    never = Runs("never")
    for number, result in enumerate(RESULTS):
        table.ours(Runs(result))({"id": number})
        # What is false comes back as None, as it does of their own.
        assert table.theirs(never)({"id": number}) == (result or None)
    assert never.orders == []


EXOTIC: list[tuple[Any, Any]] = [
    (float("-inf"), float("-inf")),
    (2**70, 2**70),
    ({"lone": "\ud800"}, {"lone": "\ud800"}),
    ([1, (2, 3)], [1, [2, 3]]),
    ({1: "a"}, {"1": "a"}),
    (Decimal("1.10"), "1.10"),
]


@pytest.mark.parametrize(("result", "replayed"), EXOTIC, ids=repr)
@both_ways
def test_what_only_their_json_holds(table: SharedTable, first: Who, second: Who, result: Any, replayed: Any) -> None:
    codec = PowertoolsCodec()
    decorated(table, first, Runs(result), codec=codec)(ORDER)
    for who in (first, second):
        found = decorated(table, who, Runs("never"), codec=codec)(ORDER)
        assert (found, type(found)) == (replayed, type(replayed))


class Receipt(BaseModel):
    number: int
    total: Decimal


@dataclass
class Parcel:
    number: int
    weight: float


TYPED = [(PydanticSerializer, Receipt(number=1, total=Decimal("9.95"))), (DataclassSerializer, Parcel(1, 2.5))]


@pytest.mark.parametrize(("serializer", "result"), TYPED, ids=["model", "dataclass"])
def test_typed_results(table: SharedTable, serializer: Any, result: Any) -> None:
    theirs = table.theirs(Runs(result), serializer=serializer(type(result)))
    ours = table.ours(Runs(result), returns=type(result))
    theirs({"id": 1})
    ours({"id": 2})
    for order in ({"id": 1}, {"id": 2}):
        assert theirs(order) == ours(order) == result
        assert type(theirs(order)) is type(ours(order)) is type(result)


@pytest.mark.parametrize("data", [None, {"NULL": True}, {"S": ""}, {"S": "null"}], ids=repr)
def test_a_record_without_data_is_none(table: SharedTable, data: Any) -> None:
    table.theirs(Runs("theirs"))(ORDER)
    item = table.item()
    item.pop("data")
    table.client.put_item(TableName=table.name, Item=item if data is None else {**item, "data": data})
    never = Runs("never")
    assert [table.ours(never)(ORDER), table.theirs(never)(ORDER)] == [None, None]
    assert never.orders == []


def test_their_local_cache_takes_our_results(table: SharedTable) -> None:
    table.ours(Runs("ours"))(ORDER)
    theirs = table.theirs(Runs("never"), use_local_cache=True)
    assert [theirs(ORDER), theirs(ORDER)] == ["ours", "ours"]


# What is no result


class BookedOutError(Exception):
    """A final one."""


def assert_left_alone(table: SharedTable, status: str) -> None:
    """They neither run it nor answer, until it has expired."""
    never, again = Runs("never"), Runs("again")
    for _ in range(2):
        with pytest.raises(IdempotencyPersistenceLayerError, match=status):
            table.theirs(never, use_local_cache=True)(ORDER)
    assert never.orders == []
    table.clock.advance(3_601_000)
    assert table.theirs(again)(ORDER) == "again"
    assert table.ours(never)(ORDER) == "again"


def test_a_final_error_is_no_result_to_them(table: SharedTable) -> None:
    ours = table.ours(Runs(BookedOutError("no room")), final_errors=(BookedOutError,))
    for _ in range(2):
        with pytest.raises(BookedOutError, match="no room"):
            ours(ORDER)
    assert_left_alone(table, "FINAL_ERROR")


@pytest.mark.parametrize("result", [object(), "a" * 350_000], ids=["no JSON", "too long"])
def test_a_result_that_is_not_kept_is_none_to_them(table: SharedTable, result: Any) -> None:
    ours = table.ours(Runs(result))
    ours(ORDER)
    with pytest.raises(ResultOmittedError):
        ours(ORDER)
    assert_left_alone(table, "RESULT_OMITTED")


def test_bytes_of_a_codec_are_no_result_to_them(table: SharedTable) -> None:
    class Raw:
        def encode(self, value: bytes) -> bytes:
            return value

        def decode(self, data: bytes) -> bytes:
            return data

    ours = table.ours(Runs(b"\x00\xff"), codec=Raw())
    assert [ours(ORDER), ours(ORDER)] == [b"\x00\xff"] * 2
    assert_left_alone(table, "RESULT_NOT_JSON")


def test_a_status_of_neither_is_left_alone_by_both(table: SharedTable) -> None:
    table.theirs(Runs("theirs"))(ORDER)
    table.client.put_item(TableName=table.name, Item={**table.item(), "status": {"S": "EXPIRED"}})
    before, never = table.item(), Runs("never")
    with pytest.raises(IdempotencyInconsistentStateError):
        table.theirs(never)(ORDER)
    with refused("ours") as caught:
        table.ours(never)(ORDER)
    assert 3_600 <= caught.value.retry_after <= 3_602
    assert (never.orders, table.item()) == ([], before)
    table.clock.advance(3_601_000)
    assert table.ours(Runs("again"))(ORDER) == "again"
