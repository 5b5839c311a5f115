"""Changes of a DynamoDB table as Python values and as a consumer's types."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

import pydantic
import pytest

from lambdaframe import App, Change, Record
from lambdaframe_adapters import LambdaHandler, dynamodb
from lambdaframe_adapters.testing import dynamodb_event
from tests.adapters.captured import captured

Make = Callable[..., LambdaHandler]


class Item(pydantic.BaseModel):
    Id: int
    price: Decimal = Decimal(0)
    weight: float = 0.0
    photo: bytes = b""
    tags: set[str] = set()
    sizes: set[Decimal] = set()
    blobs: set[bytes] = set()


@dataclass
class Cat:
    kind: Literal["cat"]
    Id: int


@dataclass
class Dog:
    kind: Literal["dog"]
    Id: int


def changes(make: Make, event: dict[str, Any], kind: Any) -> list[Any]:
    """What a consumer of this type gets."""
    app = App()
    seen: list[Any] = []

    async def audit(change: Any) -> None:
        seen.append(change)

    audit.__annotations__["change"] = kind
    app.dynamodb(concurrency=1)(audit)
    assert make(app)(event) == {"batchItemFailures": []}
    return seen


def image(value: dict[str, Any]) -> Any:
    """A typed attribute value as Python has it."""
    event = captured("dynamodb/all_types")
    event["Records"][0]["dynamodb"]["NewImage"] = {"value": value}
    return next(dynamodb.records(event)).body["new"]["value"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("-0", 0),
        ("12345678901234567890123456789012345678", 12345678901234567890123456789012345678),
        ("1.2345678901234567890123456789012345678", Decimal("1.2345678901234567890123456789012345678")),
        ("1E-130", Decimal("1E-130")),
        ("9.9999999999999999999999999999999999999E+125", Decimal("9.9999999999999999999999999999999999999E+125")),
        ("19.90", Decimal("19.90")),
    ],
)
def test_no_digit_of_a_number_is_lost(text: str, number: int | Decimal) -> None:
    found = image({"N": text})
    assert (found, type(found)) == (number, type(number))
    assert image({"NS": [text]}) == {number}


def test_binary_values_and_sets() -> None:
    assert image({"B": "AAH/"}) == b"\x00\x01\xff"
    assert image({"BS": ["AA==", "/w=="]}) == {b"\x00", b"\xff"}
    assert image({"SS": ["a", "b"]}) == {"a", "b"}
    assert image({"NS": ["1", "2.5"]}) == {1, Decimal("2.5")}


def test_both_images_are_validated(make: Make) -> None:
    old = {"Id": 1, "price": Decimal("19.90"), "weight": Decimal("0.5"), "photo": b"\xff", "tags": {"a"}}
    new = {**old, "sizes": {1, Decimal("2.5")}, "blobs": {b"\x00"}}
    (change,) = changes(make, dynamodb_event([(old, new)], keys=["Id"]), Change[Item])
    assert change.old == Item(Id=1, price=Decimal("19.90"), weight=0.5, photo=b"\xff", tags={"a"})
    assert change.new == Item(**change.old.model_dump() | {"sizes": {1, Decimal("2.5")}, "blobs": {b"\x00"}})


def test_images_of_several_kinds_are_told_apart(make: Make) -> None:
    kind = Change[Annotated[Cat | Dog, pydantic.Field(discriminator="kind")]]
    event = dynamodb_event([({"Id": 1, "kind": "cat"}, {"Id": 1, "kind": "dog"})], keys=["Id"])
    (change,) = changes(make, event, kind)
    assert (change.old, change.new) == (Cat("cat", 1), Dog("dog", 1))


@pytest.mark.parametrize(
    ("view_type", "has"),
    [
        ("KEYS_ONLY", (False, False)),
        ("NEW_IMAGE", (False, True)),
        ("OLD_IMAGE", (True, False)),
        ("NEW_AND_OLD_IMAGES", (True, True)),
    ],
)
def test_an_image_that_the_stream_leaves_out_is_none(make: Make, view_type: str, has: tuple[bool, bool]) -> None:
    event = dynamodb_event([({"Id": 1}, {"Id": 1, "price": 2})], keys=["Id"])
    about = event["Records"][0]["dynamodb"]
    about["StreamViewType"] = view_type
    for name, there in zip(("OldImage", "NewImage"), has, strict=True):
        if not there:
            del about[name]
    (change,) = changes(make, event, Change[Item])
    assert (change.old is not None, change.new is not None) == has
    assert (change.operation, change.keys) == ("MODIFY", {"Id": 1})
    assert next(dynamodb.records(event)).attributes["view_type"] == view_type


def test_an_item_whose_time_was_up_is_told_from_one_that_was_deleted(make: Make) -> None:
    app = App()
    seen: list[tuple[Any, bool]] = []

    @app.dynamodb("orders")
    async def audit(change: Change[Item], record: Record) -> None:
        seen.append((change.keys["Id"], record.attributes["expired"]))

    assert make(app)(captured("dynamodb/expired")) == {"batchItemFailures": []}
    assert sorted(seen) == [(101, True), (102, False)]


@pytest.mark.parametrize("identity", [None, 5, {}, {"type": "Service"}, {"principalId": "dynamodb.amazonaws.com"}])
def test_others_that_remove_items_are_not_time(identity: Any) -> None:
    event = captured("dynamodb/expired")
    event["Records"][0]["userIdentity"] = identity
    assert next(dynamodb.records(event)).attributes["expired"] is False
